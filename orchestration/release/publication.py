"""Publication: check the draft, list and sign what is in it, and swap one symlink. Also the way back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from ingestion.digest import sha256
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths
from orchestration.release import ledger, manifest, refusal, signing, totals, verify
from orchestration.release.preparation import TESTS
from orchestration.release.retention import retain
from orchestration.release.store import (
    DATABASE,
    FACTS,
    MANIFEST,
    current_release,
    earlier,
    kept,
    read_facts,
    require_closed,
    require_sealed,
    seal,
    seal_of,
    sync,
    warehouse_of,
)


def check(paths: Paths, reports: Sequence[str]) -> None:
    """Refuses a draft that is not whole: a missing or empty report, an open or unreadable database."""
    for name in [*reports, DATABASE, FACTS, TESTS]:
        file = paths.draft / name
        if not file.is_file() or file.stat().st_size == 0:
            raise KerncijfersError(f"The release is not whole: {name} is missing or empty. Nothing is published.")
    for database in (paths.warehouse, paths.draft / DATABASE):
        require_closed(database)
        # Blocks are verified when they are read, so every table is read whole.
        with duckdb.connect(str(database), read_only=True) as connection:
            totals.read_all(connection)


def publish(paths: Paths, reports: Sequence[str]) -> Path:
    """Publishes the draft and returns its folder. The rename of `current` is the one moment of publication.

    Looks at the gate again, because a step may be started by hand after another one has failed.
    """
    refusal.require_passed(paths)
    check(paths, reports)
    facts = read_facts(paths.draft)
    identifier = facts["release"]
    digest = seal(paths.warehouse)
    fingerprint = _sign(paths, facts, reports, digest)
    for entry in sorted(paths.draft.rglob("*"), reverse=True):
        if entry.is_file():
            entry.chmod(0o444)
        sync(entry)
    sync(paths.draft)
    warehouse = warehouse_of(paths, identifier)
    sync(paths.warehouse)
    seal_of(paths.warehouse).rename(seal_of(warehouse))
    paths.warehouse.rename(warehouse)
    sync(paths.warehouses)
    folder = paths.releases / identifier
    paths.draft.rename(folder)
    sync(paths.releases)
    _point(paths, folder)
    ledger.append(paths, "published", identifier, manifest=sha256(folder / MANIFEST), key=fingerprint)
    refusal.forget(paths)
    retain(paths)
    return folder


def rollback(paths: Paths, number: str | None = None) -> Path:
    """Points `current` at an earlier release, by default the one published before it, and returns its folder.

    To be called with the lock held. The next refresh starts from that release's warehouse, so it must still be there
    and whole. Raises KerncijfersError otherwise, or when the release's files are not the ones that were signed.
    """
    published = current_release(paths)
    if published is None:
        raise KerncijfersError(f"{paths.data} has no release yet, so there is nothing to go back to.")
    folder = earlier(paths, number) if number else _before(paths, published)
    if folder == published:
        raise KerncijfersError(f"Release {folder.name} is the current one already.")
    warehouse = warehouse_of(paths, folder.name)
    if not warehouse.is_file():
        raise KerncijfersError(
            f"The raw data of release {folder.name} are no longer kept, so the next refresh could not start from it. "
            f"Its reports are still in {folder}; `kerncijfers report --release {folder.name}` shows where."
        )
    require_sealed(warehouse, warehouse)
    if wrong := problems(paths, folder):
        raise KerncijfersError(f"Release {folder.name} is not as it was published:\n" + "\n".join(wrong))
    _point(paths, folder)
    ledger.append(paths, "rolled_back", folder.name, instead_of=published.name)
    return folder


def problems(paths: Paths, folder: Path) -> list[str]:
    """What is wrong with a kept release: files that were changed, added or lost, another key, another manifest."""
    try:
        verify.signer(folder)
        wrong, _, absent = verify.findings(folder)
    except (ValueError, KeyError, OSError) as error:
        return [f"{error}."]
    wrong += [f"{name} is not there any more" for name in absent]
    recorded = ledger.published(paths)
    if folder.name not in recorded:
        wrong.append("the ledger does not say that it was ever published")
    elif recorded[folder.name] != sha256(folder / MANIFEST):
        wrong.append("its manifest is not the one the ledger recorded when it was published")
    return wrong


def _sign(paths: Paths, facts: dict[str, Any], reports: Sequence[str], warehouse: str) -> str:
    """Lists and signs what is in the draft; puts in what a receiver needs to check it."""
    manifest.write_contents(paths, facts, manifest.inputs(paths), list(reports))
    (paths.draft / "verify.py").write_bytes(Path(verify.__file__).read_bytes())
    (paths.draft / verify.PUBLIC_KEY).write_bytes(signing.public_key())
    manifest.write_manifest(paths, facts, warehouse)
    return signing.sign(paths.draft)


def _point(paths: Paths, folder: Path) -> None:
    pointer = paths.current.with_name(".current.tmp")
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(folder.relative_to(paths.data))
    pointer.rename(paths.current)
    sync(paths.data)


def _before(paths: Paths, published: Path) -> Path:
    older = [folder for folder in kept(paths) if folder.name < published.name]
    if not older:
        raise KerncijfersError(f"There is no release before {published.name} to go back to.")
    return older[-1]
