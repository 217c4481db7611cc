"""Exact Online: a login that can't be lost by two jobs, limits that are kept, deletes that are heard of."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.exact import CONNECTOR
from ingestion.sources.exact.resources import Exact
from ingestion.sources.exact.settings import ExactSettings
from tests.ingestion.connect.fake import Answer, FakeClock, Request, serve
from tests.ingestion.connect.fake_exact import FakeExact, invoice_line, line, open_item
from tests.ingestion.connect.staging import broken, staged

SECRETS = {"EXACT_CLIENT_ID": "id", "EXACT_CLIENT_SECRET": "secret", "EXACT_REFRESH_TOKEN": "refresh-0"}


class Books:
    """The fake division, and what is read of it."""

    def __init__(self, server: FakeExact, folder: Path) -> None:
        self.server, self.folder, self.clock, self.secrets = server, folder, FakeClock(), dict(SECRETS)
        self.told: dict[str, Any] = {}

    @property
    def settings(self) -> ExactSettings:
        return ExactSettings.model_validate({"division": 123, "base_url": self.server.url} | self.told)

    def reader(self) -> Exact:
        return Exact(self.settings, self.secrets, self.folder, self.clock)

    def fetch(self) -> dict[str, int]:
        return connect.fetch(CONNECTOR, self.settings, self.reader(), Landing(self.folder))

    def delivered(self, folder: Path) -> duckdb.DuckDBPyConnection:
        warehouse = folder / "w.duckdb"
        connect.deliver(CONNECTOR, self.settings, Landing(self.folder), warehouse, folder / "work")
        return duckdb.connect(str(warehouse))

    @property
    def lines(self) -> list[str]:
        keys = Landing(self.folder).keys("transaction_lines", CONNECTOR.tables["transaction_lines"])
        return sorted(key for (key,) in keys)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with serve(FakeExact([line(number, number + 2) for number in range(4)])) as server:
        yield Books(server, tmp_path / "exact")


def test_lines_come_by_row_version_with_exact_amounts_and_plain_days(books: Books) -> None:
    assert books.fetch()["transaction_lines"] == 4
    row = pq.read_table(Landing(books.folder).path("transaction_lines", 1)).to_pylist()[1]
    assert row["amount"] == Decimal("-100.1000") and row["booked_on"] == date(2026, 3, 31)
    assert row["account_code"] == "8000"
    stored = b"".join(path.read_bytes() for path in books.folder.rglob("*.parquet"))
    assert b"Jan de Vries" not in stored
    books.server.lines[0] |= {"Timestamp": 9, "AmountDC": 7}
    assert books.fetch()["transaction_lines"] == 1
    asked = [request.query["$filter"] for request in books.server.requests if "TransactionLines" in request.path]
    assert asked[-1] == "Timestamp gt 5L"


def test_a_list_without_results_is_a_list_too(books: Books) -> None:
    books.server.plain_list, books.server.page = True, 60
    assert books.fetch()["transaction_lines"] == 4


def test_a_deleted_line_goes_and_another_kind_of_deleted_thing_does_not_matter(books: Books) -> None:
    books.fetch()
    books.server.lines.pop(0)
    books.server.deleted = [
        {"Timestamp": 11, "EntityType": 1, "EntityKey": "id-0", "Division": 123},
        {"Timestamp": 12, "EntityType": 2, "EntityKey": "id-1", "Division": 123},
    ]
    books.fetch()
    assert books.lines == ["id-1", "id-2", "id-3"]


def test_after_two_months_deletes_are_forgotten_and_the_fetch_is_refused(books: Books) -> None:
    books.fetch()
    books.clock.time += 60 * 86_400
    with pytest.raises(SourceError, match="last read 60 days ago and remembers deleted lines for two months"):
        books.fetch()


def test_a_division_that_moved_is_read_from_the_beginning(books: Books) -> None:
    books.fetch()
    books.server.moved = "/Date(1780000000000)/"
    assert books.fetch()["transaction_lines"] == 4
    assert books.lines == ["id-0", "id-1", "id-2", "id-3"]


def test_two_jobs_that_refresh_at_once_use_one_chain_of_tokens(books: Books) -> None:
    books.folder.mkdir()
    jobs = [threading.Thread(target=books.reader().check) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert (books.server.issued, books.server.together) == (1, 0)
    assert stat.S_IMODE((books.folder / "token.json").stat().st_mode) == 0o600


def test_the_token_is_used_for_nine_and_a_half_minutes_and_then_the_next_one(books: Books) -> None:
    reader = books.reader()
    reader.check()
    books.clock.time += 560
    reader.check()
    assert books.server.issued == 1
    books.clock.time += 20
    reader.check()
    assert books.server.issued == 2
    books.server.access = "revoked"
    reader.check()
    assert books.server.issued == 3


def test_a_lost_chain_says_to_log_in_again_and_a_new_login_begins_another(books: Books) -> None:
    books.fetch()
    books.server.refresh, books.clock.time = "refresh-9", books.clock.time + 600
    with pytest.raises(SourceError, match=r"refresh token any more \(Token is not allowed\)"):
        books.fetch()
    books.secrets["EXACT_REFRESH_TOKEN"] = "refresh-9"
    books.fetch()
    assert b"refresh-" not in (books.folder / "state.json").read_bytes()


def _used_up(kind: str, until: float) -> Answer:
    headers = {"X-RateLimit-Minutely-Remaining": "0" if kind == "-Minutely" else "9"}
    return Answer({}, 429, headers | {f"X-RateLimit{kind}-Reset": str(int(until * 1000))})


def test_the_limit_of_a_minute_is_waited_for_and_that_of_a_day_is_refused(books: Books) -> None:
    books.server.script = {2: _used_up("-Minutely", books.clock.now() + 30)}
    books.fetch()
    assert books.clock.slept[0] == 30
    books.server.requests.clear()
    books.server.script = {1: _used_up("", books.clock.now() + 7_200)}
    with pytest.raises(SourceError, match="requests of this day are used up; the next request is allowed at"):
        books.fetch()
    assert len(books.server.requests) == 1


def test_an_error_of_the_server_is_not_repeated_for_ten_an_hour_block_the_key(books: Books) -> None:
    books.server.script = {2: Answer({"error": {"message": {"value": "Server"}}}, 500)}
    with pytest.raises(SourceError, match="refused the request with status 500"):
        books.fetch()
    assert len(books.server.requests) == 2


def test_no_more_than_sixty_requests_are_made_in_a_minute(books: Books) -> None:
    reader = books.reader()
    for _ in range(61):
        reader.check()
    assert books.clock.slept == [60.0]


@pytest.mark.parametrize("changed", [{"AmountDC": None}, {"AmountDC": "1.234,56"}, {"Date": "31-03-2026"}])
def test_a_value_that_is_none_is_refused(books: Books, changed: dict[str, Any]) -> None:
    books.server.lines[1] |= changed
    with pytest.raises(SourceError, match="transaction_lines with line_id id-1"):
        books.fetch()


def test_a_division_the_login_does_not_see_is_refused(books: Books) -> None:
    books.server.respond = lambda request: (
        books.server.exact(request) if "oauth2" in request.path else Answer({"d": {"results": []}})
    )
    with pytest.raises(SourceError, match="does not see division 123"):
        books.fetch()


def test_a_job_that_dies_while_it_keeps_a_new_token_leaves_the_one_before_whole(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.fetch()
    books.clock.time += 600
    token = (books.folder / "token.json").read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", killed)
        books.fetch()
    assert (books.folder / "token.json").read_bytes() == token
    with pytest.raises(SourceError, match="must log in again"):
        books.fetch()


def test_a_page_that_points_back_is_refused(books: Books) -> None:
    whole = books.server.exact

    def stuck(request: Request) -> Answer:
        answer = whole(request)
        if "TransactionLines" in request.path:
            answer.body["d"]["__next"] = f"{books.server.url}{request.path}?$select=ID&$skiptoken=0"
        return answer

    books.server.respond = stuck
    with pytest.raises(SourceError, match="a page it already gave"):
        books.fetch()


def test_the_ledger_reads_like_that_of_an_auditfile(books: Books, tmp_path: Path) -> None:
    books.server.lines.append(line(7, 9, Type=10, AmountDC=0))
    books.fetch()
    settings = ExactSettings.model_validate({"division": 123, "base_url": books.server.url})
    connect.deliver(CONNECTOR, settings, Landing(books.folder), tmp_path / "w.duckdb", tmp_path / "work")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert broken(connection, "exact", "exact_ledger_agrees_with_its_reporting_balance") == []
        connection.execute("update raw_exact.transaction_lines set amount = amount + 0.01 where line_id = 'id-3'")
        connection.execute("insert into raw_exact.reporting_balances values ('2026', 4, '4000', 12.5, false)")
        said = broken(connection, "exact", "exact_ledger_agrees_with_its_reporting_balance")
        assert [sentence.partition(". Run")[0] for sentence in said] == [
            "Exact Online reports -200.20 on account 8000 in period 3 of 2026, but its lines add up to -200.19",
            "Exact Online reports 12.50 on account 4000 in period 4 of 2026, but its lines add up to 0.00",
        ]
        connection.execute("update raw_exact.transaction_lines set amount = amount - 0.01 where line_id = 'id-3'")
        assert broken(connection, "exact", "exact_amounts_are_in_the_company_currency") == []
        connection.execute("update raw_exact.divisions set currency = 'USD'")
        [said] = broken(connection, "exact", "exact_amounts_are_in_the_company_currency")
        assert said.startswith("Exact Online has the books of 2026 in USD, but company.toml says EUR.")
        connection.execute("update raw_exact.divisions set currency = 'EUR'")
        years = staged(connection, "exact", "fiscal_years").to_pylist()
        accounts = staged(connection, "exact", "ledger_accounts").to_pylist()
        lines = staged(connection, "exact", "transaction_lines").to_pylist()
    assert [(year["fiscal_year"], year["total_debit"], year["total_credit"]) for year in years] == [
        ("2026", Decimal("200.2"), Decimal("200.2"))
    ]
    assert years[0]["has_opening_balance"] and years[0]["currency"] == "EUR"
    assert [(row["account_id"], row["account_type"], row["rgs_code"]) for row in accounts] == [
        ("1300", "B", None),
        ("8000", "P", "WOmzNopOlv"),
    ]
    assert [(row["line_sequence"], row["account_id"], row["journal_type"]) for row in lines] == [
        (1, "1300", None),
        (2, "8000", None),
        (3, "1300", None),
        (4, "8000", None),
        (5, "8000", "O"),
    ]


def test_open_items_are_as_old_as_their_due_date_says_and_agree_with_the_ledger(books: Books, tmp_path: Path) -> None:
    server = books.server
    server.receivables = [open_item(1, 150.05, 30), open_item(2, 60.15, -40), open_item(3, -10.0, None)]
    books.clock.time = datetime(2026, 2, 10, 23, 30, tzinfo=UTC).timestamp()
    books.fetch()
    server.receivables.pop(0)
    server.receivables[0] |= {"Amount": 210.2}
    books.clock.time += 86_400
    books.fetch()
    stored = b"".join(path.read_bytes() for path in books.folder.rglob("*.parquet"))
    assert b"Jan de Vries" not in stored and b"relation-1" not in stored
    with books.delivered(tmp_path) as connection:
        items = staged(connection, "exact", "open_items").to_pylist()
        found = {
            (str(row["snapshot_on"]), row["item_id"]): (row["amount"], row["age_group"], row["days_overdue"])
            for row in items
        }
        assert found == {
            ("2026-02-11", "1"): (Decimal("150.05"), "1-30", 11),
            ("2026-02-11", "2"): (Decimal("60.15"), "61-90", 81),
            ("2026-02-11", "3"): (Decimal(-10), "no_due_date", None),
            ("2026-02-12", "2"): (Decimal("210.2"), "61-90", 82),
            ("2026-02-12", "3"): (Decimal(-10), "no_due_date", None),
        }
        assert broken(connection, "exact", "exact_open_items_agree_with_the_ledger") == []
        connection.execute("update raw_exact.open_items set amount = amount + 1 where item_id = '2'")
        [said] = broken(connection, "exact", "exact_open_items_agree_with_the_ledger")
        assert said.startswith("Exact Online lists 201.20 of receivables, but its ledger has 200.20 on the accounts")
        connection.execute("update raw_exact.open_items set currency = 'USD'")
        assert broken(connection, "exact", "exact_open_items_agree_with_the_ledger") == []


def test_an_item_that_comes_twice_is_refused_and_a_list_that_is_left_out_is_not_asked(books: Books) -> None:
    books.server.receivables = [open_item(number, 1.0, 1) for number in (1, 2, 2)]
    with pytest.raises(SourceError, match="gave 1 open items twice"):
        books.fetch()
    books.told = {"leave_out": ["open_items", "invoices"]}
    came = books.fetch()
    assert came["open_items"] == came["invoices"] == 0
    assert not any("Invoices" in request.path for request in books.server.requests[-12:])


def test_an_invoice_is_its_lines_without_line_0_and_stands_in_the_ledger(books: Books, tmp_path: Path) -> None:
    server = books.server
    server.invoices = [
        invoice_line(1, 3, 26_000, 0, 121.12),
        invoice_line(2, 4, 26_000, 1, 60.1),
        invoice_line(3, 5, 26_000, 2, 40.0),
        invoice_line(4, 6, 26_001, 0, 7.0, Status=20),
        invoice_line(5, 7, 26_001, 1, 7.0, Status=20),
    ]
    books.fetch()
    server.invoices[4] |= {"Timestamp": 9, "AmountDC": 8.0}
    server.deleted = [{"Timestamp": 11, "EntityType": 13, "EntityKey": "invoice-line-4", "Division": 123}]
    del server.invoices[3]
    assert books.fetch()["invoices"] == 2
    with books.delivered(tmp_path) as connection:
        found = staged(connection, "exact", "invoices").to_pylist()
        assert [
            (row["invoice_number"], row["net_amount"], row["is_processed"], str(row["due_on"])) for row in found
        ] == [
            ("26000", Decimal("100.1"), True, "2026-04-30"),
            ("26001", Decimal(8), False, "2026-04-30"),
        ]
        assert broken(connection, "exact", "exact_invoices_are_in_the_ledger") == []
        connection.execute("update raw_exact.invoices set status = 50 where invoice_number = '26001'")
        connection.execute("update raw_exact.invoices set invoice_number = '7' where invoice_number = '26000'")
        said = broken(connection, "exact", "exact_invoices_are_in_the_ledger")
    assert [sentence.partition(" under")[0] for sentence in said] == [
        "Invoice 26001 of 8.00 without VAT is processed, but the ledger has 100.10",
        "Invoice 7 of 100.10 without VAT is processed, but the ledger has no entry",
    ]
