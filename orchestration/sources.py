"""The connected systems of one company: its secrets and landing zones, and what commands and a refresh do with them."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingestion import quoting
from ingestion.connect import connector as connect
from ingestion.connect import forgetting
from ingestion.connect.connector import Connector, Reader, Settings, Step
from ingestion.connect.fields import arrow
from ingestion.connect.landing import Landing
from ingestion.pipeline import Delivery
from ingestion.sources import databases, registry
from ingestion.sources.databases import DatabaseSpec
from ingestion.sources.files import FileSpec, Snapshot, terms
from ingestion.sources.webhooks import spool as webhooks
from orchestration import company, erasure, release
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths

_SECRETS = "secrets.env"
# What senders bring to the company's own machine: no processor keeps it.
OWN = "webhooks"


def environment(paths: Paths) -> dict[str, str]:
    """The environment, and below it what `source add` keeps in `<data>/secrets.env`."""
    return {**_kept(paths), **os.environ}


def keep_secrets(paths: Paths, secrets: Mapping[str, str]) -> Path:
    """Adds secrets to `<data>/secrets.env`, which only its owner may read and git never sees."""
    paths.data.mkdir(parents=True, exist_ok=True)
    file = paths.data / _SECRETS
    content = _kept(paths) | dict(secrets)
    part = file.with_suffix(".part")
    part.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
    part.write_text("".join(f"{name}={value}\n" for name, value in sorted(content.items())), encoding="utf-8")
    part.rename(file)
    return file


def _kept(paths: Paths) -> dict[str, str]:
    file = paths.data / _SECRETS
    if not file.is_file():
        return {}
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KerncijfersError(f"{file} can be read by others. Run `chmod 600 {file}`, and make the keys in it anew.")
    lines = (line.partition("=") for line in file.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in lines}


def landing(paths: Paths, connector: Connector) -> Landing:
    """Where a source's batches are."""
    return Landing(paths.sources / connector.name)


def reader(paths: Paths, connector: Connector, settings: Settings) -> Reader:
    """An open connection; `SourceError` when a secret is missing."""
    return connector.reader(settings, paths.sources / connector.name, environment(paths))


def fetch(
    paths: Paths, connector: Connector, settings: Settings, on_step: Callable[[Step], None] = lambda _: None
) -> dict[str, int]:
    """Reads what is new to the landing zone.

    Refuses a processor without an agreement where `[privacy]` asks for one.
    """
    _require_agreement(paths, connector)
    zone = landing(paths, connector)
    if connector.name == OWN:
        with zone.locked():
            webhooks.of(zone.folder).settle(zone.generation)
    erasure.reapply_to(paths, zone, connector.tables)
    return connect.fetch(connector, settings, reader(paths, connector, settings), zone, on_step)


def forget(paths: Paths, connector: Connector) -> int:
    """Forgets whoever in a system's landing zone is past the term of `[retention.people]`; how many pseudonyms went.

    Whoever objected stays known, or the objection could not be kept.
    """
    term = company.read(paths).retention.term(connector, datetime.now(UTC), company.resolve(paths).time_zone)
    if term is None:
        return 0
    zone = landing(paths, connector)
    with zone.locked():
        if connector.name != OWN:
            return forgetting.forget(zone, connector.tables, term, _objected(paths))
        spool = webhooks.of(zone.folder)
        count = forgetting.forget(zone, connector.tables, term, _objected(paths), spool.prepare)
        spool.settle(zone.generation)
    return count


def _objected(paths: Paths) -> Iterator[str]:
    """The pseudonyms of who objected, by file or by webhook; asked only when somebody is judged."""
    system = registry.connector(OWN)
    by_webhook = forgetting.named(landing(paths, system), {"objections": system.tables["objections"]})
    with duckdb.connect() as connection:
        found = connection.execute(by_webhook).fetchall()
        if paths.warehouse.exists():
            connection.execute(f"attach {quoting.text(paths.warehouse)} as warehouse (read_only)")
            connection.execute("use warehouse")
            if "objections" in terms.tables(connection):
                by_file = "select customer_id from raw_files.objections where customer_id is not null"
                found += connection.execute(by_file).fetchall()
    yield from {person for (person,) in found}


def without_agreement(names: Iterable[str], rules: company.PrivacySection) -> list[str]:
    """The connected systems of which nobody said that there is a data processing agreement (art. 28 AVG)."""
    return [name for name in names if name != OWN and name not in rules.processors]


def _require_agreement(paths: Paths, connector: Connector) -> None:
    rules = company.read(paths).privacy
    if not rules.require_agreements or connector.name not in without_agreement([connector.name], rules):
        return
    place = f"[privacy.processors.{connector.name}]"
    raise KerncijfersError(
        f"{connector.title} keeps data for you, and company.toml does not say that you have a data processing "
        f"agreement with it (art. 28 AVG), so nothing is read from it: [privacy] has require_agreements. "
        f"Write under {place} in company.toml "
        'agreed_on = 2026-01-31 and region = "EEA" (or adequacy, DPF, SCC).'
    )


def deliver(paths: Paths, connector: Connector, settings: Settings | None) -> Delivery:
    """Loads from the landing zone into the warehouse of the refresh."""
    return connect.deliver(connector, settings, landing(paths, connector), paths.warehouse, paths.work)


def snapshots(
    paths: Paths, files: Sequence[FileSpec], found: Mapping[str, DatabaseSpec]
) -> list[tuple[FileSpec, Snapshot]]:
    """The declared tables of databases, as they are now, in the work folder: gone when the refresh is over."""
    known, folder = environment(paths), paths.work / "databases"
    return [
        (spec, databases.snapshot(spec.database, found[spec.database], spec, folder, known))
        for spec in files
        if spec.database
    ]


def answer(paths: Paths, name: str, database: DatabaseSpec) -> str:
    """Which server answers; `SourceError` when none does."""
    return databases.check(name, database, environment(paths))


def tables(paths: Paths, name: str, database: DatabaseSpec, files: Sequence[FileSpec]) -> Iterator[tuple[str, int]]:
    """Each declared table of a database, and the rows that would be loaded. Nothing is kept."""
    with tempfile.TemporaryDirectory() as folder:
        for spec in files:
            if spec.database == name:
                found = databases.snapshot(name, database, spec, Path(folder), environment(paths))
                yield found.name, found.rows


@dataclass(frozen=True)
class Sample:
    """The first rows of a table, and how many rows would be loaded (None: the system does not say)."""

    table: str
    rows: pa.Table
    total: int | None


def sample(connector: Connector, opened: Reader, size: int = 3) -> list[Sample]:
    """The first page of every table; nothing is kept."""
    samples = []
    for table, spec in connector.tables.items():
        pages = opened.read(table, None)
        page = next(iter(pages), None)
        rows = arrow(table, spec, page.rows[:size] if page else [])
        total = opened.count(table)
        samples.append(Sample(table, rows, total if total is not None else page.total if page else 0))
    return samples


def free(paths: Paths, name: str, section: str = "sources") -> Path:
    """The company.toml that `name` can be added to; an error when there is none, or when it has it already."""
    if paths.company is None:
        raise KerncijfersError("There is no company.toml to write to. Make one, or name it with --company.")
    if name in tomllib.loads(paths.company.read_text(encoding="utf-8")).get(section, {}):
        raise KerncijfersError(f"{paths.company} has [{section}.{name}] already. Change it there.")
    return paths.company


def declare(paths: Paths, name: str, settings: Settings | DatabaseSpec, section: str = "sources") -> Path:
    """Writes `[<section>.<name>]` at the end of company.toml."""
    file = free(paths, name, section)
    text = file.read_text(encoding="utf-8")
    values = settings.model_dump(mode="json", exclude_defaults=True)
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    block = "\n".join([f"[{section}.{name}]", *lines])
    part = file.with_suffix(".part")
    part.write_text(f"{text.rstrip()}\n\n{block}\n", encoding="utf-8")
    part.rename(file)
    return file


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {json.dumps(text)}" for name, text in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Listed:
    """One connected source: when it was last read whole, the rows that are here, and the rows in the release."""

    name: str
    title: str
    fetched_at: str | None
    here: int
    released: int


def listed(paths: Paths, connectors: list[Connector]) -> list[Listed]:
    """Freshness and row counts of the sources."""
    warehouse = release.private_warehouse(paths)
    found = []
    for connector in connectors:
        zone = landing(paths, connector)
        moments = [zone.progress(table).fetched_at for table in connector.tables]
        whole = min((moment for moment in moments if moment), default=None) if all(moments) else None
        here = sum(zone.held(table, spec) for table, spec in connector.tables.items() if zone.progress(table).batches)
        found.append(Listed(connector.name, connector.title, whole, here, _released(warehouse, connector)))
    return found


def released_rows(paths: Paths, declarations: Sequence[str]) -> int:
    """The rows in the release that these `[[files]]` declarations brought."""
    warehouse = release.private_warehouse(paths)
    if warehouse is None or not declarations:
        return 0
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        row = connection.execute(
            "select coalesce(sum(rows), 0) from raw_files.deliveries where list_contains(?, source_name)",
            [list(declarations)],
        ).fetchone()
    return int(row[0]) if row else 0


def _released(warehouse: Path | None, connector: Connector) -> int:
    if warehouse is None:
        return 0
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        there = {
            row[0]
            for row in connection.execute(
                "select table_name from duckdb_tables() where schema_name = ?", [f"raw_{connector.name}"]
            ).fetchall()
        }
        total = 0
        for table in connector.tables:
            if table in there:
                row = connection.execute(
                    f'select count(*) from "raw_{connector.name}"."{table}" where not is_deleted'
                ).fetchone()
                total += row[0] if row else 0
    return total
