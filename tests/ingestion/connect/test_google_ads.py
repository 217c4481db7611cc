"""Google Ads, against an account that speaks the documented protocol of its REST API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing, latest
from ingestion.errors import SourceError
from ingestion.sources.google_ads import CONNECTOR
from ingestion.sources.google_ads.resources import GoogleAds
from ingestion.sources.google_ads.settings import GoogleAdsSettings
from tests.ingestion.connect.fake import Answer, FakeClock, Request, serve
from tests.ingestion.connect.fake_google import FakeGoogleAds, campaign_day, error, key_file

TODAY = date(2026, 4, 10)
FIRST = date(2026, 2, 20)


class Account:
    """The fake account, and what is read of it."""

    def __init__(self, server: FakeGoogleAds, folder: Path) -> None:
        self.server, self.folder = server, folder / "google_ads"
        self.clock = FakeClock(datetime(2026, 4, 10, 9, tzinfo=UTC).timestamp())
        self.secrets = {"GOOGLE_KEY_FILE": str(key_file(folder, server)), "GOOGLE_ADS_DEVELOPER_TOKEN": "dev"}

    def fetch(self) -> None:
        told = {"customer": "123-456-7890", "manager": "999-999-9999", "since": FIRST, "base_url": self.server.url}
        settings = GoogleAdsSettings.model_validate(told)
        reader = GoogleAds(settings, self.secrets, self.clock)
        connect.fetch(CONNECTOR, settings, reader, Landing(self.folder))

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        landing, spec = Landing(self.folder), CONNECTOR.tables["campaign_days"]
        with duckdb.connect() as connection:
            found = latest(landing, "campaign_days", spec, landing.progress("campaign_days").batches)
            return connection.execute(f"select {columns} from ({found}) order by all").fetchall()


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    days = [FIRST + timedelta(days=number) for number in range((TODAY - FIRST).days)]
    rows = [campaign_day(day, number, 1_234_567 * number) for day in days for number in (1, 2, 3)]
    with serve(FakeGoogleAds(rows)) as server:
        yield Account(server, tmp_path)


def test_micros_of_every_page_add_up_to_what_was_spent(account: Account) -> None:
    account.server.rows[0]["metrics"] = {}
    account.fetch()
    spent = sum(int(row["metrics"].get("costMicros", 0)) for row in account.server.rows)
    assert account.rows("count(*), sum(clicks)") == [(len(account.server.rows), 7 * (len(account.server.rows) - 1))]
    [(cost,)] = account.rows("sum(cost)")
    # Kept to a hundredth of a cent: each row may lose half of that.
    assert abs(cost - Decimal(spent) / 1_000_000) < Decimal("0.00005") * len(account.server.rows)
    assert account.rows("min(day), max(day)") == [(FIRST, TODAY - timedelta(days=1))]


def test_conversions_that_are_restated_within_thirty_days_replace_what_was_there(account: Account) -> None:
    account.fetch()
    old, recent = account.server.rows[0], account.server.rows[-1]
    recent["metrics"]["conversions"] = 9.25
    account.server.requests.clear()
    account.fetch()
    assert account.rows("max(conversions)") == [(Decimal("9.25"),)]
    asked = "".join(request.body["query"] for request in account.server.requests)
    assert "BETWEEN '2026-03-11'" in asked and old["segments"]["date"] not in asked
    assert account.rows("count(*)") == [(len(account.server.rows),)]


def test_a_campaign_that_is_gone_takes_its_restated_days_along(account: Account) -> None:
    account.fetch()
    account.server.rows = [row for row in account.server.rows if row["campaign"]["id"] != "3"]
    account.fetch()
    assert account.rows("max(day) filter (where campaign_id = '3')") == [(date(2026, 3, 10),)]


def test_a_campaign_that_comes_twice_on_one_day_is_refused(account: Account) -> None:
    account.server.rows.append(account.server.rows[-1])
    with pytest.raises(SourceError, match=r"day 2026-04-09, campaign_id 3 twice"):
        account.fetch()


def test_a_page_that_points_to_itself_is_refused(account: Account) -> None:
    whole = account.server.api

    def stuck(request: Request) -> Answer:
        return Answer(whole(request).body | {"nextPageToken": "20"})

    account.server.api = stuck  # type: ignore[method-assign]
    with pytest.raises(SourceError, match="page it already gave"):
        account.fetch()


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("UNSUPPORTED_VERSION", 400, "does not have this version"),
        ("DEVELOPER_TOKEN_NOT_APPROVED", 403, "test accounts only"),
        ("USER_PERMISSION_DENIED", 403, "does not let this service account see"),
        ("CUSTOMER_NOT_ENABLED", 403, "closed or not yet in use"),
        ("OTHER", 400, "refused the request with status 400"),
    ],
)
def test_what_google_refuses_is_said_in_words(account: Account, code: str, status: int, said: str) -> None:
    answer = error(status, "INVALID_ARGUMENT", "no")
    answer.body["error"]["details"] = [{"errors": [{"errorCode": {"anyError": code}, "message": "no"}]}]
    account.server.script = {2: answer}
    with pytest.raises(SourceError, match=said):
        account.fetch()
    account.fetch()
    assert account.rows("count(*)") == [(len(account.server.rows),)]


def test_the_delay_google_asks_for_is_waited_or_named(account: Account) -> None:
    def used_up(delay: str) -> Answer:
        answer = error(429, "RESOURCE_EXHAUSTED", "Too many operations.")
        answer.body["error"]["details"] = [{"errors": [{"details": {"quotaErrorDetails": {"retryDelay": delay}}}]}]
        return answer

    account.server.script = {2: used_up("30s")}
    account.fetch()
    assert account.clock.slept == [30.0]
    account.server.requests.clear()
    account.server.script = {2: used_up("7200s")}
    with pytest.raises(SourceError, match="the next request is allowed at"):
        account.fetch()


def test_a_key_that_was_revoked_is_said(account: Account) -> None:
    whole = account.server.respond
    revoked = Answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
    account.server.respond = lambda request: revoked if request.path == "/token" else whole(request)
    with pytest.raises(SourceError, match="Invalid JWT Signature"):
        account.fetch()
