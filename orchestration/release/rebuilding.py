"""Makes a release again from its recorded inputs, elsewhere: the same rows and code must give the same bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from ingestion import quoting
from ingestion.digest import sha256
from orchestration import dbt, gate, rendering
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths
from orchestration.release import manifest, preparation, restatements
from orchestration.release.store import (
    FACTS,
    MANIFEST,
    dumped,
    earlier,
    page_name,
    pages,
    read_facts,
    warehouse_of,
)

_NOTES = "notes.json"
# What the rows and the code decide; number, moment and deliveries are taken from the record.
_DECIDED = ("company_id", "company_name", "as_of", "tests", "metric_tests")


def rebuild(paths: Paths, number: str, folder: Path, *, threads: int | None = None) -> list[str]:
    """Makes a kept release again in `folder` and returns which of its files came out otherwise; none when all is well.

    `threads` is for dbt and DuckDB alike; by default what a refresh uses. Raises KerncijfersError, with what differs,
    when the raw rows, the code or company.toml are not the recorded ones any more.
    """
    issued = earlier(paths, number)
    recorded = _recorded(paths, issued)
    again = Paths(folder, paths.inbox, paths.company)
    again.work.mkdir(parents=True)
    _copy_raw(warehouse_of(paths, issued.name), again.warehouse)
    _build(again, threads)
    verdict = gate.examine(again.target, again.warehouse).require()
    made = preparation.fill(again, verdict)
    restatements.again(paths, issued, again)
    facts = read_facts(issued)
    facts |= {name: made[name] for name in _DECIDED}
    (again.draft / FACTS).write_text(dumped(facts), encoding="utf-8")
    if (issued / _NOTES).is_file():
        shutil.copyfile(issued / _NOTES, again.draft / _NOTES)
    reports = [(edition, language, page_name(edition, language)) for edition, language in pages(issued)]
    try:
        for edition, language, page in reports:
            rendering.report(again, edition, language, page, editions=paths.editions)
        rendering.pages(again, reports, editions=paths.editions)
    finally:
        rendering.stop(again)
    manifest.write_contents(again, facts, manifest.inputs(again), [page for *_, page in reports])
    return list(_differences(recorded, json.loads((again.draft / manifest.CONTENTS).read_text(encoding="utf-8"))))


def _recorded(paths: Paths, issued: Path) -> dict[str, Any]:
    """The content of `contents.json`, when everything it names is still at hand."""
    file, warehouse = issued / manifest.CONTENTS, warehouse_of(paths, issued.name)
    if not file.is_file():
        raise KerncijfersError(f"Release {issued.name} was made before its inputs were recorded.")
    if not warehouse.is_file():
        raise KerncijfersError(
            f"The raw rows of release {issued.name} are no longer kept, so it can't be made again. "
            "warehouses in [retention] of company.toml says how many are."
        )
    signed = json.loads((issued / MANIFEST).read_text(encoding="utf-8"))
    if sha256(warehouse) != signed["private_warehouse"]:
        raise KerncijfersError(
            f"{warehouse} is not the file release {issued.name} was published with: it is damaged, or a person was "
            "erased from it since."
        )
    recorded = json.loads(file.read_text(encoding="utf-8"))
    told = manifest.made_by() | {"company.toml": sha256(paths.company) if paths.company else None}
    wanted = recorded["code"] | recorded["versions"] | {"company.toml": recorded["inputs"]["company_toml"]}
    other = [f"  {name}: {wanted.get(name)} then, {now} now" for name, now in told.items() if wanted.get(name) != now]
    if other:
        commit = recorded["code"]["commit"]
        raise KerncijfersError(
            f"Release {issued.name} was made by other code ({commit}). Check that out first:\n" + "\n".join(other)
        )
    return recorded


def _copy_raw(origin: Path, warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"attach {quoting.text(origin)} as origin (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'origin' and starts_with(schema_name, 'raw_') order by all"
        ).fetchall()
        for schema, table in tables:
            connection.execute(f'create schema if not exists "{schema}"')
            connection.execute(f'create table "{schema}"."{table}" as from origin."{schema}"."{table}"')


def _build(paths: Paths, threads: int | None) -> None:
    process = dbt.build(paths, threads=threads)
    assert process.stdout is not None
    output = process.stdout.read().decode(errors="replace")  # and not `communicate`: dbt ends when its input is closed
    told = dbt.stopped(process, dbt.errors_in(output))
    if not (paths.target / "run_results.json").is_file():
        raise KerncijfersError(told)


def _differences(recorded: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    before, after = recorded["files"], made["files"]
    yield from (name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name))
    yield from (f"{manifest.CONTENTS}: {name}" for name in recorded if name != "files" and recorded[name] != made[name])
