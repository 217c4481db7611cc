"""Laws of the compiled SQL over random rows: every model that leads to a few metrics, over raw tables in memory."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.sources import company, files, xaf
from ingestion.sources.company import CompanySettings

pytestmark = pytest.mark.integration

WANTED = (
    *("metric_mrr", "metric_nrr", "metric_grr", "metric_logo_churn", "metric_orders", "metric_gross_sales"),
    *("metric_net_sales", "metric_aov", "metric_refund_rate", "metric_repeat_purchase_rate", "metric_billable_hours"),
    *("metric_billable_utilisation", "metric_realisation_rate"),
)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
QUICK = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


class Engine:
    """Raw tables that are filled again for each example, and the models that lead to the wanted metrics: staging as views,
    what follows as tables that are built again when rows have changed.
    """

    def __init__(self, raw: Path, manifest: dict) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"set timezone = 'UTC'; set threads = 1; attach '{raw}' as empty (read_only)")
        self.connection.execute("attach ':memory:' as warehouse; use warehouse")
        tables = self.connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'empty' and schema_name like 'raw_%'"
        ).fetchall()
        for schema, table in tables:
            self.connection.execute(f"create schema if not exists {schema}")
            self.connection.execute(f'create table {schema}."{table}" as from empty.{schema}."{table}"')
        nodes = manifest["nodes"]
        made: set[str] = set()
        self.models: list[str] = []
        self.is_built = False

        def make(name: str) -> None:
            node = nodes.get(name)
            if node is None or name in made:
                return
            made.add(name)
            for parent in node["depends_on"]["nodes"]:
                make(parent)
            self.connection.execute(f"create schema if not exists {node['schema']}")
            if node["schema"] == "staging":
                self.connection.execute(f"create view {node['relation_name']} as {node['compiled_code']}")
            else:
                self.models.append(f"create or replace table {node['relation_name']} as {node['compiled_code']}")

        for name, node in nodes.items():
            if node["resource_type"] == "model" and node["name"] in WANTED:
                make(name)

    def fill(self, entity: str, rows: Sequence[dict], *, file: str = "a.csv", keep: bool = False) -> None:
        """Put rows in a raw table, as a file delivered them; the rows of other files stay when `keep`."""
        self.is_built = False
        if not keep:
            self.connection.execute(f"delete from raw_files.{entity}")
        for line, row in enumerate(rows, 2):
            full = {"currency": "EUR", **row, "source_name": "test", "file_name": file, "file_line": line}
            self.connection.execute(
                f"insert into raw_files.{entity} by name select {', '.join(f'? as {name}' for name in full)}",
                list(full.values()),
            )

    def metric(self, name: str, version: int = 1, where: str = "true") -> list[tuple]:
        """Rows of a metric: grain, period, scope, numerator, denominator, n."""
        return self.rows(
            "select period_grain, period, scope, numerator, denominator, n "
            f"from metrics.metric_{name}_v{version} where {where} order by all"
        )

    def rows(self, query: str) -> list[tuple]:
        """Rows of any query, over models that are built from the rows there are now."""
        if not self.is_built:
            for model in self.models:
                self.connection.execute(model)
            self.is_built = True
        return self.connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Iterator[Engine]:
    """The compiled project over the raw tables of a company that has delivered nothing yet."""
    root = tmp_path_factory.mktemp("engine")
    warehouse, inbox = root / "warehouse.duckdb", root / "inbox"
    inbox.mkdir()
    who = CompanySettings(name="Willekeur B.V.")
    company.deliver(who, warehouse, root / "work", account_mapping=None, targets=None)
    files.deliver([], inbox, warehouse, root / "work", time_zone=who.time_zone)
    xaf.deliver(inbox, warehouse, root / "work")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", "compile", "--project-dir", str(project_root / "dbt_project")),
            *("--select", *(f"+{name}" for name in WANTED)),
            *("--profiles-dir", str(project_root / "dbt_project")),
            *("--target-path", str(root / "target"), "--log-path", str(root / "logs")),
        ],
        env={**os.environ, "KERNCIJFERS_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = Engine(warehouse, json.loads((root / "target" / "manifest.json").read_text(encoding="utf-8")))
    yield made
    made.connection.close()


@pytest.fixture(autouse=True)
def nothing_delivered(engine: Engine) -> None:
    """Each law begins with empty tables."""
    for entity in ("orders", "refunds", "subscriptions", "hours"):
        engine.fill(entity, [])


def cents(largest: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1, largest).map(lambda amount: Decimal(amount) / 100)


@st.composite
def subscriptions(draw: st.DrawFn) -> list[dict]:
    """Subscriptions of a few customers that begin and end on any day of twenty months."""
    rows = []
    for number in range(draw(st.integers(1, 9))):
        start = date(2023, 1, 1) + timedelta(days=draw(st.integers(0, 600)))
        lasts = draw(st.none() | st.integers(1, 500))
        rows.append(
            {
                "subscription_id": f"A{number}",
                "_key": f"A{number}",
                "customer_id": f"C{draw(st.integers(1, 3))}",
                "started_on": start,
                "ended_on": None if lasts is None else start + timedelta(days=lasts),
                "monthly_amount": draw(cents(90_000)),
            }
        )
    return rows


def mrr_at(rows: Sequence[dict], day: date) -> dict[str, Decimal]:
    """What each customer pays a month on a day, by Python."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["started_on"] <= day and (row["ended_on"] is None or row["ended_on"] > day):
            paid[row["customer_id"]] += row["monthly_amount"]
    return paid


@QUICK
@given(rows=subscriptions())
def test_mrr_and_its_movements_explain_every_customer_to_the_cent(engine: Engine, rows: list[dict]) -> None:
    engine.fill("subscriptions", rows)
    months = engine.rows("select period, period_end from marts.dim_period where period_grain = 'month' order by 1")
    published = {
        period: numerator for _, period, _, numerator, _, _ in engine.metric("mrr", where="period_grain = 'month'")
    }
    moved = defaultdict(Decimal)
    for customer, end, amount in engine.rows("select customer_id, month_end, amount from marts.fct_mrr_movements"):
        moved[customer, end] += amount
    before: dict[str, Decimal] = {}
    for period, end in months:
        now = mrr_at(rows, end)
        assert published.get(period, Decimal(0)) == sum(now.values(), Decimal(0)), period
        for customer in now.keys() | before.keys():
            change = now.get(customer, Decimal(0)) - before.get(customer, Decimal(0))
            assert moved.get((customer, end), Decimal(0)) == change, (period, customer)
        before = now


@QUICK
@given(rows=subscriptions())
def test_gross_retention_is_at_most_one_and_at_most_net_retention(engine: Engine, rows: list[dict]) -> None:
    engine.fill("subscriptions", rows)
    net = {row[:3]: row[3] for row in engine.metric("nrr", 2)}
    for grain, period, scope, kept, opening, _ in engine.metric("grr"):
        assert 0 <= kept <= opening, (grain, period)
        assert kept <= net[grain, period, scope], (grain, period)
    for grain, period, _, lost, opening, _ in engine.metric("logo_churn"):
        assert 0 <= lost <= opening, (grain, period)


@st.composite
def shop(draw: st.DrawFn) -> tuple[list[dict], list[dict]]:
    """Orders on any minute of fourteen months, and refunds of some of them, sometimes more than one."""
    orders, refunds = [], []
    for number in range(draw(st.integers(1, 10))):
        at = datetime(2023, 11, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 60 * 24 * 420)))
        goods = draw(cents(20_000))
        orders.append(
            {
                "order_id": f"O{number}",
                "_key": f"O{number}",
                "customer_id": draw(st.sampled_from(["C1", "C2", "C3", None])),
                "ordered_at": at,
                "channel": draw(st.sampled_from(["web", "mail"])),
                "gross_amount": goods,
                "discount_amount": draw(st.none() | st.just(min(goods, Decimal("0.37")))),
                "status": draw(st.sampled_from([None, "completed", "cancelled", "test"])),
            }
        )
        for part in range(draw(st.integers(0, 2)) if orders[-1]["status"] in {None, "completed"} else 0):
            refunds.append(
                {
                    "refund_id": f"R{number}-{part}",
                    "_key": f"R{number}-{part}",
                    "order_id": f"O{number}",
                    "refunded_at": at + timedelta(days=draw(st.integers(0, 60))),
                    "amount": draw(cents(5_000)),
                }
            )
    return orders, refunds


SHOP_METRICS = (
    ("orders", 1),
    ("gross_sales", 1),
    ("net_sales", 1),
    ("aov", 2),
    ("refund_rate", 1),
    ("repeat_purchase_rate", 1),
)


@QUICK
@given(rows=shop())
def test_a_refund_is_counted_once_however_often_it_is_delivered(
    engine: Engine, rows: tuple[list[dict], list[dict]]
) -> None:
    orders, refunds = rows
    engine.fill("orders", orders)
    engine.fill("refunds", refunds)
    once = [engine.metric(*metric) for metric in SHOP_METRICS]
    counted = [order for order in orders if order["status"] in {None, "completed"}]
    sold = sum((order["gross_amount"] - (order["discount_amount"] or 0) for order in counted), Decimal(0))
    returned = sum((refund["amount"] for refund in refunds), Decimal(0))
    everything = {row[2]: row[3] for row in engine.metric("net_sales", where="period_grain = 'all'")}
    assert everything.get("total", Decimal(0)) == sold - returned
    assert sum(value for scope, value in everything.items() if scope.startswith("channel:")) == sold - returned
    engine.fill("refunds", refunds, file="b.csv", keep=True)
    assert [engine.metric(*metric) for metric in SHOP_METRICS] == once


@QUICK
@given(rows=shop(), order=st.randoms(use_true_random=False))
def test_rows_in_another_order_and_files_delivered_again_change_nothing(
    engine: Engine, rows: tuple[list[dict], list[dict]], order: random.Random
) -> None:
    orders, refunds = rows
    engine.fill("orders", orders)
    engine.fill("refunds", refunds)
    first = [engine.metric(*metric) for metric in SHOP_METRICS]
    mixed = order.sample(orders, len(orders))
    half = len(mixed) // 2
    # The first half is delivered wrong, and corrected by a file whose name sorts later.
    engine.fill("orders", [{**row, "gross_amount": Decimal("999999")} for row in mixed[:half]], file="a.csv")
    engine.fill("orders", mixed, file="b.csv", keep=True)
    engine.fill("refunds", order.sample(refunds, len(refunds)), file="z.csv")
    assert [engine.metric(*metric) for metric in SHOP_METRICS] == first


@QUICK
@given(
    entries=st.lists(
        st.tuples(
            st.integers(0, 420),
            st.sampled_from(["A", "B"]),
            cents(1_200),
            st.booleans(),
            cents(20_000),
            st.none() | cents(90_000),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_hours_and_what_they_are_worth_add_up_over_months_and_teams(engine: Engine, entries: list[tuple]) -> None:
    engine.fill(
        "hours",
        [
            {
                "entry_id": f"U{number}",
                "_key": f"U{number}",
                "worked_on": date(2023, 11, 1) + timedelta(days=day),
                "project_id": "P1",
                "team": team,
                "hours": hours,
                "is_billable": billable,
                "hourly_rate": rate,
                "invoiced_amount": invoiced if billable else None,
            }
            for number, (day, team, hours, billable, rate, invoiced) in enumerate(entries)
        ],
    )
    billed = [entry for entry in entries if entry[3]]
    settled = [entry for entry in billed if entry[5] is not None]
    [(worked, total)] = [
        row[3:5] for row in engine.metric("billable_utilisation", where="period_grain = 'all' and scope = 'total'")
    ]
    assert (worked, total) == (sum(entry[2] for entry in billed), sum(entry[2] for entry in entries))
    worth = engine.metric("realisation_rate", where="period_grain = 'all' and scope = 'total'")
    assert [row[3:5] for row in worth] == (
        [(sum(entry[5] for entry in settled), sum(entry[2] * entry[4] for entry in settled))] if settled else []
    )
    for metric in ("billable_utilisation", "realisation_rate"):
        for family in ("scope = 'total'", "scope <> 'total'"):
            for grain in ("month", "quarter", "year"):
                parts = engine.metric(metric, where=f"period_grain = '{grain}' and {family}")
                whole = engine.metric(metric, where="period_grain = 'all' and scope = 'total'")
                assert sum(row[3] for row in parts) == sum(row[3] for row in whole)
                assert sum(row[4] for row in parts) == sum(row[4] for row in whole)


@QUICK
@given(
    moments=st.lists(
        st.datetimes(datetime(2023, 10, 28), datetime(2025, 4, 1))
        | st.sampled_from([datetime(2024, 3, 31), datetime(2024, 10, 27), datetime(2025, 3, 30)]).flatmap(
            lambda day: st.integers(0, 60 * 24).map(lambda minute: day + timedelta(minutes=minute))
        ),
        min_size=1,
        max_size=12,
    )
)
def test_an_order_falls_on_the_local_day_and_month_by_pythons_own_time_zones(
    engine: Engine, moments: list[datetime]
) -> None:
    instants = [moment.replace(tzinfo=UTC) for moment in moments]
    engine.fill(
        "orders",
        [
            {"order_id": f"O{number}", "_key": f"O{number}", "ordered_at": at, "gross_amount": Decimal(1)}
            for number, at in enumerate(instants)
        ],
    )
    days = [at.astimezone(AMSTERDAM).date() for at in instants]
    assert engine.rows("select order_id, order_date from marts.fct_orders order by 1") == sorted(
        (f"O{number}", day) for number, day in enumerate(days)
    )
    months: dict[str, int] = defaultdict(int)
    for day in days:
        months[f"{day:%Y-%m}"] += 1
    counted = {
        row[1]: int(row[3]) for row in engine.metric("orders", where="period_grain = 'month' and scope = 'total'")
    }
    assert {month: count for month, count in counted.items() if count} == months
