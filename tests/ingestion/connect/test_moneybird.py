"""Moneybird, against an administration that speaks the documented protocol of its reports."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.moneybird import CONNECTOR
from ingestion.sources.moneybird.resources import Moneybird
from ingestion.sources.moneybird.settings import MoneybirdSettings
from tests.ingestion.connect.fake import Answer, FakeClock, Request, serve
from tests.ingestion.connect.fake_moneybird import FakeMoneybird
from tests.ingestion.connect.staging import broken, staged

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC).timestamp()


class Administration:
    """The fake administration, and what is read of it."""

    def __init__(self, server: FakeMoneybird, folder: Path) -> None:
        self.server, self.folder = server, folder / "moneybird"
        self.clock = FakeClock(NOW)
        self.token = "good"

    def settings(self, **changed: Any) -> MoneybirdSettings:
        told = {"administration": "123", "since": "2025-01-01", "base_url": self.server.url}
        return MoneybirdSettings.model_validate(told | changed)

    def fetch(self, **changed: Any) -> None:
        settings = self.settings(**changed)
        connect.fetch(
            CONNECTOR, settings, Moneybird(settings, {"MONEYBIRD_TOKEN": self.token}, self.clock), Landing(self.folder)
        )

    def delivered(self, **changed: Any) -> duckdb.DuckDBPyConnection:
        warehouse, settings = self.folder.with_name("w.duckdb"), self.settings(**changed)
        connect.deliver(CONNECTOR, settings, Landing(self.folder), warehouse, self.folder.with_name("work"))
        return duckdb.connect(str(warehouse))

    def staged(self, table: str, **changed: Any) -> list[dict[str, Any]]:
        with self.delivered(**changed) as connection:
            return staged(connection, "moneybird", table).to_pylist()


@pytest.fixture
def administration(tmp_path: Path) -> Iterator[Administration]:
    chance = random.Random(3)
    lines = [(date(2024, 6, 1), "1", Decimal("300.00")), (date(2024, 6, 1), "2", Decimal("-300.00"))]
    for _ in range(200):
        day = date(2025, 1, 1) + timedelta(days=chance.randrange(440))
        amount = Decimal(chance.randrange(1, 100_000)) / 100
        account = chance.choice(["3", "4"])
        lines += [(day, "1", amount), (day, account, -amount)]
    with serve(FakeMoneybird(lines)) as server:
        yield Administration(server, tmp_path)


def test_every_month_of_every_account_adds_up_to_the_books(administration: Administration) -> None:
    administration.fetch()
    expected: dict[tuple[str, str, int], Decimal] = defaultdict(Decimal)
    for day, account, amount in administration.server.lines:
        if day.year > 2024:
            expected[account, str(day.year), day.month] += amount
        else:
            expected[account, "2025", 0] += amount  # what the first month opens with
    lines = administration.staged("transaction_lines")
    found = {(row["account_id"], row["fiscal_year"], row["period_number"]): row["amount"] for row in lines}
    assert found == {key: amount for key, amount in expected.items() if amount}
    assert all(row["transaction_date"].month == max(row["period_number"], 1) for row in lines)
    years = administration.staged("fiscal_years")
    assert [(year["fiscal_year"], year["has_opening_balance"], year["fiscal_year_end"]) for year in years] == [
        ("2025", True, date(2025, 12, 31)),
        ("2026", False, date(2026, 12, 31)),
    ]
    accounts = administration.staged("ledger_accounts")
    assert {(row["account_id"], row["account_type"], row["rgs_code"]) for row in accounts} == {
        ("1", "B", None),
        ("2", "B", None),
        ("3", "P", None),
        ("4", "P", "WBedAlkOal"),
    }


def test_a_fiscal_year_that_is_not_a_calendar_year_is_called_after_its_end(administration: Administration) -> None:
    administration.fetch(since="2025-07-01")
    periods = administration.staged("periods", since="2025-07-01")
    assert [(row["fiscal_year"], row["period_number"], row["period_start"]) for row in periods[:2]] == [
        ("2026", 1, date(2025, 7, 1)),
        ("2026", 2, date(2025, 8, 1)),
    ]
    assert periods[-1]["period_end"] == date(2026, 6, 30)


def test_books_in_another_currency_are_refused(administration: Administration) -> None:
    administration.server.currency = "USD"
    administration.fetch()
    with administration.delivered() as connection:
        said = broken(connection, "moneybird", "moneybird_amounts_are_in_the_company_currency")
    assert [message.split(",")[0] for message in said] == [
        f"Moneybird has the books of {year} in USD" for year in (2025, 2026)
    ]


def test_what_is_booked_or_removed_in_an_old_month_is_seen(administration: Administration) -> None:
    administration.fetch()
    lines = administration.server.lines
    administration.server.lines = [line for line in lines if (line[0].year, line[0].month) != (2025, 3)]
    administration.server.lines += [(date(2025, 1, 5), "4", Decimal("7.25")), (date(2025, 1, 5), "2", Decimal("-7.25"))]
    administration.fetch()
    found = administration.staged("transaction_lines")
    assert not [row for row in found if (row["fiscal_year"], row["period_number"]) == ("2025", 3)]
    assert sum(row["amount"] for row in found if row["account_id"] == "2") == Decimal("-307.25")


def test_the_moment_of_the_limit_is_seconds_since_1970(administration: Administration) -> None:
    used_up = Answer("Retry later", 429, headers={"Retry-After": str(int(NOW) + 240)}, kind="text/plain")
    administration.server.script = {3: used_up}
    administration.fetch()
    assert max(administration.clock.slept) == 240.0
    assert len(administration.staged("transaction_lines")) > 20


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"final_balance": {"1": "300.01"}}, "2025-01 ledger account 1 adds up to 300.00, but Moneybird says 300.01"),
        ({"debit_sums": {"1": "x"}}, "debit"),
    ],
)
def test_a_report_that_does_not_add_up_is_refused(
    administration: Administration, change: dict[str, Any], said: str
) -> None:
    administration.server.lines = administration.server.lines[:2]
    whole = administration.server.moneybird

    def wrong(request: Request) -> Answer:
        answer = whole(request)
        if "general_ledger" in request.path:
            answer.body |= change
        return answer

    administration.server.respond = wrong
    with pytest.raises(SourceError, match=said):
        administration.fetch()


def test_a_booking_between_two_months_is_noticed(administration: Administration) -> None:
    whole = administration.server.moneybird

    def booked(request: Request) -> Answer:
        if request.query.get("period", "").startswith("202504"):
            administration.server.lines.append((date(2025, 2, 1), "1", Decimal(5)))
        return whole(request)

    administration.server.respond = booked
    with pytest.raises(SourceError, match="2025-04 ledger account 1 adds up to"):
        administration.fetch()
    administration.server.respond = whole
    administration.fetch()


def test_access_numbers_and_types_that_are_not_right_are_named(administration: Administration) -> None:
    with pytest.raises(SourceError, match="does not see administration 9, but 123, 176649459576838474"):
        administration.fetch(administration="9")
    with pytest.raises(SourceError, match="2025-01-15 is not the first"):
        administration.fetch(since="2025-01-15")
    administration.server.types["5"] = "other"
    with pytest.raises(SourceError, match="Rekening 5 has type other"):
        administration.fetch()
    administration.token = "bad"
    with pytest.raises(SourceError, match=r"No access to \[:bank\]"):
        administration.fetch()
