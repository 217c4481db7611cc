"""What is published and where it lies: nothing here changes a release."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion.digest import sha256
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths

DATABASE = "kerncijfers.duckdb"
FACTS = "release.json"
MANIFEST = "manifest.json"
TRASH = ".trash-"


def current_release(paths: Paths) -> Path | None:
    """The folder of the published release, with the symlink resolved; None before the first one.

    Resolved because DuckDB keeps databases by path: a process that opens `current/...` by name would go on
    reading the old file after a swap.
    """
    folder = paths.current.resolve()
    return folder if paths.current.is_symlink() and (folder / FACTS).is_file() else None


def kept(paths: Paths) -> list[Path]:
    """The folders of all releases that are kept, oldest first."""
    return sorted(file.parent for file in paths.releases.glob(f"[0-9]*/{FACTS}"))


def earlier(paths: Paths, number: str) -> Path:
    """The folder of a release by its number, `12` or `000012`; an error that names the kept ones when there is none."""
    found = {folder.name: folder for folder in kept(paths)}
    name = number.zfill(6)
    if name not in found:
        raise KerncijfersError(
            f"There is no release {number} in {paths.releases}. It has: {', '.join(found) or 'none'}."
        )
    return found[name]


def page_name(edition: str, language: str) -> str:
    """The file of one edition in one language inside a release."""
    return f"{edition}.{language}.html"


def pages(folder: Path) -> list[tuple[str, str]]:
    """(edition, language) of each report of a release, in the company's order; of an early release, by name."""
    there = sorted(file.name for file in folder.glob("*.*.html"))
    edition_and_language = [name.split(".")[:2] for name in read_facts(folder).get("reports", there)]
    return [(edition, language) for edition, language in edition_and_language]


def read_facts(folder: Path) -> dict[str, Any]:
    """The content of a release's `release.json`."""
    return json.loads((folder / FACTS).read_text(encoding="utf-8"))


def private_warehouse(paths: Paths) -> Path | None:
    """The full warehouse (raw tables and every model) of the current release; None when there is none."""
    published = current_release(paths)
    file = warehouse_of(paths, published.name) if published else None
    return file if file and file.is_file() else None


def warehouse_of(paths: Paths, number: str) -> Path:
    """Where the private warehouse of a release lies while it is kept."""
    return paths.warehouses / f"{number}.duckdb"


def seal(warehouse: Path) -> str:
    """Records the SHA-256 of a private warehouse beside it, so that damage is seen before the next refresh uses it.

    To be called again by whatever rewrites the file. Returns the hash.
    """
    digest = sha256(warehouse)
    write(seal_of(warehouse), f"{digest}\n")
    return digest


def seal_of(warehouse: Path) -> Path:
    """The file with the hash of a private warehouse."""
    return warehouse.with_suffix(".sha256")


def require_sealed(warehouse: Path, copy: Path) -> None:
    """Refuses a copy of a private warehouse whose bytes are not the ones that were published.

    A warehouse without a seal was made by an earlier Kerncijfers and is taken as it is.
    """
    record = seal_of(warehouse)
    if record.is_file() and sha256(copy) != record.read_text(encoding="utf-8").strip():
        raise KerncijfersError(
            f"{warehouse} is damaged: its bytes are not the ones release {warehouse.stem} was published with, so no "
            "refresh starts from it. The release itself is not touched by this. Put the file back from a backup, go "
            "back with `kerncijfers releases rollback`, or load the whole inbox again with "
            "`kerncijfers refresh --afresh`."
        )


def now() -> str:
    """The moment, with its time zone."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def write(file: Path, text: str) -> None:
    """Writes a small file whole: whoever reads it sees the old text or the new one, also after a power cut."""
    draft = file.with_name(f".{file.name}.tmp")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    draft.replace(file)
    sync(file.parent)


def dumped(content: Any) -> str:
    """JSON as every file of a release has it."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def sync(path: Path) -> None:
    """Returns when a file or folder is on the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def discard(entry: Path) -> None:
    """Removes a file or folder. Renames it first: a kill while deleting leaves what the next start recognises."""
    trash = entry.with_name(f"{TRASH}{entry.name}")
    entry.rename(trash)
    remove(trash)


def remove(entry: Path) -> None:
    """Removes a file or folder that may be gone already."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def require_closed(database: Path) -> None:
    """Refuses a database with a write-ahead log: it is not whole, and a cut log is accepted silently, rows missing."""
    if database.with_name(f"{database.name}.wal").exists():
        raise KerncijfersError(f"{database.name} was not closed properly (it has a .wal). Nothing is published.")
