"""AFAS Profit, against an administration that speaks the documented protocol of GetConnectors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing, latest
from ingestion.errors import SourceError
from ingestion.sources.afas import CONNECTOR
from ingestion.sources.afas.resources import Afas
from ingestion.sources.afas.settings import AfasSettings
from tests.ingestion.connect import fake_afas
from tests.ingestion.connect.fake import Answer, FakeClock, serve
from tests.ingestion.connect.fake_afas import TOKEN, FakeAfas, line
from tests.ingestion.connect.staging import staged


class Administration:
    """The fake administration, and what is read of it."""

    def __init__(self, server: FakeAfas, folder: Path) -> None:
        self.server, self.folder = server, folder / "afas"
        self.clock = FakeClock()
        self.token = TOKEN

    def settings(self, **changed: Any) -> AfasSettings:
        told = {"environment": "12345", "unit": 1, "since_year": 2025, "balance_types": "3"}
        return AfasSettings.model_validate(told | {"base_url": self.server.url, "take": 4} | changed)

    def fetch(self, **changed: Any) -> None:
        settings = self.settings(**changed)
        reader = Afas(settings, {"AFAS_TOKEN": self.token}, self.clock)
        connect.fetch(CONNECTOR, settings, reader, Landing(self.folder))

    def rows(self, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        landing, spec = Landing(self.folder), CONNECTOR.tables["transaction_lines"]
        with duckdb.connect() as connection:
            found = latest(landing, "transaction_lines", spec, landing.progress("transaction_lines").batches)
            return connection.execute(f"select {columns} from ({found}) where {where} order by all").fetchall()

    def asked(self) -> list[tuple[str, str]]:
        """Year and period of every question for lines."""
        return [
            (values[1], values[2])
            for request in self.server.requests
            if "Transactions" in request.path
            for values in [request.query["filtervalues"].split(",")]
        ]


@pytest.fixture
def administration(tmp_path: Path) -> Iterator[Administration]:
    lines = [
        entry
        for year in (2025, 2026)
        for period in range(1, 6)
        for number in range(1, 5)
        for amount in [f"{number * 10 + period}.0{number}"]
        for entry in (
            line(year * 1000 + period * 10 + number, 1, year, period, "1300", amount),
            line(year * 1000 + period * 10 + number, 2, year, period, "8000", f"-{amount}"),
        )
    ]
    with serve(FakeAfas(lines)) as server:
        yield Administration(server, tmp_path)


def test_every_line_of_every_period_comes_once_though_afas_gives_no_total(administration: Administration) -> None:
    # Eight lines a period in pages of four: the last full page is followed by an empty one.
    administration.fetch()
    debit = sum(Decimal(repr(row["AmtDebit"])) for row in administration.server.lines)
    assert administration.rows("count(*), sum(debit), sum(credit)") == [(80, debit, debit)]
    assert all(request.query["orderbyfieldids"] for request in administration.server.requests)


def test_a_moment_with_z_is_dutch_time_and_stays_on_its_day(administration: Administration) -> None:
    administration.server.lines[0]["EntryDate"] = "2025-03-30T23:30:00Z"  # the day summer time begins
    administration.server.lines[1]["EntryDate"] = "2025-10-26T00:30:00Z"
    administration.fetch()
    days = dict(administration.rows("line_number, booked_on", "entry_number = '2025011'"))
    assert days == {1: date(2025, 3, 30), 2: date(2025, 10, 26)}


def test_closed_periods_are_asked_weekly_and_open_ones_every_time(administration: Administration) -> None:
    administration.fetch()
    administration.server.requests.clear()
    administration.clock.time += 86_400
    administration.fetch()
    assert {year for year, _ in administration.asked()} == {"2026"}
    administration.server.requests.clear()
    administration.clock.time += 8 * 86_400
    administration.fetch()
    assert {year for year, _ in administration.asked()} == {"2025", "2026"}


def test_no_question_is_longer_than_afas_reads(administration: Administration) -> None:
    administration.fetch()
    asked = [urlencode(request.query) for request in administration.server.requests]
    assert len(asked) > 20 and max(map(len, asked)) < fake_afas.LONGEST / 4, "with room for names of the company's own"


def test_a_line_that_is_gone_from_its_period_is_gone_here(administration: Administration) -> None:
    administration.fetch()
    administration.server.lines = [row for row in administration.server.lines if row["EntryNo"] != 2026011]
    administration.fetch()
    assert administration.rows("count(*)", "entry_number = '2026011'") == [(0,)]
    assert administration.rows("count(*)") == [(78,)]


def test_a_period_that_suddenly_is_empty_does_not_wipe_what_is_here(administration: Administration) -> None:
    administration.fetch()
    server = administration.server
    server.balances = server._balances()
    kept, server.lines = server.lines, [row for row in server.lines if (row["Year"], row["Period"]) != (2026, 2)]
    with pytest.raises(SourceError, match=r"period 2 of 2026 .* account 1300 add up to 0\.00.*balance of it is"):
        administration.fetch()
    assert administration.rows("count(*)", "fiscal_year = '2026' and period_number = 2") == [(8,)]
    server.lines, server.balances = kept, None
    administration.fetch()
    server.lines = [row for row in server.lines if (row["Year"], row["Period"]) != (2026, 2)]
    administration.fetch()
    assert administration.rows("count(*)") == [(72,)], "empty in AFAS's own balance too, it is empty"


def test_a_booking_while_it_is_read_is_read_again(administration: Administration) -> None:
    server = administration.server
    whole = server.afas
    fresh = [line(9_000_001, 1, 2026, 5, "1300", "5.00"), line(9_000_001, 2, 2026, 5, "8000", "-5.00")]

    def booked(request: Any) -> Answer:
        if "Period_balance" in request.path and request.query.get("filtervalues", "").endswith("2026,5"):
            server.lines += fresh
            fresh.clear()
        return whole(request)

    server.respond = booked
    administration.fetch()
    assert administration.rows("count(*)") == [(82,)]


def test_a_server_out_of_memory_is_asked_for_half_as_much(administration: Administration) -> None:
    administration.server.most = 3
    administration.fetch()
    assert administration.rows("count(*)") == [(80,)]
    administration.server.most = 0
    with pytest.raises(SourceError, match="out of memory on a single row"):
        administration.fetch()


def test_busy_says_in_the_body_how_long(administration: Administration) -> None:
    busy = Answer({"externalMessage": "Te druk", "retry_after": 45}, 503)
    administration.server.script = {3: busy}
    administration.fetch()
    assert administration.clock.slept == [45.0]


@pytest.mark.parametrize(
    ("answer", "said", "requests"),
    [
        (Answer({"externalMessage": "De connector is geblokkeerd", "errorNumber": 9}, 500), "has blocked", 2),
        (Answer({"externalMessage": "Onbekend veld", "errorNumber": 9}, 500), "status 500.*Onbekend veld", 2),
        (Answer({"externalMessage": "IP niet toegestaan"}, 403), "refuses access.*IP niet.*allow-list", 2),
    ],
)
def test_what_afas_refuses_is_not_asked_again(
    administration: Administration, answer: Answer, said: str, requests: int
) -> None:
    administration.server.script = dict.fromkeys(range(2, 9), answer)
    with pytest.raises(SourceError, match=said):
        administration.fetch()
    assert len(administration.server.requests) == requests
    administration.server.script = {}
    administration.fetch()
    assert administration.rows("count(*)") == [(80,)]


def test_a_field_the_company_renamed_is_named_and_can_be_told(administration: Administration) -> None:
    administration.server.renamed = {"AmtDebit": "AmtDebet"}
    with pytest.raises(SourceError, match="Profit_Transactions has no field AmtDebit; is it AmtDebet"):
        administration.fetch()
    administration.fetch(fields={"AmtDebit": "AmtDebet"})
    assert administration.rows("count(*), bool_and(debit + credit > 0)") == [(80, True)]


def test_account_types_and_administrations_that_are_not_there_are_named(administration: Administration) -> None:
    with pytest.raises(SourceError, match="no account has type 9; there is 2, 3"):
        administration.fetch(balance_types=["9"])
    with pytest.raises(SourceError, match="administration 7 has no periods"):
        administration.fetch(unit=7)
    administration.token = "wrong"
    with pytest.raises(SourceError, match="does not accept the credentials"):
        administration.fetch()


def test_nothing_that_is_not_listed_reaches_the_disk(administration: Administration) -> None:
    administration.token = "SECRET"  # the bare data of the token is enough
    administration.fetch()
    content = b"".join(path.read_bytes() for path in administration.folder.rglob("*") if path.is_file())
    assert b"Jansen" not in content and b"SECRET" not in content


def test_the_books_come_in_the_columns_of_an_auditfile(administration: Administration, tmp_path: Path) -> None:
    settings = administration.settings(rgs_field="RGS")
    administration.fetch(rgs_field="RGS")
    connect.deliver(CONNECTOR, settings, Landing(administration.folder), tmp_path / "w.duckdb", tmp_path / "work")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        years = staged(connection, "afas", "fiscal_years").to_pylist()
        accounts = staged(connection, "afas", "ledger_accounts").to_pylist()
        periods = staged(connection, "afas", "periods").to_pylist()
        lines = staged(connection, "afas", "transaction_lines").to_pylist()
    server = administration.server
    assert [(year["fiscal_year"], year["lines_count"]) for year in years] == [("2025", 40), ("2026", 40)]
    assert all(year["total_debit"] == year["total_credit"] for year in years)
    assert {(row["account_id"], row["account_type"], row["rgs_code"]) for row in accounts} == {
        ("1300", "B", "BVorDebHad"),
        ("8000", "P", "WOmzNopOlv"),
    }
    assert len(periods) == 26
    expected = [
        (str(row["Year"]), row["AccountNo"], Decimal(repr(row["AmtDebit"])) - Decimal(repr(row["AmtCredit"])))
        for row in server.lines
    ]
    assert sorted((row["fiscal_year"], row["account_id"], row["amount"]) for row in lines) == sorted(expected)
