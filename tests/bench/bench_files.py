"""Two million rows of CSV into a raw table, against DuckDB's own read into a table with types, in one run.

.venv/bin/python -m tests.bench.bench_files
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import duckdb

from ingestion.sources import files
from ingestion.sources.files import FileSpec

ROWS = 2_000_000
RUNS = 2


def main() -> None:
    """Print both times and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        inbox = root / "inbox"
        inbox.mkdir()
        csv = inbox / "orders.csv"
        duckdb.sql(
            f"""
            copy (
                select 'O' || i as order_id, 'C' || (i * 7919) % 400000 as customer_id,
                    strftime(timestamp '2023-01-01' + to_seconds(i * 47), '%Y-%m-%d %H:%M:%S') as ordered_at,
                    ['search', 'email', 'social'][1 + i % 3] as channel, round(10 + (i * 31) % 20000 / 100, 2) as gross,
                    round((i % 7) / 10, 2) as discount, 4.95 as shipping, 'completed' as status
                from range({ROWS}) t(i)
            ) to '{csv}' (header)
            """
        )
        spec = FileSpec(
            name="orders",
            entity="orders",
            pattern="orders.csv",
            key=("order_id",),
            columns={
                **{name: name for name in ("order_id", "customer_id", "ordered_at", "channel", "status")},
                "gross_amount": "gross",
                "discount_amount": "discount",
                "shipping_amount": "shipping",
            },
            values={"currency": "EUR"},
        )
        plain, ours = [], []
        for run in range(RUNS):
            start = time.perf_counter()
            with duckdb.connect(str(root / f"plain{run}.duckdb")) as connection:
                connection.execute(
                    f"""
                    create table orders as select * from read_csv('{csv}', header = true, columns = {{
                        'order_id': 'varchar', 'customer_id': 'varchar', 'ordered_at': 'timestamp', 'channel': 'varchar',
                        'gross': 'decimal(18, 4)', 'discount': 'decimal(18, 4)', 'shipping': 'decimal(18, 4)',
                        'status': 'varchar'}})
                    """
                )
            plain.append(time.perf_counter() - start)
            start = time.perf_counter()
            delivery = files.deliver(
                [spec], inbox, root / f"ours{run}.duckdb", root / f"work{run}", time_zone="Europe/Amsterdam"
            )
            ours.append(time.perf_counter() - start)
            assert delivery.tables["orders"] == ROWS
        print(f"DuckDB reads 2 million rows       {min(plain):6.1f} s")
        print(f"declared file, checked, via dlt   {min(ours):6.1f} s")
        print(f"ours / DuckDB                     {min(ours) / min(plain):6.2f}   (goal: at most 2)")


if __name__ == "__main__":
    main()
