"""HubSpot's CRM API as its documentation describes it: search with a cap, archived lists, every property a text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request


def deal(number: int, modified: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "archived": False,
        "properties": {
            "createdate": "2026-01-01T08:00:00.000Z",
            "hs_lastmodifieddate": modified,
            "closedate": "2026-03-31T22:30:00Z",
            "pipeline": "default",
            "dealstage": "s1",
            "hs_is_closed": "false",
            "hs_is_closed_won": "",
            "amount_in_home_currency": "1250.50",
            "hs_analytics_source": "ORGANIC_SEARCH",
            "dealname": "Jan de Vries",
        }
        | changed,
    }


def contact(number: int, modified: str, customer: str = "", **qualified: str) -> dict[str, Any]:
    properties = {
        "createdate": "2026-01-01T08:00:00.000Z",
        "lastmodifieddate": modified,
        "hs_lifecyclestage_marketingqualifiedlead_date": qualified.get("marketing", ""),
        "hs_lifecyclestage_salesqualifiedlead_date": qualified.get("sales", ""),
        "hs_lifecyclestage_customer_date": customer,
        "hs_analytics_source": "PAID_SEARCH",
        "email": "jan@example.nl",
    }
    return {"id": str(number), "archived": False, "properties": properties}


def answer(number: int, kind: str, rating: str, moment: str = "2026-05-01T08:00:00.000Z") -> dict[str, Any]:
    properties = {
        "hs_submission_timestamp": moment,
        "hs_lastmodifieddate": moment,
        "hs_survey_type": kind,
        "hs_value": rating,
        "hs_content": "Jan de Vries was very kind",
    }
    return {"id": str(number), "archived": False, "properties": properties}


class FakeHubSpot(FakeServer):
    def __init__(self, deals: list[dict[str, Any]]) -> None:
        super().__init__(self.hubspot)
        objects = ("deals", "tickets", "contacts", "feedback_submissions")
        self.content: dict[str, list[dict[str, Any]]] = {name: [] for name in objects} | {"deals": deals}
        self.archived: dict[str, list[dict[str, Any]]] = {name: [] for name in objects}
        self.cap = 10_000
        self.stage = "Offerte"

    def hubspot(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Bearer pat-good":
            return Answer({"status": "error", "category": "INVALID_AUTHENTICATION", "message": "expired"}, 401)
        if request.path == "/account-info/v3/details":
            return Answer({"portalId": 42, "companyCurrency": "EUR", "timeZone": "Europe/Amsterdam"})
        if request.path == "/crm/v3/pipelines/deals":
            return Answer({"results": [{"id": "default", "stages": [{"id": "s1", "label": self.stage}]}]})
        table = request.path.split("/")[4]
        if not request.path.endswith("/search"):
            archived = request.query["archived"] == "true"
            found = self.archived[table] if archived else self.content[table]
            start, size = int(request.query.get("after", 0)), int(request.query["limit"])
            return Answer(self._page(found, start, size))
        return self._search(table, request.body)

    def _search(self, table: str, body: dict[str, Any]) -> Answer:
        found = list(self.content[table])
        for group in body["filterGroups"]:
            [wanted] = group["filters"]
            since = int(wanted["value"])
            found = [row for row in found if self._moment(row, wanted["propertyName"]) >= since]
        for order in body.get("sorts", []):
            found.sort(key=lambda row: self._moment(row, order["propertyName"]))
        start = int(body.get("after", 0))
        if start + body["limit"] > self.cap:
            return Answer({"status": "error", "message": "paging beyond the cap"}, 400)
        return Answer({"total": len(found), **self._page(found, start, body["limit"])})

    def _moment(self, row: dict[str, Any], name: str) -> int:
        return round(datetime.fromisoformat(row["properties"][name]).timestamp() * 1000)

    def _page(self, found: list[dict[str, Any]], start: int, size: int) -> dict[str, Any]:
        answer: dict[str, Any] = {"results": found[start : start + size]}
        if start + size < len(found):
            answer["paging"] = {"next": {"after": str(start + size)}}
        return answer
