"""The cost of the layer: the webshop's metrics of 20 million orders by dbt, against hand-written SQL for the same numbers.

    .venv/bin/python -m tests.bench.bench_layer [--orders 20000000] [--runs 2]

Both start from the same raw tables, in which one order in a hundred is delivered twice, and run in turns, each in a
process of its own with two threads and 16 GB. `webshop_by_hand.sql` is the other side. The numbers must be equal; CPU
time counts, because somebody else may use the machine. Each order comes with two visits; there are two customers to
three orders, a known visitor makes three visits, and one order in twenty-five is sent back.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import yaml

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.sources import company, files, registry, xaf
from ingestion.sources.company import CompanySettings

ROOT = Path(__file__).parents[2]
BY_HAND = Path(__file__).with_name("webshop_by_hand.sql")
THREADS = 2
MEMORY = "16GB"
DAYS = 1096
METRICS = (
    *("orders", "gross_sales", "net_sales", "aov", "net_aov", "refund_order_rate", "refund_rate"),
    *("conversion", "key_event_rate", "visitor_conversion", "revenue_per_session", "revenue_per_visitor"),
    *("repeat_purchase_rate", "revenue_concentration", "top5_customer_share", "top_customer_share", "revenue_hhi"),
    *("cohort_retention", "cac", "cpa", "mer", "roas"),
)


def write_warehouse(root: Path, profiles: Path, orders: int) -> Path:
    """A warehouse that has loaded so many orders, without any of them passing through a file.

    Its models are built while the raw tables are empty: those of other metrics stay so, and the reporting layer needs them.
    """
    warehouse = root / "warehouse.duckdb"
    settings = CompanySettings(name="Webwinkel Groot B.V.", profile="ecommerce")
    inbox = root / "inbox"
    inbox.mkdir()
    company.deliver(settings, warehouse, root / "work", account_mapping=None, targets=None)
    files.deliver([], inbox, warehouse, root / "work", time_zone=settings.time_zone)
    xaf.deliver(inbox, warehouse, root / "work")
    for connector in registry.connectors():
        connect.deliver(connector, None, Landing(root / connector.name), warehouse, root / "work")
    dbt(warehouse, profiles, "build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            f"set threads = {THREADS}; set memory_limit = '{MEMORY}'; set preserve_insertion_order = false"
        )
        connection.execute(f"set temp_directory = '{root / 'spill'}'; set timezone = 'UTC'")
        # A fixed scramble of the row number, so that the data are the same every time.
        connection.execute("create macro pick(i, salt, size) as cast(hash(i * 1000 + salt) % size as bigint)")
        connection.execute(
            f"""
            insert into raw_files.orders by name
            select
                'O' || lpad(cast(i as varchar), 9, '0') as order_id,
                case when pick(i, 1, 20) > 0 then 'C' || pick(i, 2, {orders} * 2 // 3) end as customer_id,
                timestamptz '2023-01-01 00:30:00+00' + to_seconds(cast(i as bigint) * ({DAYS} * 86400 - 86400) // {orders})
                    as ordered_at,
                ['organic', 'search', 'email', 'social', 'referral'][1 + pick(i, 3, 5)] as channel,
                'EUR' as currency,
                cast((100 + pick(i, 4, 20000)) / 100 as decimal(18, 4)) as gross_amount,
                cast(pick(i, 5, 90) / 100 as decimal(18, 4)) as discount_amount,
                cast(4.95 as decimal(18, 4)) as shipping_amount,
                cast(pick(i, 6, 900) / 100 as decimal(18, 4)) as tax_amount,
                case when pick(i, 7, 50) = 0 then 'cancelled' else 'completed' end as status,
                'shop' as source_name,
                'orders_' || delivery || '.csv' as file_name,
                i as file_line,
                'O' || lpad(cast(i as varchar), 9, '0') as _key
            from (
                select range as i, 1 as delivery from range({orders})
                union all
                select range * 100 as i, 2 as delivery from range({orders} // 100)
            )
            """
        )
        connection.execute(
            f"""
            insert into raw_files.refunds by name
            select
                'R' || i as refund_id,
                'O' || lpad(cast(i * 25 as varchar), 9, '0') as order_id,
                timestamptz '2023-01-03 10:00:00+00'
                    + to_seconds(cast(i * 25 as bigint) * ({DAYS} * 86400 - 3 * 86400) // {orders}) as refunded_at,
                'EUR' as currency,
                cast((100 + pick(i, 8, 900)) / 100 as decimal(18, 4)) as amount,
                cast(0.21 as decimal(18, 4)) as tax_amount,
                'shop' as source_name, 'refunds.csv' as file_name, i as file_line, 'R' || i as _key
            from (select range as i from range({orders} // 25))
            """
        )
        connection.execute(
            f"""
            insert into raw_files.sessions by name
            select
                'S' || i as session_id,
                case when pick(i, 9, 10) > 0 then 'V' || pick(i, 10, {orders} * 2 // 3) end as visitor_id,
                timestamptz '2023-01-01 00:10:00+00' + to_seconds(cast(i as bigint) * ({DAYS} * 86400 - 86400) // (2 * {orders}))
                    as started_at,
                ['organic', 'search', 'email', 'social', 'referral'][1 + pick(i, 11, 5)] as channel,
                pick(i, 12, 30) = 0 as has_purchase,
                case when pick(i, 13, 2) = 0 then pick(i, 14, 10) = 0 end as has_key_event,
                'web' as source_name, 'visits.parquet' as file_name, i as file_line, 'S' || i as _key
            from (select range as i from range(2 * {orders}))
            """
        )
        connection.execute(
            f"""
            insert into raw_files.customers by name
            select
                'C' || i as customer_id, timestamptz '2022-12-31 12:00:00+00' as created_at, 'NL' as country,
                'shop' as source_name, 'customers.csv' as file_name, i as file_line, 'C' || i as _key
            from (select range as i from range({orders} * 2 // 3))
            """
        )
        connection.execute(
            f"""
            insert into raw_files.ad_spend by name
            select
                date '2023-01-01' + cast(i // 2 as integer) as spend_date,
                ['search', 'social'][1 + i % 2] as channel,
                'always on' as campaign,
                'EUR' as currency,
                cast((100 + pick(i, 15, 900000)) / 100 as decimal(18, 4)) as cost,
                'ads' as source_name, 'ads.csv' as file_name, i as file_line, cast(i as varchar) as _key
            from (select range as i from range(2 * {DAYS}))
            """
        )
        connection.execute("drop macro pick")
        connection.execute("checkpoint")
    return warehouse


def run_by_hand(warehouse: Path) -> None:
    """The script, in one connection."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            f"set threads = {THREADS}; set memory_limit = '{MEMORY}'; set preserve_insertion_order = false"
        )
        connection.execute(f"set temp_directory = '{warehouse.with_suffix('.spill')}'")
        connection.execute(BY_HAND.read_text(encoding="utf-8"))
        connection.execute("create or replace table main.by_hand as select * from temp.by_hand")


def run_layer(warehouse: Path, profiles: Path) -> None:
    """dbt, from the raw tables to the reporting layer, for these metrics only."""
    models = [f"+metric_{metric}" for metric in METRICS]
    dbt(warehouse, profiles, "run", "--select", *models, "int_metrics_unioned+,+rpt_metric_values")


def dbt(warehouse: Path, profiles: Path, *arguments: str) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", *arguments),
            *("--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(profiles)),
            *("--target-path", str(profiles / "target"), "--log-path", str(profiles / "logs")),
        ],
        env={**os.environ, "KERNCIJFERS_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def write_profiles(folder: Path) -> Path:
    """The project's profile with this bench's threads and memory."""
    profile = yaml.safe_load((ROOT / "dbt_project" / "profiles.yml").read_text(encoding="utf-8"))
    output = profile["kerncijfers"]["outputs"]["duckdb"]
    output["threads"] = THREADS
    output["settings"] = {**output.get("settings", {}), "threads": THREADS, "memory_limit": MEMORY}
    folder.mkdir()
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    return folder


def differences(by_hand: Path, layer: Path) -> tuple[int, int]:
    """How many numbers there are, and how many rows only one of the two has."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{by_hand}' as by_hand (read_only)")
        connection.execute(f"attach '{layer}' as warehouse (read_only)")
        names = ", ".join(f"'{metric}'" for metric in METRICS)
        row = connection.execute(
            f"""
            with ours as (
                select metric, version, grain, period, scope, numerator, denominator, n
                from warehouse.reporting.rpt_metric_values
                where numerator is not null and metric in ({names})
            )
            select
                (select count(*) from ours),
                (select count(*) from (from ours except all from by_hand.main.by_hand))
                + (select count(*) from (from by_hand.main.by_hand except all from ours))
            """
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def measure(mode: str, warehouse: Path, profiles: Path) -> dict[str, float]:
    """One run in a process of its own: seconds, CPU seconds, and the largest process's memory."""
    command = [sys.executable, "-m", "tests.bench.bench_layer", "--mode", mode]
    done = subprocess.run(
        [*command, "--warehouse", str(warehouse), "--profiles", str(profiles)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: list[str] | None = None) -> None:
    """Print both sides and their ratio; with `--mode` do one measurement and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--mode", choices=["by hand", "layer"])
    parser.add_argument("--warehouse", type=Path)
    parser.add_argument("--profiles", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for the warehouses, to look into afterwards")
    options = parser.parse_args(arguments)
    if options.mode:
        start = time.perf_counter()
        if options.mode == "layer":
            run_layer(options.warehouse, options.profiles)
        else:
            run_by_hand(options.warehouse)
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        result = {
            "seconds": time.perf_counter() - start,
            "cpu": sum(usage.ru_utime + usage.ru_stime for usage in used),
            "peak_gb": max(usage.ru_maxrss for usage in used) / 1024**2,
        }
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as scratch:
        root = options.keep or Path(scratch)
        root.mkdir(parents=True, exist_ok=True)
        profiles = write_profiles(root / "profiles")
        loaded = write_warehouse(root, profiles, options.orders)
        runs: dict[str, list[dict[str, float]]] = {"by hand": [], "layer": []}
        layer, by_hand = root / "layer" / "warehouse.duckdb", root / "by_hand.duckdb"
        layer.parent.mkdir()
        for _ in range(options.runs):
            shutil.copy(loaded, by_hand)
            runs["by hand"].append(measure("by hand", by_hand, profiles))
            shutil.copy(loaded, layer)
            runs["layer"].append(measure("layer", layer, profiles))
        count, wrong = differences(by_hand, layer)
        assert count > 0
        assert wrong == 0, f"{wrong} of {count} numbers differ"
        best = {mode: min(measured, key=lambda run: run["cpu"]) for mode, measured in runs.items()}
        print(f"{options.orders:,} orders, {2 * options.orders:,} visits: {count:,} numbers, all equal")
        for mode, run in best.items():
            print(
                f"{mode:<10} {run['seconds']:6.1f} s, {run['cpu']:6.1f} s of CPU, peak {run['peak_gb']:4.1f} GB of memory"
            )
        ratio = best["layer"]["cpu"] / best["by hand"]["cpu"]
        print(f"layer / by hand, CPU              {ratio:6.2f}   (goal: at most 1.3)")


if __name__ == "__main__":
    main()
