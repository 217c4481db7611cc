"""Files that come again, late, shorter, longer, doubled and in another order: each order counts once, as last delivered.

A model of the inbox in plain Python is the truth; the files are loaded by the real loader and read through the staging
model as dbt compiled it.
"""

from __future__ import annotations

import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ingestion.sources import files
from ingestion.sources.files import FileSpec
from tests.faults import record

pytestmark = [pytest.mark.fault, pytest.mark.integration]

SPEC = FileSpec.model_validate(
    {
        "name": "shop",
        "entity": "orders",
        "pattern": "day_*.csv",
        "key": ["order_id"],
        "columns": {"order_id": "id", "ordered_at": "at", "gross_amount": "amount"},
        "values": {"currency": "EUR"},
    }
)
ORDERS = st.integers(1, 12)
CENTS = st.integers(-99999, 999999)
DAYS = st.integers(1, 28)
LINES = st.lists(st.tuples(ORDERS, DAYS, CENTS), min_size=1, max_size=6)
Line = tuple[int, int, int]


class Inbox(RuleBasedStateMachine):
    """What a shop does to its exports, with a delivery after each step."""

    sql = ""
    steps: list[bool] = []  # noqa: RUF012 - counted over all machines

    @initialize(days=st.dictionaries(DAYS, LINES, min_size=2, max_size=3))
    def begins_with_some_days(self, days: dict[int, list[Line]]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="inbox-"))
        (self.folder / "inbox").mkdir()
        self.there = dict(days)  # what lies in the inbox
        self.loaded: dict[int, list[Line]] = {}  # what was loaded from it last: a file that is gone keeps its rows
        self._deliver()

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _deliver(self) -> None:
        for day, lines in self.there.items():
            rows = [f"A{order:03},2024-03-{at:02} 12:00:00,{Decimal(cents) / 100}" for order, at, cents in lines]
            text = "\n".join(["id,at,amount", *rows, ""])
            (self.folder / "inbox" / f"day_{day:02}.csv").write_text(text, encoding="utf-8")
        files.deliver([SPEC], self.folder / "inbox", self.folder / "w.duckdb", self.folder / "work", time_zone="UTC")
        self.loaded |= self.there

    @rule(day=DAYS, lines=LINES)
    def a_day_is_exported_late_or_in_time(self, day: int, lines: list[Line]) -> None:
        self.there[day] = lines
        self._deliver()

    @precondition(lambda self: self.there)
    @rule(data=st.data(), lines=LINES)
    def a_day_grows(self, data: st.DataObject, lines: list[Line]) -> None:
        self.there[data.draw(st.sampled_from(sorted(self.there)))] += lines
        self._deliver()

    @precondition(lambda self: any(len(lines) > 1 for lines in self.there.values()))
    @rule(data=st.data())
    def rows_are_deleted_from_a_day(self, data: st.DataObject) -> None:
        day = data.draw(st.sampled_from([day for day, lines in sorted(self.there.items()) if len(lines) > 1]))
        self.there[day] = self.there[day][: len(self.there[day]) // 2]
        self._deliver()

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def the_rows_of_a_day_come_in_another_order(self, data: st.DataObject) -> None:
        day = data.draw(st.sampled_from(sorted(self.there)))
        self.there[day] = data.draw(st.permutations(self.there[day]))
        self._deliver()

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def the_rows_of_a_day_come_twice(self, data: st.DataObject) -> None:
        day = data.draw(st.sampled_from(sorted(self.there)))
        self.there[day] = self.there[day] * 2
        self._deliver()

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def a_file_is_taken_away(self, data: st.DataObject) -> None:
        day = data.draw(st.sampled_from(sorted(self.there)))
        (self.folder / "inbox" / f"day_{day:02}.csv").unlink()
        del self.there[day]
        self._deliver()

    @rule()
    def nothing_changes(self) -> None:
        self._deliver()

    @invariant()
    def each_order_counts_once_as_last_delivered(self) -> None:
        truth: dict[str, Decimal] = {}
        for _, lines in sorted(self.loaded.items()):
            truth |= {f"A{order:03}": Decimal(cents) / 100 for order, _, cents in lines}
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self.folder / 'w.duckdb'}' as warehouse (read_only); use warehouse")
            found = connection.execute(f"select order_id, gross_amount from ({self.sql})").fetchall()
        good = dict(found) == truth and len(found) == len(truth)
        self.steps.append(good)
        assert good, f"{found}\nbut delivered were {truth}"


@pytest.mark.timeout(2 * 3600)
def test_an_order_is_neither_lost_nor_doubled_whatever_becomes_of_its_files(
    dbt_target: Path, request: pytest.FixtureRequest
) -> None:
    [model] = (dbt_target / "compiled").rglob("stg_files__orders.sql")
    Inbox.sql, long = model.read_text(encoding="utf-8"), request.config.getoption("--long")
    run_state_machine_as_test(
        Inbox,
        settings=settings(
            max_examples=100 if long else 4,
            stateful_step_count=30 if long else 6,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
            database=None,
            derandomize=not long,
        ),
    )
    record.note("deliveries: late, doubled, deleted, reordered", Inbox.steps)
    assert len(Inbox.steps) > 10
