"""A staging model as dbt would run it, on a warehouse that only a connector has loaded."""

from __future__ import annotations

from pathlib import Path

import duckdb
import jinja2
import pyarrow as pa

STAGING = Path(__file__).parents[3] / "dbt_project" / "models" / "staging"
SETTINGS = """(select 'linde' as company_id, 'De Linde' as company_name, 'EUR' as currency,
    'Europe/Amsterdam' as time_zone, 0.21::decimal(6, 4) as vat_rate)"""


def _sql(source: str, model: str) -> str:
    text = (STAGING / source / f"{model}.sql").read_text(encoding="utf-8")
    return jinja2.Template(text).render(
        source=lambda schema, name: f"{schema}.{name}",
        ref=lambda name: SETTINGS if name == "stg_company__settings" else f"({_sql(source, name)})",
        local_date=lambda instant, zone: f"cast(timezone({zone}, {instant}) as date)",
    )


def staged(connection: duckdb.DuckDBPyConnection, source: str, table: str) -> pa.Table:
    """The rows of `stg_<source>__<table>`, in the order of their columns."""
    return connection.execute(f"select * from ({_sql(source, f'stg_{source}__{table}')}) order by all").to_arrow_table()
