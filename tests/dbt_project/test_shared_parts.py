"""G5: no part of a total that readers outside see is about a few people, and none that is left out can be worked out.

Four hundred random months of orders; who bought what is known here, and counted by Python.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from tests.dbt_project.replay import Built

pytestmark = pytest.mark.integration

FEWEST, MOST = 5, Decimal("0.85")
CHANNELS = ("ads", "email", "fair", "mail", None)
METRICS = {"orders": "count", "net_sales": "currency"}
Bought = dict[str | None, list[tuple[str, Decimal]]]


def month(chance: random.Random) -> Bought:
    """Who bought for how much by channel: now and then by few, by one large buyer, or by nobody; None is no channel."""
    bought: Bought = {}
    for channel in CHANNELS:
        people = chance.choice((0, 1, 3, 4, 5, 6, 9, 30))
        rows = [
            (f"{channel}-{person}", Decimal(chance.randint(10, 50)))
            for person in range(people)
            for _ in range(chance.randint(1, 3))
        ]
        if rows and chance.random() < 0.2:
            rows.append((rows[0][0], Decimal(9_000)))
        if rows and (channel is not None or chance.random() < 0.3):
            bought[channel] = rows
    return bought


def test_g5_what_outsiders_see_is_about_five_people_at_least_and_gives_no_smaller_part_away(built: Built) -> None:
    chance = random.Random(5)
    months = {f"{number:04d}": month(chance) for number in range(400)}
    connection = built.connect()
    connection.execute(f"attach '{built.warehouse}' as source (read_only)")
    for table in ("reporting.rpt_metric_values", "reporting.rpt_metrics", "intermediate.int_part_contributors"):
        connection.execute(f"create table {table} as select * from source.{table} limit 0")
    values, contributors = [], []
    for period, bought in months.items():
        for channel, rows in bought.items():
            amounts = sorted(_by_person(rows).values(), reverse=True)
            share = sum(amounts[:2]) / sum(amounts)
            contributors.append(("orders", "month", period, f"channel:{channel or ''}", len(amounts), share))
        parts = {f"channel:{channel}": rows for channel, rows in bought.items() if channel is not None}
        everything = [row for rows in bought.values() for row in rows]
        for scope, rows in {**parts, "total": everything}.items():
            sold = {"orders": Decimal(len(rows)), "net_sales": sum((amount for _, amount in rows), Decimal(0))}
            values += [
                (name, 1, "month", period, scope, value, 1, len(rows), value, "no_target")
                for name, value in sold.items()
            ]
    names = ("source", "grain", "period", "scope", "people", "share_of_two")
    _insert(connection, "intermediate.int_part_contributors", names, contributors)
    registry = [(name, 1, "orders", "month", unit) for name, unit in METRICS.items()]
    _insert(connection, "reporting.rpt_metrics", ("metric", "version", "sources", "report_grain", "unit"), registry)
    names = ("metric", "version", "grain", "period", "scope", "numerator", "denominator", "n", "value", "status")
    _insert(connection, "reporting.rpt_metric_values", names, values)
    shown = connection.execute(
        f"select metric, period, scope, value, reason, is_withheld from ({built.sql('rpt_shared_parts')})"
    ).fetchall()
    expected = {(name, period, scope): value for name, _, _, period, scope, value, *_ in values if scope != "total"}
    assert {row[:3] for row in shown} == expected.keys()
    reasons: Counter[str] = Counter()
    hidden: dict[tuple[str, str], list[str]] = defaultdict(list)
    for metric, period, scope, value, reason, is_withheld in shown:
        amounts = sorted(_by_person(months[period][scope.partition(":")[2]]).values(), reverse=True)
        is_few = len(amounts) < FEWEST
        is_dominated = METRICS[metric] != "count" and sum(amounts[:2]) / sum(amounts) > MOST
        assert is_withheld == (value is None) == (reason is not None)
        if is_withheld:
            reasons[reason] += 1
            hidden[metric, period].append(scope.partition(":")[2])
            assert reason == ("too_few" if is_few else "dominated" if is_dominated else "complement")
        else:
            assert not is_few and not is_dominated and value == expected[metric, period, scope]
    assert min(reasons[one] for one in ("too_few", "dominated", "complement")) > 50
    for (_, period), channels in hidden.items():
        bought = months[period]
        # The total less what is shown is what is hidden, with the orders that name no channel.
        left = [*channels, *([None] if None in bought else [])]
        behind = {person for channel in left for person, _ in bought[channel]}
        everything = len(left) == len(bought)
        assert everything or (len(left) > 1 and len(behind) >= FEWEST), (period, left)
    for period, bought in months.items():
        unnamed = len(_by_person(bought.get(None, [])))
        if 0 < unnamed < FEWEST and len(bought) > 1:
            assert hidden["orders", period], "the total less the channels would be those few orders"


def _insert(connection: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], rows: list[tuple]) -> None:
    made = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))  # noqa: F841 - DuckDB finds it by its name
    connection.execute(f"insert into {table} by name from made")


def _by_person(rows: list[tuple[str, Decimal]]) -> dict[str, Decimal]:
    bought: dict[str, Decimal] = defaultdict(Decimal)
    for person, amount in rows:
        bought[person] += amount
    return bought
