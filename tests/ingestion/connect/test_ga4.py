"""Google Analytics 4, against a property that speaks the documented protocol of the Data API."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing, latest
from ingestion.errors import SourceError
from ingestion.sources.ga4 import CONNECTOR
from ingestion.sources.ga4.resources import Ga4
from ingestion.sources.ga4.settings import Ga4Settings
from tests.ingestion.connect.fake import Answer, FakeClock, serve
from tests.ingestion.connect.fake_google import FakeGa4, error, key_file
from tests.ingestion.connect.staging import staged

TODAY = date(2026, 4, 10)
FIRST = date(2026, 1, 5)


class Website:
    """The fake property, and what is read of it."""

    def __init__(self, server: FakeGa4, folder: Path) -> None:
        self.server, self.folder = server, folder / "ga4"
        self.clock = FakeClock(datetime(2026, 4, 10, 9, tzinfo=UTC).timestamp())
        self.secrets = {"GOOGLE_KEY_FILE": str(key_file(folder, server))}

    def settings(self, **changed: Any) -> Ga4Settings:
        told = {"property": "42", "since": FIRST, "base_url": self.server.url, "page_size": 20}
        return Ga4Settings.model_validate(told | changed)

    def fetch(self, **changed: Any) -> dict[str, int]:
        settings = self.settings(**changed)
        reader = Ga4(settings, self.secrets, self.clock)
        return connect.fetch(CONNECTOR, settings, reader, Landing(self.folder))

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        landing, spec = Landing(self.folder), CONNECTOR.tables[table]
        with duckdb.connect() as connection:
            found = latest(landing, table, spec, landing.progress(table).batches)
            return connection.execute(f"select {columns} from ({found}) order by all").fetchall()

    def reports(self) -> list[dict[str, Any]]:
        return [request.body for request in self.server.requests if request.path.endswith(":runReport")]


@pytest.fixture
def website(tmp_path: Path) -> Iterator[Website]:
    chance = random.Random(4)
    visits = [
        (
            FIRST + timedelta(days=chance.randrange((TODAY - FIRST).days)),
            chance.choice(["Direct", "Paid Search", "Organic Search", "(other)"]),
            chance.randrange(60),
            chance.random() < 0.4,
            chance.random() < 0.1,
        )
        for _ in range(600)
    ]
    with serve(FakeGa4(visits, TODAY)) as server:
        yield Website(server, tmp_path)


def test_every_page_of_every_day_is_read_and_adds_up_to_the_visits_there_were(website: Website) -> None:
    website.fetch()
    expected = Counter((day, channel) for day, channel, *_ in website.server.visits)
    assert website.rows("sessions", "day, channel, sessions") == sorted((*key, n) for key, n in expected.items())
    assert website.rows("sessions", "sum(sessions), sum(key_event_sessions), sum(purchase_sessions)") == [
        (600, sum(visit[3] for visit in website.server.visits), sum(visit[4] for visit in website.server.visits))
    ]
    assert any(int(report.get("offset", 0)) > 0 for report in website.reports()), "a month is more than one page"


def test_visitors_are_counted_by_google_for_each_range_and_never_added_up(website: Website) -> None:
    website.fetch(since="2025-04-01")
    visits = website.server.visits

    def people(first: date, last: date, place: int = 0) -> int:
        return len({visit[2] for visit in visits if first <= visit[0] <= last and (place == 0 or visit[place])})

    found = {}
    for start, end, n, buyers in website.rows("visitors", "range_start, range_end, visitors, purchasing_visitors"):
        found[start, end] = (n, buyers)
        assert (n, buyers) == (people(start, end), people(start, end, 4))
    march = date(2026, 3, 31)
    assert {start for start, end in found if end == march} == {
        date(2026, 3, 1),
        date(2026, 1, 1),
        date(2025, 4, 1),
    }, "month, quarter and year that end in March; April is not over"
    quarter = found[date(2026, 1, 1), march][0]
    assert quarter < sum(found[date(2026, month, 1), end][0] for month, end in [(1, date(2026, 1, 31)), (3, march)])


def test_the_last_days_are_read_again_and_restated_days_replaced(website: Website) -> None:
    website.fetch()
    website.server.requests.clear()
    restated = TODAY - timedelta(days=2)
    moved = [visit for visit in website.server.visits if visit[0] == restated]
    assert moved, "there is something to restate"
    website.server.visits = [visit for visit in website.server.visits if visit not in moved]
    website.server.visits.append((TODAY - timedelta(days=1), "Late", 1, False, False))
    website.fetch()
    started = min(report["dateRanges"][0]["startDate"] for report in website.reports() if "dimensions" in report)
    assert started >= "2026-03-01", "not from the beginning"
    assert website.rows("sessions", "sum(sessions)") == [(len(website.server.visits),)]


def test_what_google_says_of_its_own_answer_stays_with_the_rows(website: Website) -> None:
    website.server.metadata |= {
        "subjectToThresholding": True,
        "dataLossFromOtherRow": True,
        "samplingMetadatas": [{"samplesReadCount": "5", "samplingSpaceSize": "10"}],
    }
    website.fetch()
    flags = "is_thresholded, is_sampled, has_other"
    assert website.rows("sessions", f"distinct {flags}") == [(True, True, True)]
    assert website.rows("visitors", f"distinct {flags}") == [(True, True, True)]


def test_another_time_zone_or_a_new_key_event_is_told_with_the_days_it_is_about(website: Website) -> None:
    website.fetch()
    website.server.metadata["timeZone"] = "Europe/London"
    website.server.key_events.append("quote")
    website.fetch()
    warehouse = website.folder.with_name("w.duckdb")
    connect.deliver(CONNECTOR, website.settings(), Landing(website.folder), warehouse, website.folder.with_name("work"))
    with duckdb.connect(str(warehouse)) as connection:
        told = staged(connection, "ga4", "cautions").to_pylist()
        visits = staged(connection, "ga4", "sessions_daily").to_pylist()
    before = TODAY - timedelta(days=5)
    assert {(row["caution"], row["last_day"]) for row in told} == {
        ("other_time_zone", before),
        ("other_key_events", before),
    }
    assert sum(row["session_count"] for row in visits) == len(website.server.visits)
    assert website.rows("sessions", "distinct time_zone, key_events") == [
        ("Europe/Amsterdam", "purchase, sign_up"),
        ("Europe/London", "purchase, quote, sign_up"),
    ]


def test_a_key_event_that_is_not_there_is_refused_with_those_that_are(website: Website) -> None:
    with pytest.raises(SourceError, match="no key event signup; it has purchase, sign_up"):
        website.fetch(key_event="signup")
    website.fetch(key_event="purchase")
    assert website.rows("sessions", "bool_and(key_event_sessions = purchase_sessions)") == [(True,)]


def test_purchases_are_unknown_where_purchase_is_no_key_event(website: Website) -> None:
    website.server.key_events.remove("purchase")
    website.fetch()
    assert website.rows("sessions", "count(*) > 0, count(purchase_sessions)") == [(True, 0)]


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("Exhausted property tokens per day. These quota tokens will return in under 24 hours.", "2026-04-11 07:00"),
        ("Exhausted property tokens per hour. These quota tokens will return in under an hour.", "2026-04-10 10:00"),
    ],
)
def test_a_quota_that_is_used_up_says_when_it_comes_back(website: Website, said: str, until: str) -> None:
    website.server.script = {4: error(429, "RESOURCE_EXHAUSTED", said)}
    moment = datetime.fromisoformat(f"{until}+00:00").astimezone()
    with pytest.raises(SourceError, match=f"{moment:%Y-%m-%d %H:%M}"):
        website.fetch()
    website.fetch()
    assert website.rows("sessions", "sum(sessions)") == [(600,)]


def test_too_many_at_once_is_waited_for_and_errors_are_not_repeated_until_the_property_is_blocked(
    website: Website,
) -> None:
    website.server.script = {4: error(429, "RESOURCE_EXHAUSTED", "Exhausted concurrent requests quota.")}
    website.fetch()
    assert website.clock.slept == [1.0]
    website.server.requests.clear()
    website.server.script = dict.fromkeys(range(1, 20), error(500, "INTERNAL", "Internal error."))
    with pytest.raises(SourceError, match="500, 3 times in a row"):
        website.fetch()
    assert len(website.server.requests) == 3


def test_a_report_with_other_rows_than_it_says_is_refused(website: Website) -> None:
    whole = website.server.api

    def short(request: Any) -> Answer:
        answer = whole(request)
        if "rowCount" in answer.body and request.body.get("dimensions"):
            answer.body["rowCount"] += 1
        return answer

    website.server.api = short  # type: ignore[method-assign]
    with pytest.raises(SourceError, match=r"rows, but .* came"):
        website.fetch()


def test_no_access_to_the_property_or_to_the_key_is_said_in_words(website: Website, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"refuses access.*sufficient permissions"):
        website.fetch(property="43")
    website.secrets = {"GOOGLE_KEY_FILE": str(tmp_path / "gone.json")}
    with pytest.raises(SourceError, match="No such file"):
        website.fetch()
    (tmp_path / "gone.json").write_text("[]", encoding="utf-8")
    with pytest.raises(SourceError, match="not the key of a service account"):
        website.fetch()


def test_a_token_that_ages_out_is_renewed_and_no_secret_reaches_the_disk(website: Website) -> None:
    website.server.script = {
        3: lambda _: (website.server.tokens.append("gone"), error(401, "UNAUTHENTICATED", "old"))[1]
    }
    website.fetch()
    content = b"".join(path.read_bytes() for path in website.folder.rglob("*") if path.is_file())
    assert b"token" not in content and b"PRIVATE" not in content
