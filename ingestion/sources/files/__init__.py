"""Declared files: CSV, Excel, Parquet and plain text drops in the inbox, by configuration only.

Data flow: inbox -> `helpers.read` (DuckDB: one typed Parquet per file) -> `privacy` (pseudonyms) -> `pipeline.load` ->
raw_files.<entity>.
A file is a partition: delivered again it replaces itself; unchanged it is not read again; gone from the inbox, its rows
stay. Rows of a declaration that no longer exists are removed.
"""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import pipeline, privacy
from ingestion.digest import sha256
from ingestion.errors import SourceError
from ingestion.pipeline import Delivery, FileDelivery, Table
from ingestion.sources.files import helpers, terms
from ingestion.sources.files.entities import DELIVERIES, ENTITIES, IDENTIFIERS, KEY_MARK, PARTITION, schema
from ingestion.sources.files.settings import FileSpec, Snapshot
from ingestion.sources.files.terms import Terms

__all__ = ["FileSpec", "Snapshot", "Terms", "deliver", "match"]

SOURCE = "files"
_Found = tuple[FileSpec, Path, str, str, str]
# Auditfiles, configuration, and what the owner writes for the reports.
_NOT_OURS = {".xaf", ".xac", ".toml", ".gz", ".zip", ".xml", ".md"}


def match(specs: Sequence[FileSpec], inbox: Path) -> tuple[list[tuple[FileSpec, Path, str]], list[str]]:
    """Files per declaration, in the order of their names, and the files no declaration is about.

    Raises `SourceError` for a required declaration without a file.
    """
    names = {
        path.relative_to(inbox).as_posix(): path
        for path in sorted(inbox.rglob("*"))
        if path.is_file() and not any(part.startswith((".", "~$")) for part in path.relative_to(inbox).parts)
    }
    matched: list[tuple[FileSpec, Path, str]] = []
    claimed: set[str] = set()
    for spec in specs:
        if spec.database:
            continue
        mine = [name for name in names if fnmatch.fnmatchcase(name.casefold(), spec.pattern.casefold())]
        if spec.required and not mine:
            raise SourceError(
                f"no file in {inbox} matches {spec.pattern!r}, which [[files]] {spec.name} requires.",
                advice="Put the export in the inbox, or set required = false.",
            )
        matched.extend((spec, names[name], name) for name in mine)
        claimed.update(mine)
    unclaimed = [name for name in names if name not in claimed and Path(name).suffix.lower() not in _NOT_OURS]
    return matched, unclaimed


def deliver(
    specs: Sequence[FileSpec],
    inbox: Path,
    warehouse: Path,
    work: Path,
    *,
    time_zone: str,
    snapshots: Sequence[tuple[FileSpec, Snapshot]] = (),
    people: Terms | None = None,
) -> Delivery:
    """Load every new or changed declared file into raw_files, and the tables of databases that were read for it.

    Naive times are in `time_zone`. When one reaches back beyond the terms of `people`, unchanged files with people who
    were forgotten are read again, so that nobody becomes two. Raises `SourceError` for the first file that is not as
    declared; nothing of any file is kept then.
    """
    folder = work / "files"
    folder.mkdir(parents=True, exist_ok=True)
    before = _delivered(warehouse)
    order = max((row[4] for row in before.values()), default=0)
    parquet: dict[str, list[Path]] = {entity: [] for entity in ENTITIES}
    gone: dict[str, list[tuple[str, str]]] = {entity: [] for entity in ENTITIES}
    records: list[tuple] = []
    files: list[FileDelivery] = []
    warnings: list[str] = []

    guard = privacy.Guard.of(warehouse, SOURCE)
    matched, unclaimed = match(specs, inbox)
    for spec, snapshot in snapshots:
        had = before.get((spec.name, snapshot.name), (0,) * 4)[3]
        if not snapshot.rows and had:
            raise SourceError(
                f"this table has no rows, and had {had:,} before.",
                file=snapshot.name,
                advice=f"If it is right that all are gone, take [[files]] {spec.name} out of company.toml.",
            )
        matched.append((spec, snapshot.parquet, snapshot.name))
    new: list[_Found] = []
    same: list[_Found] = []
    matched.sort(key=lambda found: privacy.refers(schema(found[0].entity)))
    for spec, path, name in matched:
        sha, declared = sha256(path), spec.fingerprint(time_zone)
        known = before.get((spec.name, name))
        is_same = known is not None and known[1:3] == (sha, declared)
        (same if is_same else new).append((spec, path, name, sha, declared))
    forgotten = terms.with_forgotten(warehouse) if people is not None and new else set()
    again: set[tuple[str, str]] = set()
    for spec, path, name, sha, declared in chain(new, (one for one in same if (one[0].name, one[2]) in again)):
        known = before.get((spec.name, name))
        result = helpers.read(path, name, spec, folder, time_zone=time_zone)
        order += 1
        protected, guard = guard.protect(result.parquet, _marks(spec))
        parquet[spec.entity].append(protected.parquet)
        gone[spec.entity].append((spec.name, name))
        if known and known[0] != spec.entity:
            gone[known[0]].append((spec.name, name))
        records.append(
            (
                spec.name,
                name,
                spec.entity,
                sha,
                declared,
                protected.rows,
                result.control_total_column,
                result.control_total,
                order,
                "\n".join(result.warnings),
            )
        )
        files.append(FileDelivery(name, protected.rows, "loaded"))
        warnings.extend(result.warnings)
        if people is not None and forgotten - again and people.reaches_back(spec.entity, protected.parquet):
            again = forgotten
            warnings.extend(
                f"{lost}: people in it were forgotten, and it is not in the inbox any more. Whoever of them is in "
                f"{name} counts as somebody else there; put the file back to have them be one."
                for _, lost in sorted(forgotten - {(spec.name, name) for spec, _, name in matched})
            )
    for spec, _, name, _, _ in same:
        if (spec.name, name) not in again:
            known = before[spec.name, name]
            files.append(FileDelivery(name, known[3], "unchanged"))
            warnings.extend((known[5] or "").splitlines())
    place = {name: at for at, (_, _, name) in enumerate(matched)}
    files.sort(key=lambda file: place[file.file])

    declared_names = {spec.name for spec in specs}
    for (source_name, name), known in before.items():
        if source_name not in declared_names:
            gone[known[0]].append((source_name, name))
            warnings.append(f"{name}: its rows were removed, because [[files]] {source_name} is no longer declared.")
    files.extend(FileDelivery(name, 0, "ignored", "no [[files]] declaration is about it") for name in unclaimed)
    warnings.extend(f"{name}: not loaded, no [[files]] declaration is about it." for name in unclaimed)

    replaced = [partition for partitions in gone.values() for partition in partitions]
    guard.keep(warehouse)
    tables = [
        Table(entity, schema(entity), PARTITION, parquet[entity], replaces=gone[entity], is_protected=True)
        for entity in ENTITIES
    ]
    tables.append(Table("deliveries", DELIVERIES, PARTITION, _write(records, folder), replaces=replaced))
    counts = pipeline.load(SOURCE, tables, warehouse=warehouse, work=work)
    shutil.rmtree(folder, ignore_errors=True)
    return Delivery(SOURCE, counts, tuple(files), tuple(warnings))


def _marks(spec: FileSpec) -> dict[str, privacy.Mark]:
    """What in a file is about people: the entity's identifiers, and the key of a row when one of them is in it."""
    found = privacy.marks(schema(spec.entity))
    return found | ({"_key": KEY_MARK} if set(spec.key) & set(IDENTIFIERS) else {})


def _delivered(warehouse: Path) -> dict[tuple[str, str], tuple[str, str, str, int, int, str | None]]:
    """(source_name, file_name) -> (entity, sha256, declaration_hash, rows, loaded_order, warnings) of before."""
    pipeline.make(SOURCE, {"deliveries": DELIVERIES}, warehouse)
    with pipeline.connect(warehouse) as connection:
        rows = connection.execute(
            "select source_name, file_name, entity, sha256, declaration_hash, rows, loaded_order, warnings "
            "from raw_files.deliveries"
        ).fetchall()
    return {(row[0], row[1]): row[2:] for row in rows}


def _write(records: list[tuple], folder: Path) -> list[Path]:
    if not records:
        return []
    path = folder / "deliveries.parquet"
    columns = [
        pa.array(values, field.type) for values, field in zip(zip(*records, strict=True), DELIVERIES, strict=True)
    ]
    pq.write_table(pa.Table.from_arrays(columns, schema=DELIVERIES), path)
    return [path]
