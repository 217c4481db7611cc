"""Who else on this machine can read the rows of a company, and whether the volume they are on is encrypted."""

from __future__ import annotations

import os
from pathlib import Path

from orchestration.paths import Paths


def close(paths: Paths) -> None:
    """Keeps the folders with rows to their owner. Releases hold totals: they stay as open as the data folder is."""
    for folder in private_folders(paths):
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)


def private_folders(paths: Paths) -> list[Path]:
    """The folders that are there and hold rows, or what was said of them."""
    folders = (paths.warehouses, paths.work, paths.sources, paths.logs)
    return [folder for folder in folders if folder.is_dir()]


def open_to_others(paths: Paths) -> list[Path]:
    """The private folders that somebody else on this machine can enter."""
    if not paths.data.is_dir() or not paths.data.stat().st_mode & 0o077:
        return []
    return [folder for folder in private_folders(paths) if folder.stat().st_mode & 0o077]


def is_encrypted(folder: Path, devices: Path = Path("/sys/dev/block")) -> bool | None:
    """Whether the volume of a folder is encrypted by this machine (dm-crypt, LUKS); None where that can't be known."""
    number = folder.stat().st_dev
    device = devices / f"{os.major(number)}:{os.minor(number)}"
    return _is_encrypted(device) if device.exists() else None


def _is_encrypted(device: Path) -> bool:
    name = device / "dm" / "uuid"
    if name.is_file() and name.read_text(encoding="ascii").startswith("CRYPT-"):
        return True
    below = list((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    return bool(below) and all(_is_encrypted(one) for one in below)
