"""Meta Ads, against an ad account that speaks the documented protocol of the Insights API."""

from __future__ import annotations

import json
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
from ingestion.sources.meta_ads import CONNECTOR
from ingestion.sources.meta_ads.resources import MetaAds
from ingestion.sources.meta_ads.settings import MetaAdsSettings
from tests.ingestion.connect.fake import Answer, FakeClock, Request, serve
from tests.ingestion.connect.fake_meta import TOKEN, FakeMeta, campaign_day, error

TODAY = date(2026, 4, 10)
FIRST = date(2026, 2, 20)


class Account:
    """The fake ad account, and what is read of it."""

    def __init__(self, server: FakeMeta, folder: Path) -> None:
        self.server, self.folder = server, folder / "meta_ads"
        self.clock = FakeClock(datetime(2026, 4, 10, 9, tzinfo=UTC).timestamp())
        self.token = TOKEN

    def fetch(self, **changed: Any) -> None:
        told = {"account": "act_77", "since": FIRST, "base_url": self.server.url}
        settings = MetaAdsSettings.model_validate(told | changed)
        reader = MetaAds(settings, {"META_ACCESS_TOKEN": self.token}, self.clock)
        connect.fetch(CONNECTOR, settings, reader, Landing(self.folder))

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        landing, spec = Landing(self.folder), CONNECTOR.tables["campaign_days"]
        with duckdb.connect() as connection:
            found = latest(landing, "campaign_days", spec, landing.progress("campaign_days").batches)
            return connection.execute(f"select {columns} from ({found}) order by all").fetchall()


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    days = [FIRST + timedelta(days=number) for number in range((TODAY - FIRST).days)]
    rows = [campaign_day(day, number, f"{day.day}.0{number}") for day in days for number in (1, 2)]
    with serve(FakeMeta(rows)) as server:
        yield Account(server, tmp_path)


def test_spend_of_every_page_adds_up_and_a_sale_is_counted_once(account: Account) -> None:
    del account.server.rows[0]["actions"]
    account.fetch()
    rows = account.server.rows
    spent = sum((Decimal(row["spend"]) for row in rows), Decimal(0))
    assert account.rows("count(*), sum(spend), sum(conversions), sum(conversion_value)") == [
        (len(rows), spent, 3 * (len(rows) - 1), Decimal("59.85") * len(rows))
    ]
    content = b"".join(path.read_bytes() for path in account.folder.rglob("*") if path.is_file())
    assert TOKEN.encode() not in content


def test_too_much_data_is_asked_in_halves_until_a_day_is_too_much(account: Account) -> None:
    account.server.most = 5
    account.fetch()
    assert account.rows("count(*)") == [(len(account.server.rows),)]
    account.server.most = 1
    with pytest.raises(SourceError, match="too much data for one answer"):
        account.fetch(account="77", channel="facebook")


def test_results_that_are_restated_within_four_weeks_replace_what_was_there(account: Account) -> None:
    account.fetch()
    account.server.rows[-1]["actions"][1]["value"] = "40"
    account.server.requests.clear()
    account.fetch()
    assert account.rows("max(conversions), count(*)") == [(40, len(account.server.rows))]
    asked = [json.loads(request.query["time_range"])["since"] for request in account.server.requests]
    assert min(asked) == "2026-03-13"


@pytest.mark.parametrize(("code", "subcode"), [(17, 2446079), (4, 1504022), (613, 1487742), (80000, None), (2, None)])
def test_limits_with_status_400_are_waited_for(account: Account, code: int, subcode: int | None) -> None:
    account.server.script = {1: error(code, "User request limit reached", subcode)}
    account.fetch()
    assert account.clock.slept == [1.0]
    assert account.rows("count(*)") == [(len(account.server.rows),)]


def test_the_minutes_meta_names_are_waited_or_named(account: Account) -> None:
    def used_up(minutes: int) -> Answer:
        usage = {"77": [{"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": minutes}]}
        answer = error(80000, "There have been too many calls to this ad-account.", 2446079)
        answer.headers["x-business-use-case-usage"] = json.dumps(usage)
        return answer

    account.server.script = {1: used_up(3)}
    account.fetch()
    assert account.clock.slept == [180.0]
    account.server.requests.clear()
    account.server.script = {1: used_up(90)}
    with pytest.raises(SourceError, match="the next request is allowed at"):
        account.fetch()


def test_a_token_that_was_revoked_and_missing_access_are_said_without_the_token(account: Account) -> None:
    account.token = "EAArevoked"
    with pytest.raises(SourceError, match="does not accept the token any more") as refused:
        account.fetch()
    assert "EAArevoked" not in str(refused.value)
    account.token = TOKEN
    account.server.script = {1: error(200, "(#200) Ad account owner has NOT grant ads_management or ads_read")}
    with pytest.raises(SourceError, match="permission ads_read"):
        account.fetch()


def test_a_version_that_is_gone_is_refused_instead_of_read_as_another(account: Account) -> None:
    account.server.version = "v26.0"
    with pytest.raises(SourceError, match=r"version v26\.0 .*, but v25\.0 was asked"):
        account.fetch()
    account.server.version = "v25.0"
    account.server.script = {1: error(2635, "You are calling a deprecated version of the Ads API.")}
    with pytest.raises(SourceError, match="does not have this version"):
        account.fetch()


def test_more_history_than_meta_keeps_is_refused_with_the_day_it_has(account: Account) -> None:
    with pytest.raises(SourceError, match="since to 2023-04-01 or later"):
        account.fetch(since=date(2023, 3, 1))


@pytest.mark.parametrize("change", ["twice", "span", "stuck"])
def test_rows_that_would_count_twice_are_refused(account: Account, change: str) -> None:
    if change == "twice":
        account.server.rows.insert(1, account.server.rows[0])
    elif change == "span":
        account.server.rows[0]["date_stop"] = "2026-02-28"
    else:
        whole = account.server.meta

        def stuck(request: Request) -> Answer:
            paging = {"cursors": {"after": "20"}, "next": "again"}
            return Answer(whole(request).body | ({"paging": paging} if "insights" in request.path else {}))

        account.server.respond = stuck
    said = {"twice": "twice", "span": "as one row", "stuck": "page it already gave"}[change]
    with pytest.raises(SourceError, match=said):
        account.fetch()
