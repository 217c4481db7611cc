"""Reads one Salesforce org: SOQL sorted by `SystemModstamp` with deleted records, or a bulk job when there is much."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jwt
import requests
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

from ingestion.connect.connector import Page
from ingestion.connect.http import Api, Clock, Policy, Token, message
from ingestion.errors import SourceError
from ingestion.sources.salesforce.settings import TABLES, SalesforceSettings

_OBJECTS = {
    "opportunities": "Opportunity",
    "leads": "Lead",
    "campaigns": "Campaign",
    "campaign_members": "CampaignMember",
}
# What decides a flag of a record without the record being marked as changed by it.
_MEANINGS = {
    "opportunities": "SELECT MasterLabel, IsClosed, IsWon FROM OpportunityStage",
    "campaign_members": "SELECT CampaignId, Label, HasResponded FROM CampaignMemberStatus",
}
# From this many records on a bulk job costs fewer of the org's requests than pages of 2,000.
_BULK_FROM, _BULK_PAGE = 20_000, 50_000
_POLL, _LONGEST_JOB = 5.0, 3_600.0
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FRUITLESS = 3
_EVER = "1970-01-01T00:00:00Z"


class _ExpiredError(SourceError):
    """The cursor of a query is gone: Salesforce keeps it for a quarter of an hour."""


def _judge(response: requests.Response, _now: float) -> None:
    """The error code is in the body; its status may mean several things."""
    if response.status_code < 400:
        return
    code = _code(response)
    if code == "REQUEST_LIMIT_EXCEEDED":
        raise SourceError(
            "Salesforce: the requests of this day are used up; all apps of the org share them.",
            advice="What was read so far is kept; fetch again tomorrow and it goes on from there.",
        )
    if code == "INVALID_QUERY_LOCATOR":
        raise _ExpiredError("Salesforce: the cursor of the query has expired.", advice="Fetch again.")
    if code in {"INVALID_FIELD", "INVALID_TYPE"}:
        raise _hidden(message(response))
    if response.status_code == 409:
        raise SourceError(
            f"Salesforce gives the result of a bulk job in another API version only: {message(response)}.",
            advice="Set version under [sources.salesforce] to the version the org answers in, and fetch again.",
        )


def _code(response: requests.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return ""
    first = body[0] if isinstance(body, list) and body else body
    return str(first.get("errorCode", "")) if isinstance(first, Mapping) else ""


def _hidden(what: str) -> SourceError:
    return SourceError(
        f"Salesforce hides a field or object from the user of the connection: {what}.",
        advice="Give that user read access to the fields the README of the source lists (field-level security).",
    )


class Salesforce:
    """An org that can be read."""

    def __init__(self, settings: SalesforceSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._api = Api(
            "Salesforce",
            settings.address,
            Token(self._login(secrets), self._clock),
            policy=Policy(attempts=5, judge=_judge),
            clock=self._clock,
        )
        self._base = f"services/data/{settings.version}"
        self._currency: tuple[str, bool] | None = None
        self._described: dict[str, list[dict[str, Any]]] = {}

    def _login(self, secrets: Mapping[str, str]) -> Any:
        form = {"client_id": secrets["SALESFORCE_CLIENT_ID"]}
        secret, user, key = (
            secrets.get(f"SALESFORCE_{name}", "") for name in ("CLIENT_SECRET", "USERNAME", "KEY_FILE")
        )
        if not secret and not (user and key):
            raise SourceError(
                "Salesforce: neither SALESFORCE_CLIENT_SECRET nor SALESFORCE_USERNAME and SALESFORCE_KEY_FILE is set.",
                advice="Set one of the two in the environment; `kerncijfers source add salesforce` asks for them.",
            )
        api = Api("Salesforce", self._settings.address, clock=self._clock)

        def obtain() -> tuple[str, None]:
            if secret:
                asked = {**form, "grant_type": "client_credentials", "client_secret": secret}
            else:
                asked = {"grant_type": _JWT_GRANT, "assertion": self._assertion(form["client_id"], user, Path(key))}
            answer = api.send("services/oauth2/token", "POST", data=asked).json()
            # How long a token lives is a setting of the org that the answer does not tell.
            return str(answer["access_token"]), None

        return obtain

    def _assertion(self, client: str, user: str, file: Path) -> str:
        place = "test" if ".sandbox" in self._settings.domain else "login"
        told = {
            "iss": client,
            "sub": user,
            "aud": f"https://{place}.salesforce.com",
            "exp": int(self._clock.now()) + 180,
        }
        try:
            return jwt.encode(told, file.expanduser().read_bytes(), "RS256")
        except (OSError, ValueError, TypeError, jwt.PyJWTError):
            raise SourceError(
                "the private key that SALESFORCE_KEY_FILE names can't be used.",
                file=file,
                advice="Name the PEM file of the key whose certificate was uploaded to the app.",
            ) from None

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def check(self) -> str:
        """The org, when its user sees every field that is read."""
        self._described.clear()
        for name, sobject in _OBJECTS.items():
            seen = {field["name"] for field in self._describe(sobject)}
            if missing := [field for field in self._fields(name) if field not in seen]:
                raise _hidden(f"{sobject}: {', '.join(missing)}")
        code, several = self._org_currency()
        return f"{self._settings.domain}, amounts in {code}{' and other currencies' if several else ''}"

    def _org_currency(self) -> tuple[str, bool]:
        """The org's own currency, and whether records have one of their own."""
        if self._currency is None:
            several = any(field["name"] == "CurrencyIsoCode" for field in self._describe("Opportunity"))
            if several:
                [own] = self._all("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true")
                self._currency = own["IsoCode"], True
            else:
                [own] = self._all("SELECT DefaultCurrencyIsoCode FROM Organization")
                self._currency = own["DefaultCurrencyIsoCode"], False
        return self._currency

    def _describe(self, sobject: str) -> list[dict[str, Any]]:
        if sobject not in self._described:
            self._described[sobject] = self._api.get(f"{self._base}/sobjects/{sobject}/describe")["fields"]
        return self._described[sobject]

    def _fields(self, table: str) -> list[str]:
        asked = [field.path[0] for field in TABLES[table].fields]
        # Only an org with more currencies has a currency of each record.
        names = [name for name in asked if name != "CurrencyIsoCode" or self._org_currency()[1]]
        computed = {field["name"] for field in self._describe(_OBJECTS[table]) if field["calculated"]}
        if found := sorted(computed & set(names)):
            raise SourceError(
                f"Salesforce computes {_OBJECTS[table]} {', '.join(found)} by a formula: it changes without the record "
                "being marked as changed.",
                advice="Nothing of it was loaded, because changes would be missed. Give the field a value of its own.",
            )
        return names

    def _all(self, query: str) -> list[dict[str, Any]]:
        return [row for rows, _ in self._pages(query) for row in rows]

    def _pages(self, query: str, path: str = "query") -> Iterator[tuple[list[dict[str, Any]], Any]]:
        return self._api.pages(
            f"{self._base}/{path}",
            "records",
            params={"q": query},
            paginator=JSONLinkPaginator(next_url_path="nextRecordsUrl"),
        )

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Records changed since the position, the last moment again, and those that were deleted."""
        if table == "rates":
            yield Page(self._rates())
            return
        currency = self._org_currency()[0]
        key = TABLES[table].key[0]
        flags = {"meaning": self._meaning(_MEANINGS[table])} if table in _MEANINGS else {}
        goes_on = position is not None and all(position.get(name) == value for name, value in flags.items())
        since = position["modified"] if position and goes_on else _EVER
        total = self._counted(table, f"WHERE SystemModstamp >= {since}", "queryAll")
        expired = 0
        while True:
            before = since
            try:
                for rows in self._changed(table, since, in_bulk=total >= _BULK_FROM):
                    since = max([since, *(_moment(row["SystemModstamp"]) for row in rows)])
                    # JSON says true, a bulk job says "true".
                    gone = [{key: row["Id"]} for row in rows if row["IsDeleted"] in {True, "true"}]
                    kept = [
                        {"CurrencyIsoCode": currency, **row} for row in rows if row["IsDeleted"] not in {True, "true"}
                    ]
                    yield Page(kept, {"modified": since, **flags}, deleted=gone, total=total)
            except _ExpiredError:
                # Goes on from the last record that came; without any progress it would never end.
                expired = expired + 1 if since == before else 0
                if expired == _FRUITLESS:
                    raise
                continue
            return

    def _meaning(self, query: str) -> str:
        """What the stages of opportunities or the statuses of members mean, in short."""
        told = sorted(str([value for name, value in row.items() if name != "attributes"]) for row in self._all(query))
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def _changed(self, table: str, since: str, *, in_bulk: bool) -> Iterator[list[dict[str, Any]]]:
        query = (
            f"SELECT {', '.join([*self._fields(table), 'IsDeleted'])} FROM {_OBJECTS[table]} "
            f"WHERE SystemModstamp >= {since} ORDER BY SystemModstamp, Id"
        )
        return self._bulk(query) if in_bulk else (found for found, _ in self._pages(query, "queryAll"))

    def _bulk(self, query: str) -> Iterator[list[dict[str, Any]]]:
        jobs = f"{self._base}/jobs/query"
        job = self._api.post(jobs, {"operation": "queryAll", "query": query})
        waited = 0.0
        while (state := job["state"]) != "JobComplete":
            if state in {"Failed", "Aborted"}:
                raise SourceError(
                    f"Salesforce ended the bulk job: {job.get('errorMessage') or state}.",
                    advice="Nothing of it was loaded. Fetch again.",
                )
            if waited >= _LONGEST_JOB:
                raise SourceError("Salesforce did not finish the bulk job in an hour.", advice="Fetch again later.")
            self._clock.sleep(_POLL)
            waited += _POLL
            job = self._api.get(f"{jobs}/{job['id']}")
        came, locator = 0, ""
        while locator != "null":
            params = {"maxRecords": _BULK_PAGE, **({"locator": locator} if locator else {})}
            response = self._api.send(f"{jobs}/{job['id']}/results", params=params, headers={"Accept": "text/csv"})
            rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8"), newline="")))
            said = int(response.headers["Sforce-NumberOfRecords"])
            if len(rows) != said:
                raise SourceError(
                    f"Salesforce said {said:,} records came, but there are {len(rows):,}.",
                    advice="What came before is kept. Fetch again.",
                )
            came += len(rows)
            yield rows
            # The literal text null is the end.
            locator = response.headers["Sforce-Locator"]
        if came != int(job["numberRecordsProcessed"]):
            raise SourceError(
                f"Salesforce found {job['numberRecordsProcessed']} records, but gave {came}.", advice="Fetch again."
            )

    def _rates(self) -> list[dict[str, Any]]:
        code, several = self._org_currency()
        own = {"IsoCode": code, "ConversionRate": "1", "StartDate": None, "NextStartDate": None, "IsCorporate": True}
        if not several:
            return [own]
        known = {sobject["name"] for sobject in self._api.get(f"{self._base}/sobjects")["sobjects"]}
        if "DatedConversionRate" in known:
            found = self._all("SELECT IsoCode, ConversionRate, StartDate, NextStartDate FROM DatedConversionRate")
        else:
            found = self._all("SELECT IsoCode, ConversionRate FROM CurrencyType")
        others = [{**row, "ConversionRate": str(row["ConversionRate"])} for row in found if row["IsoCode"] != code]
        open_ended = {"StartDate": None, "NextStartDate": None, "IsCorporate": False}
        return [own, *({**open_ended, **row} for row in others)]

    def _counted(self, table: str, where: str, path: str) -> int:
        query = f"SELECT COUNT() FROM {_OBJECTS[table]} {where}".strip()
        return int(self._api.get(f"{self._base}/{path}", q=query)["totalSize"])

    def count(self, table: str) -> int | None:
        """How many records the org has that are not deleted."""
        return None if table == "rates" else self._counted(table, "", "query")

    def ids(self, table: str) -> Iterator[tuple[str]] | None:
        """Every id: a record that left the recycle bin leaves no trace but being absent here."""
        return ((row["Id"],) for rows, _ in self._pages(f"SELECT Id FROM {_OBJECTS[table]}") for row in rows)


def _moment(written: str) -> str:
    """A moment as SOQL takes it: `2026-05-01T10:00:00.000+0000` ends in `Z`."""
    return written.replace("+0000", "Z")
