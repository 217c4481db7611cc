"""ingestion/ as assets: one for every raw table, keyed like dbt's sources (`raw_xaf/transaction_lines`)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import dagster as dg

from ingestion.pipeline import Delivery
from ingestion.sources import company as company_source
from ingestion.sources import files, registry, xaf
from ingestion.sources.files.entities import ENTITIES
from ingestion.sources.xaf.settings import RAW_TABLES
from orchestration import company, notes, progress, release, sources
from orchestration.defs.resources import DraftRelease


def _tables(source: str, tables: Iterable[str]) -> list[dg.AssetSpec]:
    return [dg.AssetSpec([source, table], group_name=source, kinds={"dlt", "duckdb"}) for table in tables]


def _loaded(draft: DraftRelease, delivery: Delivery) -> Iterator[dg.MaterializeResult]:
    release.record_delivery(draft.paths, delivery)
    for table, rows in delivery.tables.items():
        yield dg.MaterializeResult(
            asset_key=[f"raw_{delivery.source}", table], metadata={"rows": rows, "files": len(delivery.files)}
        )


@dg.multi_asset(
    specs=_tables(
        "raw_company",
        (
            "settings",
            "kpi_choices",
            "opening_hours",
            "closed_days",
            "account_mapping",
            "targets",
            "scenarios",
            "budget",
            "covenants",
        ),
    ),
    name="raw_company",
    pool="warehouse_writer",
)
def raw_company(draft: DraftRelease) -> Iterator[dg.MaterializeResult]:
    """Who the company is and what its owner decided: settings, KPIs, opening hours, mapping, targets, budget."""
    progress.report("Reading the company's settings")
    paths = draft.paths
    notes.check(paths)
    declared = company.read(paths)
    delivery = company_source.deliver(
        company.resolve(paths),
        paths.warehouse,
        paths.work,
        account_mapping=paths.beside_company("account_mapping.csv"),
        targets=paths.beside_company("targets.csv"),
        scenarios=paths.beside_company("scenarios.csv"),
        budget=paths.beside_company("budget.csv"),
        covenants=paths.beside_company("covenants.csv"),
        kpis=declared.kpis,
        support=declared.support,
    )
    yield from _loaded(draft, delivery)


@dg.multi_asset(specs=_tables("raw_xaf", RAW_TABLES), name="raw_xaf", pool="warehouse_writer")
def raw_xaf(draft: DraftRelease) -> Iterator[dg.MaterializeResult]:
    """The books: every auditfile in the inbox, checked against its own control totals."""
    progress.report("Reading the auditfiles")
    paths = draft.paths
    settings = company.resolve(paths)
    delivery = xaf.deliver(
        paths.inbox,
        paths.warehouse,
        paths.work,
        administrations=company.read(paths).administrations,
        currency=settings.currency,
    )
    yield from _loaded(draft, delivery)


@dg.multi_asset(specs=_tables("raw_files", (*ENTITIES, "deliveries")), name="raw_files", pool="warehouse_writer")
def raw_files(draft: DraftRelease) -> Iterator[dg.MaterializeResult]:
    """The declared files: orders, sessions, advertising cost and whatever else company.toml names."""
    progress.report("Reading the declared files")
    paths = draft.paths
    told = company.read(paths)
    time_zone = company.resolve(paths).time_zone
    delivery = files.deliver(
        told.files,
        paths.inbox,
        paths.warehouse,
        paths.work,
        time_zone=time_zone,
        people=told.retention.terms(datetime.now(UTC), time_zone),
        snapshots=sources.snapshots(paths, told.files, told.databases),
    )
    yield from _loaded(draft, delivery)


@dg.multi_asset(
    specs=[spec for connector in registry.connectors() for spec in _tables(f"raw_{connector.name}", connector.schemas)],
    name="raw_connectors",
    pool="warehouse_writer",
)
def raw_connectors(draft: DraftRelease) -> Iterator[dg.MaterializeResult]:
    """The connected systems: what is new in each, read and loaded. A system that is not connected has no rows."""
    connected = company.read(draft.paths).sources
    systems = {connector.name: connector for connector in registry.connectors()}
    for name, settings in connected.items():
        progress.report(f"Reading {systems[name].title}")
        sources.fetch(draft.paths, systems[name], settings)
    # All were read by now: an objection that came by webhook is of people in the others too.
    for name in connected:
        sources.forget(draft.paths, systems[name])
    for name, connector in systems.items():
        yield from _loaded(draft, sources.deliver(draft.paths, connector, connected.get(name)))
