"""Google as its documentation describes it: a token for a signed assertion, reports of Analytics, quotas in words."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.ingestion.connect.fake import Answer, FakeServer, Request


@cache
def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def key_file(folder: Path, server: FakeServer) -> Path:
    """The key file of a service account, as the Cloud console gives it."""
    pem = _private_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "key.json"
    content = {
        "type": "service_account",
        "private_key_id": "k1",
        "private_key": pem.decode(),
        "client_email": "kerncijfers@project.iam.gserviceaccount.com",
        "token_uri": f"{server.url}/token",
    }
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def error(status: int, name: str, said: str) -> Answer:
    return Answer({"error": {"code": status, "message": said, "status": name}}, status)


class FakeGoogle(FakeServer):
    """What the APIs of Google have in common: who may ask."""

    scope = ""

    def __init__(self) -> None:
        super().__init__(self.google, counts=lambda request: request.path != "/token")
        self.tokens: list[str] = []
        self.scopes = {self.scope}

    def google(self, request: Request) -> Answer:
        if request.path == "/token":
            told = jwt.decode(
                request.form["assertion"],
                _private_key().public_key(),
                ["RS256"],
                audience=f"{self.url}/token",
                options={"verify_exp": False, "verify_iat": False},
            )
            if told["scope"] not in self.scopes:
                return Answer({"error": "invalid_scope", "error_description": "bad scope"}, 400)
            self.tokens.append(f"token{len(self.tokens)}")
            return Answer({"access_token": self.tokens[-1], "expires_in": 3599, "token_type": "Bearer"})
        if not self.tokens or request.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        return self.api(request)

    def api(self, request: Request) -> Answer:
        raise NotImplementedError


class FakeGa4(FakeGoogle):
    """A property. `visits` is (day, channel, visitor, key event or not, purchase or not), one a visit."""

    scope = "https://www.googleapis.com/auth/analytics.readonly"

    def __init__(self, visits: list[tuple[date, str, Any, bool, bool]], today: date) -> None:
        super().__init__()
        self.visits = visits
        self.today = today
        self._indexed = (0, 0)
        self._by_day: dict[date, list[tuple[date, str, Any, bool, bool]]] = {}
        self.key_events = ["purchase", "sign_up"]
        self.metadata: dict[str, Any] = {"currencyCode": "EUR", "timeZone": "Europe/Amsterdam"}

    def api(self, request: Request) -> Answer:
        if request.path == "/v1beta/properties/42/metadata":
            names = ["sessions", *(f"keyEvents:{name}" for name in self.key_events)]
            return Answer({"name": "properties/42/metadata", "metrics": [{"apiName": name} for name in names]})
        if request.path != "/v1beta/properties/42:runReport":
            return error(403, "PERMISSION_DENIED", "User does not have sufficient permissions for this property.")
        return self._report(request.body)

    def _day(self, written: str) -> date:
        return self.today - timedelta(days=1) if written == "yesterday" else date.fromisoformat(written)

    def _between(self, first: date, last: date) -> Iterator[tuple[date, str, Any, bool, bool]]:
        as_they_are = id(self.visits), len(self.visits)
        if self._indexed != as_they_are:
            self._indexed, self._by_day = as_they_are, defaultdict(list)
            for visit in self.visits:
                self._by_day[visit[0]].append(visit)
        for number in range((last - first).days + 1):
            yield from self._by_day.get(first + timedelta(days=number), ())

    def _report(self, body: dict[str, Any]) -> Answer:
        ranges = body["dateRanges"]
        assert len(ranges) <= 4, "more ranges are refused by Google"
        dimensions = [dimension["name"] for dimension in body.get("dimensions", ())]
        metrics = [metric["name"] for metric in body["metrics"]]
        groups: dict[tuple[str, ...], list[tuple[date, str, Any, bool, bool]]] = {}
        for wanted in ranges:
            for visit in self._between(self._day(wanted["startDate"]), self._day(wanted["endDate"])):
                of = {"date": f"{visit[0]:%Y%m%d}", "sessionDefaultChannelGroup": visit[1]}
                key = tuple(of[name] for name in dimensions) + ((wanted["name"],) if len(ranges) > 1 else ())
                groups.setdefault(key, []).append(visit)
        rows = [
            {
                "dimensionValues": [{"value": value} for value in key],
                "metricValues": [{"value": self._metric(name, visits)} for name in metrics],
            }
            for key, visits in sorted(groups.items())
        ]
        start = int(body.get("offset", 0))
        names = dimensions + (["dateRange"] if len(ranges) > 1 else [])
        answer = {
            "dimensionHeaders": [{"name": name} for name in names],
            "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in metrics],
            "rows": rows[start : start + int(body["limit"])],
            "rowCount": len(rows),
            "metadata": self.metadata,
            "kind": "analyticsData#runReport",
        }
        # Empty lists are left out, as protobuf does.
        return Answer({name: value for name, value in answer.items() if value not in ([], 0)})

    def _metric(self, name: str, visits: list[tuple[date, str, Any, bool, bool]]) -> str:
        by_purchase = {visit[2] for visit in visits if visit[4]}
        counted = {
            "sessions": len(visits),
            "totalUsers": len({visit[2] for visit in visits}),
            "totalPurchasers": len(by_purchase),
        }
        if name in counted:
            return str(counted[name])
        counts = [visit[4] if name.endswith(":purchase") else visit[3] for visit in visits]
        return repr(sum(counts) / len(visits))


def campaign_day(day: date, campaign: int, micros: int, **metrics: Any) -> dict[str, Any]:
    """Google leaves out a number that is zero, and writes whole numbers as text."""
    numbers = {"costMicros": str(micros), "impressions": "100", "clicks": "7", "conversions": 1.5} | metrics
    return {
        "customer": {"resourceName": "customers/1234567890", "currencyCode": "EUR"},
        "campaign": {"id": str(campaign), "name": f"Campaign {campaign}"},
        "segments": {"date": day.isoformat()},
        "metrics": {name: value for name, value in numbers.items() if value not in ("0", 0)},
    }


class FakeGoogleAds(FakeGoogle):
    scope = "https://www.googleapis.com/auth/adwords"
    page = 20

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self.rows = rows

    def api(self, request: Request) -> Answer:
        assert request.path == "/v26/customers/1234567890/googleAds:search"
        assert request.headers["developer-token"] == "dev" and request.headers["login-customer-id"] == "9999999999"
        if "FROM customer LIMIT" in request.body["query"]:
            account = {"descriptiveName": "De Linde", "currencyCode": "EUR", "timeZone": "Europe/Amsterdam"}
            return Answer({"results": [{"customer": account}]})
        between = re.search(r"BETWEEN '(.+)' AND '(.+)'", request.body["query"])
        assert between
        found = [row for row in self.rows if between[1] <= row["segments"]["date"] <= between[2]]
        start = int(request.body.get("pageToken", "0"))
        rows, rest = found[start : start + self.page], found[start + self.page :]
        return Answer(
            {"fieldMask": "x"}
            | ({"results": rows} if rows else {})
            | ({"nextPageToken": str(start + self.page)} if rest else {})
        )
