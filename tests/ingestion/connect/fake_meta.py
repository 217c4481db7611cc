"""The Insights API of Meta as its documentation describes it: errors with status 400, a token in the address of the next page."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from tests.ingestion.connect.fake import Answer, FakeServer, Request

TOKEN = "EAAsecret"


def campaign_day(day: date, campaign: int, spend: str) -> dict[str, Any]:
    """Parts of a purchase stand beside the whole, as Meta gives them."""
    return {
        "campaign_id": str(campaign),
        "campaign_name": f"Campaign {campaign}",
        "account_currency": "EUR",
        "spend": spend,
        "impressions": "1000",
        "clicks": "9",
        "actions": [
            {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "2"},
            {"action_type": "omni_purchase", "value": "3"},
        ],
        "action_values": [{"action_type": "omni_purchase", "value": "59.85"}],
        "date_start": day.isoformat(),
        "date_stop": day.isoformat(),
    }


def error(code: int, said: str, subcode: int | None = None, **headers: str) -> Answer:
    body = {"message": said, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return Answer({"error": body | ({"error_subcode": subcode} if subcode else {})}, 400, headers=headers)


class FakeMeta(FakeServer):
    """`most` rows at once, beyond which Meta says that it is too much data."""

    page = 20

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__(self.meta, counts=lambda request: request.path.endswith("/insights"))
        self.rows = rows
        self.most = 10_000
        self.version = "v25.0"

    def meta(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(190, "Error validating access token: The session has been invalidated.")
        assert "access_token" not in request.query
        if request.path == "/v25.0/act_77":
            account = {"name": "De Linde", "currency": "EUR", "timezone_name": "Europe/Amsterdam", "id": "act_77"}
            return Answer(account, headers={"facebook-api-version": self.version})
        assert request.path == "/v25.0/act_77/insights"
        assert request.query["level"] == "campaign" and request.query["time_increment"] == "1"
        assert "breakdowns" not in request.query
        wanted = json.loads(request.query["time_range"])
        found = [row for row in self.rows if wanted["since"] <= row["date_start"] <= wanted["until"]]
        if len(found) > self.most:
            return error(100, "Please reduce the amount of data you're asking for", 1487534)
        start = int(request.query.get("after", "0"))
        rows = found[start : start + self.page]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + self.page)}}
        if start + self.page < len(found):
            paging["next"] = f"{self.url}{request.path}?access_token={TOKEN}&after={start + self.page}"
        return Answer({"data": rows, "paging": paging} if rows else {"data": []})
