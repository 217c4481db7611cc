"""What differs between two releases: values, definitions, code, and the data they were made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from ingestion import quoting
from orchestration.release.manifest import CONTENTS
from orchestration.release.preparation import TESTS
from orchestration.release.store import DATABASE, read_facts

Kind = Literal["restated", "in progress", "new", "gone"]
_KEY = ("metric", "version", "grain", "period", "scope")
_MEASURED = ("value", "numerator", "denominator", "n", "reason")


@dataclass(frozen=True)
class Moved:
    """One published value that is not the same in both; `before` and `after` are None where it is missing.

    `restated` is what a reader was told of a period that was over. `in progress`: the period was not over in the older
    release. `new` and `gone` have a row in one of the two only.
    """

    kind: Kind
    metric: str
    version: int
    grain: str
    period: str
    scope: str
    before: Decimal | None
    after: Decimal | None
    before_reason: str | None
    after_reason: str | None
    unit: str
    decimals: int


@dataclass(frozen=True)
class Change:
    """One thing that is not the same: what it is, and how it was and is. None: it was not there, or is not any more."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Comparison:
    """Two releases of one company. A part that a release of an earlier Kerncijfers did not record is None."""

    older: str
    newer: str
    currency: str
    values: tuple[Moved, ...]
    definitions: tuple[Change, ...]
    code: tuple[Change, ...] | None
    data: tuple[Change, ...] | None
    tests: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether a reader of either reads the same, made from the same by the same."""
        return not (self.values or self.definitions or self.code or self.data or self.tests)


def compare(older: Path, newer: Path) -> Comparison:
    """Compares two release folders, in this order."""
    with _both(older, newer) as connection:
        [(currency,)] = connection.execute("select currency from newer.reporting.rpt_company").fetchall()
        values = tuple(_values(connection))
        definitions = tuple(_definitions(connection))
    before, after = _contents(older), _contents(newer)
    return Comparison(
        older=older.name,
        newer=newer.name,
        currency=currency,
        values=values,
        definitions=definitions,
        code=tuple(_changes(_code(before), _code(after))) if before and after else None,
        data=tuple(_changes(_data(before), _data(after))) if before and after else None,
        tests=tuple(_changes(_tests(older), _tests(newer))),
    )


@contextmanager
def _both(older: Path, newer: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name, folder in (("older", older), ("newer", newer)):
            connection.execute(f"attach {quoting.text(folder / DATABASE)} as {name} (read_only)")
        yield connection


def _values(connection: duckdb.DuckDBPyConnection) -> Iterator[Moved]:
    differs = " or ".join(f"older_rows.{name} is distinct from newer_rows.{name}" for name in _MEASURED)
    rows = connection.execute(
        f"""
        select
            case
                when older_rows.metric is null then 'new'
                when newer_rows.metric is null then 'gone'
                when older_rows.is_partial then 'in progress'
                else 'restated'
            end as kind,
            {", ".join(_KEY)},
            older_rows.value, newer_rows.value, older_rows.reason, newer_rows.reason,
            coalesce(newer_metrics.unit, older_metrics.unit),
            coalesce(newer_metrics.decimals, older_metrics.decimals)
        from older.reporting.rpt_metric_values as older_rows
        full join newer.reporting.rpt_metric_values as newer_rows using ({", ".join(_KEY)})
        left join newer.reporting.rpt_metrics as newer_metrics using (metric, version)
        left join older.reporting.rpt_metrics as older_metrics using (metric, version)
        where {differs}
        order by
            kind <> 'restated', coalesce(newer_metrics.sort, older_metrics.sort), metric, version,
            scope <> 'total', scope, grain, coalesce(newer_rows.period_start, older_rows.period_start)
        """
    ).fetchall()
    return (Moved(*row) for row in rows)


def _definitions(connection: duckdb.DuckDBPyConnection) -> Iterator[Change]:
    """What the registry says of each version of each metric, one change for each thing it says differently."""
    registries = []
    for name in ("older", "newer"):
        found = connection.execute(f"select * from {name}.reporting.rpt_metrics order by metric, version")
        columns = [column[0] for column in found.description]
        rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
        registries.append({f"{row['metric']}@{row['version']}": row for row in rows})
    older, newer = registries
    for metric in sorted(older.keys() | newer.keys()):
        before, after = older.get(metric), newer.get(metric)
        if before is None or after is None:
            there, gone = (str(row["definition_en"]) if row else None for row in (after, before))
            yield Change(metric, gone, there)
            continue
        for column in before.keys() & after.keys() - {"sort"}:
            if before[column] != after[column]:
                yield Change(f"{metric} {column}", _text(before[column]), _text(after[column]))


def _contents(folder: Path) -> dict[str, Any] | None:
    file = folder / CONTENTS
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _code(contents: Mapping[str, Any]) -> dict[str, str]:
    """What made it: commit, lock file, versions, and the models and seeds by their hash."""
    code = contents["code"]
    told = {"commit": code["commit"], "locked dependencies": code["lock"]} | contents["versions"]
    return {name: str(value) for name, value in (told | code.get("models", {})).items() if value is not None}


def _data(contents: Mapping[str, Any]) -> dict[str, str]:
    """What it was made from: every raw table with its rows, sums and hash. What dlt keeps for itself says nothing."""
    inputs = contents["inputs"]
    told = {"company.toml": inputs["company_toml"] or "none"}
    for name, totals in inputs["tables"].items():
        if totals["rows"] and "._dlt_" not in name:
            sums = [f"{column} {amount}" for column, amount in totals["sums"].items() if amount is not None]
            told[name] = ", ".join([f"{totals['rows']} rows", *sums, f"hash {totals['hash']}"])
    return told


def _tests(folder: Path) -> dict[str, str]:
    file = folder / TESTS
    if not file.is_file():
        return {"passed": str(read_facts(folder)["tests"]["passed"])}
    return {test["test"]: test["status"] for test in json.loads(file.read_text(encoding="utf-8"))}


def _changes(older: Mapping[str, str], newer: Mapping[str, str]) -> Iterator[Change]:
    for name in [*older, *(name for name in newer if name not in older)]:
        if older.get(name) != newer.get(name):
            yield Change(name, older.get(name), newer.get(name))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
