"""What a release says otherwise than the reports issued before it, and why: the table `rpt_restatements`.

Compared are the last release and, when that one is about the same month, also the last one about an earlier month:
what a reader of a monthly report has in hand. Only what was published as complete can be restated. The cause is
derived:

    definition_version   the report shows another version of the metric now
    late_data            the period has more rows than it had then
    corrected_source     it has the same rows or fewer, and the source delivered something else
    recalculated         the sources delivered the same: the company's settings or the code made the difference
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from ingestion import quoting
from orchestration.paths import Paths
from orchestration.release import manifest
from orchestration.release.manifest import CONTENTS
from orchestration.release.store import DATABASE, current_release, kept, page_name, pages, read_facts
from reports.data.released import Released

TABLE = "rpt_restatements"
# Of pages of this version and of earlier ones, which quoted every value and had no `data-of`.
_REFERENCE = re.compile(r'data-(?:ref|of)="?-?([a-z0-9_]+@[0-9]+)')
_COLUMNS = {
    "since": "varchar",
    "metric": "varchar",
    "version": "integer",
    "was_version": "integer",
    "grain": "varchar",
    "period": "varchar",
    "period_end": "date",
    "scope": "varchar",
    "old_value": "decimal(28, 10)",
    "new_value": "decimal(28, 10)",
    "difference": "decimal(28, 10)",
    "reason": "varchar",
    "cause": "varchar",
}
# What is printed is compared: a share has two decimals more than its percentage.
_CHANGED = """
    insert into reporting.rpt_restatements
    with
    shown as (
        select v.*, m.sources, m.class,
            m.decimals + case when m.unit = 'percent' then 2 else 0 end as digits
        from reporting.rpt_metric_values as v
        inner join reporting.rpt_metrics as m
            on v.metric = m.metric and v.version = m.version and v.grain = m.report_grain
    ),
    then_shown as (
        select v.* from earlier.reporting.rpt_metric_values as v
        inner join earlier.reporting.rpt_metrics as m
            on v.metric = m.metric and v.version = m.version and v.grain = m.report_grain
        where v.value is not null and not v.is_partial
    ),
    changed as (
        select now.*, was.version as was_version, was.value as was_value, was.n as was_n
        from then_shown as was
        inner join shown as now
            on was.metric = now.metric and was.version <= now.version
                and was.grain = now.grain and was.period = now.period and was.scope = now.scope
        where round(was.value::double, now.digits) is distinct from round(now.value::double, now.digits)
    ),
    weighed as (
        select changed.*,
            (select sum(greatest(l.now_rows - l.was_rows, 0)) from ledger as l
                where l.month_end <= changed.period_end
                    and (changed.class = 'stock' or l.month_end >= changed.period_start)) as added_within,
            (select sum(greatest(l.now_rows - l.was_rows, 0)) from ledger as l
                where l.month_end <= changed.period_end) as added_before
        from changed
    )
    select
        $since, metric, version, was_version, grain, period, period_end, scope, was_value, value, value - was_value,
        reason,
        case
            when was_version <> version then 'definition_version'
            when n > was_n then 'late_data'
            when sources like '%ledger%' and coalesce(added_within, 0) > 0 then 'late_data'
            when not (($books and sources like '%ledger%') or ($files and sources <> 'ledger')) then 'recalculated'
            when sources like '%ledger%' and coalesce(added_before, 0) > 0 then 'late_data'
            else 'corrected_source'
        end
    from weighed
"""


def bases(paths: Paths, database: Path) -> list[Path]:
    """The releases that readers of the one in `database` may have in hand, oldest first."""
    previous = current_release(paths)
    if previous is None:
        return []
    month = _month(database)
    if _month(previous / DATABASE) < month:
        return [previous]
    older = [folder for folder in kept(paths) if folder.name < previous.name]
    before = next((folder for folder in reversed(older) if _month(folder / DATABASE) < month), None)
    return [before, previous] if before else [previous]


def write(paths: Paths, folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Adds the table to the draft's database and its Parquet; returns what the draft was compared with.

    Of each earlier release: its number, when it was made, its month, and by edition the metric@version its pages show.
    """
    with duckdb.connect(str(paths.draft / DATABASE), config={"threads": 1}) as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
        connection.execute(f"create table reporting.{TABLE} ({columns})")
        raw = manifest.inputs(paths)["tables"] if folders else {}
        compared = [_compare(connection, folder, raw) for folder in folders]
        _keep(connection, paths.draft)
    return compared


def again(paths: Paths, issued: Path, made: Paths) -> None:
    """Adds the table of a release that is made again: from the releases it was compared with, or as it was recorded.

    `paths` holds the kept releases; `made` is where the release is made again.
    """
    named = [issue["release"] for issue in read_facts(issued).get("compared_with", ())]
    known = {folder.name: folder for folder in kept(paths)}
    table = issued / "tables" / "reporting" / f"{TABLE}.parquet"
    if not table.is_file():
        return
    if known.keys() >= set(named):
        write(made, [known[name] for name in named])
        return
    with duckdb.connect(str(made.draft / DATABASE), config={"threads": 1}) as connection:
        connection.execute(f"create table reporting.{TABLE} as from {quoting.text(table)}")
        _keep(connection, made.draft)


def _keep(connection: duckdb.DuckDBPyConnection, draft: Path) -> None:
    parquet = draft / "tables" / "reporting" / f"{TABLE}.parquet"
    connection.execute(f"create or replace table reporting.{TABLE} as select * from reporting.{TABLE} order by all")
    connection.execute(f"copy reporting.{TABLE} to {quoting.text(parquet)} (format parquet, compression zstd)")
    connection.execute("checkpoint")


def _month(database: Path) -> str:
    with duckdb.connect(str(database), read_only=True) as connection:
        return Released(connection, "en").month()[0]


def _compare(connection: duckdb.DuckDBPyConnection, folder: Path, raw: dict[str, Any]) -> dict[str, Any]:
    connection.execute(f"attach {quoting.text(folder / DATABASE)} as earlier (read_only)")
    try:
        _ledger(connection)
        books, files = _moved(folder, raw)
        connection.execute(_CHANGED, {"since": folder.name, "books": books, "files": files})
    finally:
        connection.execute("detach earlier")
    facts = read_facts(folder)
    return {
        "release": folder.name,
        "created_at": facts["created_at"],
        "month": _month(folder / DATABASE),
        "editions": {edition: sorted(shown) for edition, shown in _shown(folder).items()},
    }


def _shown(folder: Path) -> dict[str, set[str]]:
    """The `metric@version`s each edition of a release shows."""
    found: dict[str, set[str]] = {}
    for edition, language in sorted(pages(folder)):
        page = folder / page_name(edition, language)
        found.setdefault(edition, set()).update(_REFERENCE.findall(page.read_text(encoding="utf-8")))
    return found


def _ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """How many lines the books had in each month, then and now; nothing where one of both does not say."""
    tables = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'reporting' and table_name = 'rpt_ledger_months'"
    ).fetchone()
    connection.execute("create or replace temp table ledger (month_end date, now_rows bigint, was_rows bigint)")
    if tables != (2,):
        return
    connection.execute(
        """
        insert into ledger
        select coalesce(now.month_end, was.month_end), coalesce(now.line_count, 0), coalesce(was.line_count, 0)
        from reporting.rpt_ledger_months as now
        full outer join earlier.reporting.rpt_ledger_months as was on now.month_end = was.month_end
        """
    )


def _moved(folder: Path, raw: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the books, and anything else, deliver other rows than they did; both when that release does not say."""
    file = folder / CONTENTS
    if not file.is_file():
        return True, True
    then = json.loads(file.read_text(encoding="utf-8"))["inputs"]["tables"]
    names = [name for name in raw.keys() | then.keys() if "._dlt_" not in name]
    moved = {name for name in names if _what(name, raw.get(name)) != _what(name, then.get(name))}
    books = {name for name in moved if name.startswith("raw_xaf.")}
    return bool(books), any(not name.startswith("raw_company.") for name in moved - books)


def _what(name: str, measured: dict[str, Any] | None) -> tuple[Any, Any] | None:
    if not measured:
        return None
    # Who was forgotten changes the hash of declared files; their own list says whether one of them is another.
    is_file = name.startswith("raw_files.") and name != "raw_files.deliveries"
    return measured["rows"], measured["sums"] if is_file else measured["hash"]
