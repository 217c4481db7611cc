"""Who else on this machine can read the rows of a company, and whether the volume they are on is encrypted."""

from __future__ import annotations

import os
import shutil
import subprocess
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


def is_encrypted(
    folder: Path, devices: Path = Path("/sys/dev/block"), startup: Path = Path("/System/Volumes/Data")
) -> bool | None:
    """Whether this machine encrypts the volume of a folder: Linux by dm-crypt (LUKS), macOS by FileVault.

    None where that can't be known.
    """
    number = folder.stat().st_dev
    device = devices / f"{os.major(number)}:{os.minor(number)}"
    if device.exists():
        return _is_encrypted(device)
    # FileVault is of the startup volume only: it says nothing about another disk.
    return _by_filevault() if startup.exists() and startup.stat().st_dev == number else None


def _by_filevault() -> bool | None:
    program = shutil.which("fdesetup")
    if program is None:
        return None
    said = subprocess.run([program, "status"], capture_output=True, text=True, check=False).stdout.strip()
    # While it is being encrypted or decrypted it says so on a second line, and is neither.
    return {"FileVault is On.": True, "FileVault is Off.": False}.get(said)


def _is_encrypted(device: Path) -> bool:
    name = device / "dm" / "uuid"
    if name.is_file() and name.read_text(encoding="ascii").startswith("CRYPT-"):
        return True
    below = list((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    return bool(below) and all(_is_encrypted(one) for one in below)
