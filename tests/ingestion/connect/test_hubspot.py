"""HubSpot: a search that gives 10,000 results at most, texts for everything, records that vanish."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.hubspot import CONNECTOR, resources
from ingestion.sources.hubspot.resources import HubSpot
from ingestion.sources.hubspot.settings import HubSpotSettings
from tests.ingestion.connect.fake import Answer, FakeClock, serve
from tests.ingestion.connect.fake_hubspot import FakeHubSpot, answer, contact, deal
from tests.ingestion.connect.staging import staged


class Portal:
    """The fake portal, and what is read of it."""

    def __init__(self, server: FakeHubSpot, folder: Path) -> None:
        self.server, self.folder, self.clock = server, folder, FakeClock()
        self.settings = HubSpotSettings(base_url=server.url)
        self.warehouse = folder / "w.duckdb"

    def fetch(self, token: str = "pat-good") -> dict[str, int]:
        reader = HubSpot(self.settings, {"HUBSPOT_TOKEN": token}, self.clock)
        return connect.fetch(CONNECTOR, self.settings, reader, Landing(self.folder / "hubspot"))

    def deliver(self) -> None:
        landing = Landing(self.folder / "hubspot")
        connect.deliver(CONNECTOR, self.settings, landing, self.warehouse, self.folder / "work")

    @property
    def deals(self) -> list[int]:
        keys = Landing(self.folder / "hubspot").keys("deals", CONNECTOR.tables["deals"])
        return sorted(int(key) for (key,) in keys)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    deals = [deal(number, f"2026-05-{number:02d}T10:00:00.123Z") for number in range(1, 11)]
    with serve(FakeHubSpot(deals)) as server:
        yield Portal(server, tmp_path)


def test_the_last_quarter_of_an_hour_is_read_again_for_search_lags(portal: Portal) -> None:
    assert portal.fetch()["deals"] == 10
    portal.server.content["deals"].append(deal(11, "2026-05-10T09:50:00.000Z"))
    assert portal.fetch()["deals"] == 2
    assert portal.deals == list(range(1, 12))


def test_contacts_have_another_mark_of_change_than_deals(portal: Portal) -> None:
    portal.server.content["contacts"] = [contact(number, f"2026-05-0{number}T10:00:00Z") for number in range(1, 4)]
    portal.fetch()
    portal.server.content["contacts"][0]["properties"]["lastmodifieddate"] = "2026-06-01T00:00:00Z"
    assert portal.fetch()["contacts"] == 2, "the one that changed, and the last moment again"
    asked = [request for request in portal.server.requests if request.path.endswith("/search")]
    searches = {request.path.split("/")[4]: request.body for request in asked if request.body["filterGroups"]}
    names = {table: body["filterGroups"][0]["filters"][0]["propertyName"] for table, body in searches.items()}
    assert (names["contacts"], names["deals"]) == ("lastmodifieddate", "hs_lastmodifieddate")


def test_a_reading_beyond_the_cap_goes_on_in_a_new_search(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PAGE", 2)
    monkeypatch.setattr(resources, "_CAP", 4)
    portal.server.cap = 4
    portal.fetch()
    assert portal.deals == list(range(1, 11))
    for row in portal.server.content["deals"]:
        row["properties"]["hs_lastmodifieddate"] = "2026-06-01T00:00:00Z"
    with pytest.raises(SourceError, match="more than 4 deals were changed at the same moment"):
        portal.fetch()


def test_archived_and_merged_deals_go(portal: Portal) -> None:
    portal.fetch()
    portal.server.archived["deals"] = [portal.server.content["deals"].pop(0)]
    del portal.server.content["deals"][0]
    portal.fetch()
    assert portal.deals == list(range(3, 11))


def test_the_limit_of_a_second_is_waited_for_and_that_of_a_day_is_refused(portal: Portal) -> None:
    portal.server.script = {2: Answer({"policyName": "SECONDLY"}, 429)}
    portal.fetch()
    assert portal.clock.slept == [1.0]
    portal.server.requests.clear()
    portal.server.script = {2: Answer({"policyName": "DAILY"}, 429)}
    with pytest.raises(SourceError, match="requests of this day are used up"):
        portal.fetch()
    assert len(portal.server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer({"category": "MISSING_SCOPES", "message": "needs tickets"}, 403), "refuses access.*needs tickets"),
        (Answer("<html>maintenance</html>", kind="text/html"), None),
        (Answer({"results": []}, cut=True), None),
        (Answer({"message": "oops"}, 502), None),
    ],
)
def test_what_passes_is_tried_again_and_what_does_not_is_refused(
    portal: Portal, answer: Answer, said: str | None
) -> None:
    portal.server.script = {2: answer}
    if said:
        with pytest.raises(SourceError, match=said):
            portal.fetch()
        portal.server.script = {}
    portal.fetch()
    assert portal.deals == list(range(1, 11))


def test_a_revoked_token_is_refused(portal: Portal) -> None:
    with pytest.raises(SourceError, match="does not accept the credentials"):
        portal.fetch("pat-revoked")


def test_a_number_in_another_notation_is_refused_and_an_empty_text_is_no_value(portal: Portal) -> None:
    amounts = portal.server.content["deals"][0]["properties"]
    amounts["amount_in_home_currency"] = "1.250,50"
    with pytest.raises(SourceError, match=r"deal_id 1.*is not a number"):
        portal.fetch()
    amounts["amount_in_home_currency"] = ""
    portal.fetch()


def test_an_object_the_portal_does_not_have_is_left_out_and_nothing_is_asked_of_it(portal: Portal) -> None:
    portal.settings = HubSpotSettings(base_url=portal.server.url, leave_out=("feedback", "contacts"))
    assert portal.fetch() == {"deals": 10, "tickets": 0, "contacts": 0, "feedback": 0, "stages": 1}
    assert not [
        request for request in portal.server.requests if "feedback" in request.path or "contacts" in request.path
    ]


def test_deals_leads_customers_and_answers_read_like_those_of_files(portal: Portal) -> None:
    content = portal.server.content
    first, second = (row["properties"] for row in content["deals"][:2])
    first |= {"hs_is_closed": "true", "hs_is_closed_won": "true"}
    second |= {"hs_is_closed": "true", "hs_is_closed_won": "false"}
    content["contacts"] = [
        contact(7, "2026-05-01T00:00:00Z"),
        contact(
            8,
            "2026-05-02T00:00:00Z",
            "2026-05-01T12:00:00Z",
            marketing="2026-02-01T12:00:00Z",
            sales="2026-01-31T12:00:00Z",
        ),
        contact(9, "2026-05-02T00:00:00Z", marketing="2026-03-01T12:00:00Z"),
        contact(10, "2026-05-02T00:00:00Z", sales="2026-04-01T12:00:00Z"),
    ]
    content["feedback_submissions"] = [
        answer(1, "NPS", "9"),
        *(answer(2 + rating, "CSAT", str(rating)) for rating in (0, 1, 2)),
        answer(5, "CES", "7"),
        answer(6, "NPS", ""),
    ]
    portal.fetch()
    portal.server.stage = "Voorstel"
    portal.fetch()
    portal.deliver()
    with duckdb.connect(str(portal.warehouse)) as connection:
        deals = {row["deal_id"]: row for row in staged(connection, "hubspot", "deals").to_pylist()}
        customers = staged(connection, "hubspot", "customers").to_pylist()
        leads = staged(connection, "hubspot", "leads").to_pylist()
        answers = staged(connection, "hubspot", "survey_responses").to_pylist()
    assert [deals[f"hubspot-{number}"]["status"] for number in (1, 2, 3)] == ["won", "lost", "open"]
    won, opened = deals["hubspot-1"], deals["hubspot-3"]
    assert (won["amount"], won["stage"], won["expected_close_on"]) == (Decimal("1250.5"), "Voorstel", None)
    assert won["closed_at"] is not None and opened["closed_at"] is None
    assert str(opened["expected_close_on"]) == "2026-04-01", "half past ten in the evening in UTC is the next day here"
    [customer] = customers
    assert str(customer["created_at"]) == "2026-05-01 12:00:00+00:00"
    told = sorted((str(row["created_at"])[:10], row["won_at"] is not None, row["channel"]) for row in leads)
    assert told == [
        ("2026-01-31", True, "paid_search"),
        ("2026-03-01", False, "paid_search"),
        ("2026-04-01", False, "paid_search"),
    ], "a contact nobody qualified is no lead; one that two did is a lead since the first of them"
    assert [(row["survey"], row["score"]) for row in answers] == [("nps", 9), ("csat", 1), ("csat", 3), ("csat", 5)]
    stored = b"".join(path.read_bytes() for path in portal.folder.rglob("*") if path.is_file())
    assert b"Jan de Vries" not in stored and b"jan@example.nl" not in stored and b"pat-good" not in stored
