"""Laws of the compiled SQL over random rows: every model that leads to a few metrics, over raw tables in memory.

The second route is Python over the rows as they were made: its decimals, its sums, its time zones.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dbt_project.replay import Built, Replay

pytestmark = pytest.mark.integration

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
RANDOM = settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

SUBSCRIPTIONS = ("mrr_v1", "nrr_v2", "grr_v1", "logo_churn_v1")
SHOP = ("orders_v1", "gross_sales_v1", "net_sales_v1", "aov_v2", "refund_rate_v1", "repeat_purchase_rate_v1")
HOURS = ("billable_hours_v1", "billable_utilisation_v1", "realisation_rate_v1")

Random = Callable[..., Replay]
Rows = Sequence[dict]


@pytest.fixture(scope="module")
def replay(built: Built) -> Random:
    """The models that lead to some tables, over raw tables that are as yet empty; made once for each set of tables."""
    return cache(lambda *wanted: Replay(built, wanted))


def fill(replay: Replay, entity: str, rows: Rows, *, file: str = "a.csv", keep: bool = False) -> None:
    """Put rows in a raw table as a file delivered them; the rows of other files stay when `keep`."""
    if not keep:
        replay.execute(f"delete from raw_files.{entity}")
    for line, row in enumerate(rows, 2):
        key = next(iter(row.values()))
        full = {"currency": "EUR", **row, "_key": key, "source_name": "test", "file_name": file, "file_line": line}
        if entity == "tickets":
            del full["currency"]
        named = ", ".join(f"? as {name}" for name in full)
        replay.execute(f"insert into raw_files.{entity} by name select {named}", list(full.values()))


def metric(replay: Replay, name: str, where: str = "true") -> list[tuple]:
    """Rows of one version of a metric: grain, period, scope, numerator, denominator, n."""
    return replay.rows(
        "select period_grain, period, scope, numerator, denominator, n "
        f"from metrics.metric_{name} where {where} order by all"
    )


def tables(metrics: Sequence[str]) -> list[str]:
    return [f"metric_{name}" for name in metrics]


def cents(largest: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1, largest).map(lambda amount: Decimal(amount) / 100)


@st.composite
def subscriptions(draw: st.DrawFn) -> Rows:
    """Subscriptions of a few customers that begin and end on any day of twenty months."""
    rows = []
    for number in range(draw(st.integers(1, 9))):
        start = date(2023, 1, 1) + timedelta(days=draw(st.integers(0, 600)))
        lasts = draw(st.none() | st.integers(1, 500))
        rows.append(
            {
                "subscription_id": f"A{number}",
                "customer_id": f"C{draw(st.integers(1, 3))}",
                "started_on": start,
                "ended_on": None if lasts is None else start + timedelta(days=lasts),
                "monthly_amount": draw(cents(90_000)),
            }
        )
    return rows


def mrr_at(rows: Rows, day: date) -> dict[str, Decimal]:
    """What each customer pays a month on a day, by Python."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["started_on"] <= day and (row["ended_on"] is None or row["ended_on"] > day):
            paid[row["customer_id"]] += row["monthly_amount"]
    return paid


@RANDOM
@given(rows=subscriptions())
def test_mrr_and_its_movements_explain_every_customer_to_the_cent(replay: Random, rows: Rows) -> None:
    made = replay(*tables(SUBSCRIPTIONS), "fct_mrr_movements")
    fill(made, "subscriptions", rows)
    months = made.rows("select period, period_end from marts.dim_period where period_grain = 'month' order by 1")
    published = {row[1]: row[3] for row in metric(made, "mrr_v1", "period_grain = 'month'")}
    moved: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for customer, end, amount in made.rows("select customer_id, month_end, amount from marts.fct_mrr_movements"):
        moved[customer, end] += amount
    before: dict[str, Decimal] = {}
    for period, end in months:
        now = mrr_at(rows, end)
        assert published.get(period, Decimal(0)) == sum(now.values(), Decimal(0)), period
        for customer in now.keys() | before.keys():
            change = now.get(customer, Decimal(0)) - before.get(customer, Decimal(0))
            assert moved.get((customer, end), Decimal(0)) == change, (period, customer)
        before = now


@RANDOM
@given(rows=subscriptions())
def test_gross_retention_is_at_most_one_and_at_most_net_retention(replay: Random, rows: Rows) -> None:
    made = replay(*tables(SUBSCRIPTIONS), "fct_mrr_movements")
    fill(made, "subscriptions", rows)
    net = {row[:3]: row[3] for row in metric(made, "nrr_v2")}
    for grain, period, scope, kept, opening, _ in metric(made, "grr_v1"):
        assert 0 <= kept <= opening, (grain, period)
        assert kept <= net[grain, period, scope], (grain, period)
    for grain, period, _, lost, opening, _ in metric(made, "logo_churn_v1"):
        assert 0 <= lost <= opening, (grain, period)


@st.composite
def shop(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Orders on any minute of fourteen months, and refunds of some of them, sometimes more than one."""
    orders, refunds = [], []
    for number in range(draw(st.integers(1, 10))):
        at = datetime(2023, 11, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 60 * 24 * 420)))
        goods = draw(cents(20_000))
        orders.append(
            {
                "order_id": f"O{number}",
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
                    "order_id": f"O{number}",
                    "refunded_at": at + timedelta(days=draw(st.integers(0, 60))),
                    "amount": draw(cents(5_000)),
                }
            )
    return orders, refunds


@RANDOM
@given(rows=shop(), order=st.randoms(use_true_random=False))
def test_what_is_sold_and_sent_back_counts_once_in_any_order_and_however_often_delivered(
    replay: Random, rows: tuple[Rows, Rows], order: random.Random
) -> None:
    made = replay(*tables(SHOP))
    orders, refunds = rows
    fill(made, "orders", orders)
    fill(made, "refunds", refunds)
    once = [metric(made, name) for name in SHOP]
    counted = [row for row in orders if row["status"] in {None, "completed"}]
    sold = sum((row["gross_amount"] - (row["discount_amount"] or 0) for row in counted), Decimal(0))
    returned = sum((row["amount"] for row in refunds), Decimal(0))
    everything = {row[2]: row[3] for row in metric(made, "net_sales_v1", "period_grain = 'all'")}
    assert everything.get("total", Decimal(0)) == sold - returned
    assert sum(value for scope, value in everything.items() if scope.startswith("channel:")) == sold - returned
    mixed = order.sample(orders, len(orders))
    half = len(mixed) // 2
    # The first half is delivered wrong, and corrected by a file whose name sorts later; every refund comes twice.
    fill(made, "orders", [{**row, "gross_amount": Decimal("999999")} for row in mixed[:half]])
    fill(made, "orders", mixed, file="b.csv", keep=True)
    fill(made, "refunds", order.sample(refunds, len(refunds)), file="z.csv")
    fill(made, "refunds", refunds, file="b.csv", keep=True)
    assert [metric(made, name) for name in SHOP] == once


@RANDOM
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
def test_hours_and_what_they_are_worth_add_up_over_months_and_teams(replay: Random, entries: list[tuple]) -> None:
    made = replay(*tables(HOURS))
    fill(
        made,
        "hours",
        [
            {
                "entry_id": f"U{number}",
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
    whole = "period_grain = 'all' and scope = 'total'"
    [shares] = [row[3:5] for row in metric(made, "billable_utilisation_v1", whole)]
    assert shares == (sum(entry[2] for entry in billed), sum(entry[2] for entry in entries))
    assert [row[3:5] for row in metric(made, "realisation_rate_v1", whole)] == (
        [(sum(entry[5] for entry in settled), sum(entry[2] * entry[4] for entry in settled))] if settled else []
    )
    for name in ("billable_utilisation_v1", "realisation_rate_v1"):
        expected = [sum(row[place] for row in metric(made, name, whole)) for place in (3, 4)]
        for family in ("scope = 'total'", "scope <> 'total'"):
            for grain in ("month", "quarter", "year"):
                parts = metric(made, name, f"period_grain = '{grain}' and {family}")
                assert [sum(row[place] for row in parts) for place in (3, 4)] == expected, (name, grain, family)


CHANGES_OF_THE_CLOCK = [datetime(2024, 3, 31), datetime(2024, 10, 27), datetime(2025, 3, 30)]


def moments() -> st.SearchStrategy[datetime]:
    """Instants, half of them on a day on which the clock changes."""
    near = st.sampled_from(CHANGES_OF_THE_CLOCK).flatmap(
        lambda day: st.integers(0, 60 * 24).map(lambda minute: day + timedelta(minutes=minute))
    )
    return (st.datetimes(datetime(2023, 10, 28), datetime(2025, 4, 1)) | near).map(
        lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
    )


@RANDOM
@given(instants=st.lists(moments(), min_size=1, max_size=12))
def test_an_order_falls_on_the_local_day_and_month_by_pythons_own_time_zones(
    replay: Random, instants: list[datetime]
) -> None:
    made = replay(*tables(SHOP))
    fill(
        made,
        "orders",
        [
            {"order_id": f"O{number}", "ordered_at": at, "gross_amount": Decimal(1)}
            for number, at in enumerate(instants)
        ],
    )
    days = [at.astimezone(AMSTERDAM).date() for at in instants]
    assert made.rows("select order_id, order_date from marts.fct_orders order by 1") == sorted(
        (f"O{number}", day) for number, day in enumerate(days)
    )
    months: dict[str, int] = defaultdict(int)
    for day in days:
        months[f"{day:%Y-%m}"] += 1
    counted = metric(made, "orders_v1", "period_grain = 'month' and scope = 'total'")
    assert {row[1]: int(row[3]) for row in counted if row[3]} == months


@st.composite
def opening_hours(draw: st.DrawFn) -> list[tuple[date, date, int, int, int]]:
    """Two schedules that follow each other, of one or two runs of hours on some weekdays, nights included.

    None begins or ends at two or half past two: a night a year, that is said twice or not at all.
    """
    rows = []
    for since, until in ((date(1900, 1, 1), date(2024, 10, 31)), (date(2024, 11, 1), date(9999, 12, 31))):
        for weekday in draw(st.sets(st.integers(1, 7), min_size=1)):
            edges = sorted(
                draw(st.sets(st.integers(0, 48).filter(lambda half: half not in {4, 5}), min_size=2, max_size=4))
            )
            rows += [(since, until, weekday, edges[at] * 30, edges[at + 1] * 30) for at in range(0, len(edges) - 1, 2)]
    return rows


@RANDOM
@given(
    hours=opening_hours(),
    closed=st.sets(st.dates(date(2024, 3, 25), date(2025, 4, 1)), max_size=40),
    tickets=st.lists(st.tuples(moments(), st.integers(0, 60 * 50)), min_size=1, max_size=8),
)
def test_business_hours_are_the_minutes_that_were_open_by_pythons_own_clock(
    replay: Random, hours: list[tuple], closed: set[date], tickets: list[tuple[datetime, int]]
) -> None:
    made = replay("int_tickets_timed")
    made.execute("delete from raw_company.opening_hours")
    made.execute("delete from raw_company.closed_days")
    columns = "? as valid_from, ? as valid_until, ? as weekday, ? as opens_minute, ? as closes_minute"
    for row in hours:
        made.execute(f"insert into raw_company.opening_hours by name select {columns}", row)
    for day in closed:
        made.execute("insert into raw_company.closed_days by name select ? as closed_on, 'x' as reason", [day])
    fill(
        made,
        "tickets",
        [
            {
                "ticket_id": f"V{number}",
                "created_at": at,
                "first_responded_at": at + timedelta(minutes=waits),
                "resolved_at": None,
            }
            for number, (at, waits) in enumerate(tickets)
        ],
    )

    def is_open(moment: datetime) -> bool:
        local = moment.astimezone(AMSTERDAM)
        day, minute = local.date(), local.hour * 60 + local.minute
        return day not in closed and any(
            since <= day <= until and weekday == day.isoweekday() and opens <= minute < closes
            for since, until, weekday, opens, closes in hours
        )

    expected = [
        (f"V{number}", sum(is_open(at.replace(second=0) + timedelta(minutes=past)) for past in range(waits)))
        for number, (at, waits) in enumerate(tickets)
    ]
    assert expected == made.rows(
        "select ticket_id, cast(round(business_response_hours * 60) as bigint) from intermediate.int_tickets_timed order by 1"
    )
