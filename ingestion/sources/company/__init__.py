"""The company itself: its settings, its choice of KPIs, its opening hours, and what its owner decided in files beside
the data (account mapping, targets, scenarios).

Data flow: company.toml (or the auditfile's header) and two optional CSV files -> raw_company, anew at every refresh.
"""

from __future__ import annotations

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import pipeline
from ingestion.errors import SourceError
from ingestion.pipeline import Delivery, Table
from ingestion.sources.company.settings import CompanySettings, KpiChoices, slug
from ingestion.sources.company.support import SupportSettings

__all__ = ["CompanySettings", "KpiChoices", "SupportSettings", "deliver", "slug"]

SOURCE = "company"
_SETTINGS = pa.schema(
    [
        ("company_id", pa.string()),
        ("company_name", pa.string()),
        ("currency", pa.string()),
        ("time_zone", pa.string()),
        ("fiscal_year_start_month", pa.int64()),
        ("vat_rate", pa.decimal128(6, 4)),
        ("profile", pa.string()),
    ]
)
_KPI_CHOICES = pa.schema(
    [
        ("metric", pa.string()),
        ("core_place", pa.int64()),
        ("is_added", pa.bool_()),
        ("is_left_out", pa.bool_()),
        ("owner", pa.string()),
    ]
)
_OPENING_HOURS = pa.schema(
    [
        ("valid_from", pa.date32()),
        ("valid_until", pa.date32()),
        ("weekday", pa.int64()),
        ("opens_minute", pa.int64()),
        ("closes_minute", pa.int64()),
    ]
)
_CLOSED_DAYS = pa.schema([("closed_on", pa.date32()), ("reason", pa.string())])
_ACCOUNT_MAPPING = pa.schema([("company_id", pa.string()), ("account_id", pa.string()), ("rgs_code", pa.string())])
_TARGETS = pa.schema(
    [
        ("company_id", pa.string()),
        ("metric", pa.string()),
        ("version", pa.int64()),
        ("grain", pa.string()),
        ("period", pa.string()),
        ("scope", pa.string()),
        ("type", pa.string()),
        ("start_value", pa.decimal128(28, 6)),
        ("target_value", pa.decimal128(28, 6)),
        ("upper_value", pa.decimal128(28, 6)),
        ("tolerance", pa.decimal128(28, 6)),
        ("pacing", pa.string()),
        ("reason", pa.string()),
        ("line_number", pa.int64()),
    ]
)
_SCENARIOS = pa.schema(
    [
        ("company_id", pa.string()),
        ("scenario", pa.string()),
        ("place", pa.int64()),
        ("label_nl", pa.string()),
        ("label_en", pa.string()),
        ("driver", pa.string()),
        ("change", pa.decimal128(12, 6)),
    ]
)
_BUDGET = pa.schema(
    [
        ("company_id", pa.string()),
        ("period", pa.string()),
        ("line", pa.string()),
        ("amount", pa.decimal128(28, 2)),
        ("line_number", pa.int64()),
    ]
)
_COVENANTS = pa.schema(
    [
        ("company_id", pa.string()),
        ("covenant", pa.string()),
        ("place", pa.int64()),
        ("lender", pa.string()),
        ("label_nl", pa.string()),
        ("label_en", pa.string()),
        ("metric", pa.string()),
        ("version", pa.int64()),
        ("type", pa.string()),
        ("limit_value", pa.decimal128(28, 6)),
        ("tested", pa.string()),
        ("line_number", pa.int64()),
    ]
)
# `kerncijfers accounts --write` puts these beside its proposals, for whoever reviews them.
_FOR_THE_READER = ("account_description", "amount", "because")
_MAY_BE_EMPTY = {"version", "scope", "start_value", "upper_value", "tolerance", "pacing", "reason"}
_LINE_NUMBER = "line_number"


def deliver(
    settings: CompanySettings,
    warehouse: Path,
    work: Path,
    *,
    account_mapping: Path | None,
    targets: Path | None,
    scenarios: Path | None = None,
    budget: Path | None = None,
    covenants: Path | None = None,
    kpis: KpiChoices | None = None,
    support: SupportSettings | None = None,
) -> Delivery:
    """Load the company's settings, its choice of KPIs and opening hours, and what its owner decided.

    That is the account mapping, targets, scenarios, the budget by line of the income statement, and covenants.

    Raises `SourceError` with file, line and column for a row that can't be used.
    """
    folder = work / "company"
    folder.mkdir(parents=True, exist_ok=True)
    rows = {
        "settings": (
            _SETTINGS,
            [
                {
                    "company_id": settings.company_id,
                    "company_name": settings.name,
                    "currency": settings.currency,
                    "time_zone": settings.time_zone,
                    "fiscal_year_start_month": settings.fiscal_year_start_month,
                    "vat_rate": settings.vat_rate,
                    "profile": settings.profile,
                }
            ],
        ),
        "kpi_choices": (_KPI_CHOICES, (kpis or KpiChoices()).rows()),
        "opening_hours": (_OPENING_HOURS, support.hours() if support else []),
        "closed_days": (_CLOSED_DAYS, support.closed_days() if support else []),
        "account_mapping": (_ACCOUNT_MAPPING, _read(account_mapping, _ACCOUNT_MAPPING)),
        "targets": (_TARGETS, _read(targets, _TARGETS)),
        "scenarios": (_SCENARIOS, _read(scenarios, _SCENARIOS)),
        "budget": (_BUDGET, _read(budget, _BUDGET)),
        "covenants": (_COVENANTS, _read(covenants, _COVENANTS)),
    }
    tables = []
    for name, (schema, content) in rows.items():
        path = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(content, schema=schema), path)
        tables.append(Table(name, schema, parquet=[path]))
    return Delivery(SOURCE, pipeline.load(SOURCE, tables, warehouse=warehouse, work=work))


def _read(path: Path | None, schema: pa.Schema) -> list[dict[str, object]]:
    """The rows of a file with a heading. Columns that may be empty may be left out; an unknown one is refused."""
    if path is None or not path.is_file():
        return []
    fields = [field for field in schema if field.name != _LINE_NUMBER]
    names = [field.name for field in fields]
    advice = f"The first line must be {','.join(names)}."
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        found = reader.fieldnames or []
        if missing := [name for name in names if name not in found and name not in _MAY_BE_EMPTY]:
            raise SourceError(f"column {', '.join(missing)} is missing.", file=path, line=1, advice=advice)
        if unknown := [name for name in found if name not in (*names, *_FOR_THE_READER)]:
            raise SourceError(f"column {', '.join(unknown)} is not known.", file=path, line=1, advice=advice)
        rows = []
        for row in reader:
            if None in row:
                raise SourceError(
                    "this line has more cells than the first line.",
                    file=path,
                    line=reader.line_num,
                    advice='Put a text with a comma in it between quotes: "Budget, second version".',
                )
            content: dict[str, object] = {
                field.name: _value(row.get(field.name), field, path, reader.line_num) for field in fields
            }
            if _LINE_NUMBER in schema.names:
                content[_LINE_NUMBER] = reader.line_num
            rows.append(content)
        return rows


def _value(text: str | None, field: pa.Field, path: Path, line: int) -> object:
    text = (text or "").strip()
    if not text:
        if field.name in _MAY_BE_EMPTY:
            return None
        raise SourceError(
            "this cell is empty.", file=path, line=line, column=field.name, advice="Fill it, or remove the line."
        )
    try:
        if pa.types.is_decimal(field.type):
            return Decimal(text)
        return int(text) if pa.types.is_integer(field.type) else text
    except (ValueError, InvalidOperation):
        raise SourceError(
            "this is not a number.", file=path, line=line, column=field.name, value=text, advice="Write it as 1234.56."
        ) from None
