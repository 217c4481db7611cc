"""A staging model as dbt would run it, on a warehouse that only a connector has loaded."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2
import pyarrow as pa

PROJECT = Path(__file__).parents[3] / "dbt_project"
STAGING = PROJECT / "models" / "staging"
SETTINGS = """(select 'linde' as company_id, 'De Linde' as company_name, 'EUR' as currency,
    'Europe/Amsterdam' as time_zone, 0.21::decimal(6, 4) as vat_rate)"""

_LATEST_MESSAGE = jinja2.Template(
    (PROJECT / "macros" / "latest_message.sql").read_text(encoding="utf-8")
).module.latest_message  # type: ignore[attr-defined]


def _sql(source: str, file: Path) -> str:
    return jinja2.Template(file.read_text(encoding="utf-8")).render(
        source=lambda schema, name: f"{schema}.{name}",
        ref=lambda name: SETTINGS if name == "stg_company__settings" else f"({_model(source, name)})",
        local_date=lambda instant, zone: f"cast(timezone({zone}, {instant}) as date)",
        dbt=SimpleNamespace(datediff=lambda first, last, part: f"date_diff('{part}', {first}, {last})"),
        config=lambda **_: "",
        latest_message=_LATEST_MESSAGE,
        local_midnight=lambda day, zone: f"timezone({zone}, cast({day} as timestamp))",
    )


def _model(source: str, name: str) -> str:
    return _sql(source, STAGING / source / f"{name}.sql")


def staged(connection: duckdb.DuckDBPyConnection, source: str, table: str) -> pa.Table:
    """The rows of `stg_<source>__<table>`, in the order of their columns."""
    model = _model(source, f"stg_{source}__{table}")
    return connection.execute(f"select * from ({model}) order by all").to_arrow_table()


def broken(connection: duckdb.DuckDBPyConnection, source: str, test: str) -> list[str]:
    """What the data test of this name says, one sentence for each row it refuses."""
    query = _sql(source, PROJECT / "tests" / f"{test}.sql")
    return [message for (message,) in connection.execute(f"select message from ({query}) order by all").fetchall()]
