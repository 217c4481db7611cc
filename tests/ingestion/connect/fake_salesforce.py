"""Salesforce as its documentation describes it: SOQL with cursors, bulk jobs with CSV, deleted rows by queryAll only."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import jwt

from tests.ingestion.connect.fake import Answer, FakeServer, Request

VERSION = "v66.0"


def opportunity(number: int, modified: str, **changed: Any) -> dict[str, Any]:
    return {
        "attributes": {"type": "Opportunity", "url": f"/services/data/{VERSION}/sobjects/Opportunity/{number}"},
        "Id": f"006{number:03d}",
        "CreatedDate": "2026-01-01T08:00:00.000+0000",
        "SystemModstamp": modified,
        "CloseDate": "2026-03-31",
        "StageName": "Proposal",
        "IsClosed": False,
        "IsWon": False,
        "Amount": 1250.5,
        "LeadSource": "Web",
        "CampaignId": None,
        "IsDeleted": False,
        "Name": "Jan de Vries",
    } | changed


def campaign(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "Id": f"701{number:03d}",
        "CreatedDate": "2026-01-01T08:00:00.000+0000",
        "SystemModstamp": "2026-05-01T10:00:00.000+0000",
        "EndDate": "2026-03-31",
        "Status": "Completed",
        "Type": "Webinar",
        "ActualCost": 400,
        "IsDeleted": False,
        "Name": "Voorjaar met Jan de Vries",
    } | changed


def member(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "Id": f"00v{number:03d}",
        "CampaignId": "701001",
        "CreatedDate": "2026-02-01T08:00:00.000+0000",
        "SystemModstamp": "2026-05-01T10:00:00.000+0000",
        "HasResponded": False,
        "LeadId": f"00Q{number:03d}",
        "ContactId": None,
        "IsDeleted": False,
        "Email": "jan@devries.example",
    } | changed


class FakeSalesforce(FakeServer):
    def __init__(self, opportunities: list[dict[str, Any]]) -> None:
        super().__init__(self.salesforce, counts=lambda request: "oauth2" not in request.path)
        self.content: dict[str, list[dict[str, Any]]] = {
            "Opportunity": opportunities,
            "Lead": [],
            "Campaign": [],
            "CampaignMember": [],
            "Organization": [{"DefaultCurrencyIsoCode": "EUR"}],
            "CurrencyType": [
                {"IsoCode": "EUR", "ConversionRate": 1, "IsCorporate": True},
                {"IsoCode": "USD", "ConversionRate": 1.25, "IsCorporate": False},
            ],
            "DatedConversionRate": [
                {"IsoCode": "USD", "ConversionRate": 1.1, "StartDate": "0001-01-01", "NextStartDate": "2026-03-31"},
                {"IsoCode": "USD", "ConversionRate": 1.6, "StartDate": "2026-03-31", "NextStartDate": "9999-12-30"},
            ],
        }
        self.content["CampaignMemberStatus"] = [
            {"CampaignId": "701001", "Label": "Sent", "HasResponded": False},
            {"CampaignId": "701001", "Label": "Attended", "HasResponded": False},
        ]
        self.content["OpportunityStage"] = [
            {"MasterLabel": "Proposal", "IsClosed": False, "IsWon": False},
            {"MasterLabel": "Closed Won", "IsClosed": True, "IsWon": True},
        ]
        self.several = self.dated = False
        self.formulas: set[str] = set()
        self.hidden: set[str] = set()
        self.tokens, self.issued = set[str](), 0
        self.page = 2
        self.jobs: dict[str, str] = {}
        self.states: list[str] = []
        self.public_key: Any = None
        self.subject = ""

    def salesforce(self, request: Request) -> Answer:
        if request.path == "/services/oauth2/token":
            return self._token(request.form)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Answer([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)
        path = request.path.removeprefix(f"/services/data/{VERSION}/")
        if path == "sobjects":
            names = [name for name in self.content if name != "DatedConversionRate"] + (
                ["DatedConversionRate"] if self.dated else []
            )
            return Answer({"sobjects": [{"name": name} for name in names]})
        if describe := re.fullmatch(r"sobjects/(\w+)/describe", path):
            fields = [{"name": name, "calculated": name in self.formulas} for name in self._fields(describe[1])]
            return Answer({"fields": fields})
        if path.startswith("jobs/query"):
            return self._job(path, request)
        return self._query(path, request)

    def _token(self, form: dict[str, str]) -> Answer:
        if form["grant_type"] == "client_credentials":
            good = form["client_secret"] == "secret"
        else:
            told = jwt.decode(
                form["assertion"],
                self.public_key,
                ["RS256"],
                audience="https://login.salesforce.com",
                options={"verify_exp": False},
            )
            self.subject, good = told["sub"], True
        if not good:
            return Answer({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
        self.issued += 1
        self.tokens = {f"token-{self.issued}"}
        return Answer({"access_token": f"token-{self.issued}", "instance_url": self.url, "token_type": "Bearer"})

    def _fields(self, sobject: str) -> list[str]:
        known = {
            "Opportunity": "Id CreatedDate SystemModstamp CloseDate StageName IsClosed IsWon Amount LeadSource CampaignId",
            "Lead": "Id CreatedDate SystemModstamp IsConverted ConvertedOpportunityId LeadSource",
            "Campaign": "Id CreatedDate SystemModstamp EndDate Status Type ActualCost",
            "CampaignMember": "Id CampaignId CreatedDate SystemModstamp HasResponded LeadId ContactId",
        }[sobject].split()
        extra = ["CurrencyIsoCode"] if self.several and sobject in {"Opportunity", "Campaign"} else []
        return [name for name in [*known, *extra, "IsDeleted"] if name not in self.hidden]

    def _query(self, path: str, request: Request) -> Answer:
        every = path.startswith("queryAll")
        if "q" not in request.query:
            start, soql = path.split("/")[1].split("-", 1)
            start, soql = int(start), bytes.fromhex(soql).decode()
        else:
            start, soql = 0, request.query["q"]
        if wrong := self.hidden & set(re.findall(r"\w+", soql)):
            return Answer([{"message": f"No such column '{min(wrong)}'", "errorCode": "INVALID_FIELD"}], 400)
        found = self._found(soql, every=every)
        if "COUNT()" in soql:
            return Answer({"totalSize": len(found), "done": True, "records": []})
        body: dict[str, Any] = {"totalSize": len(found), "done": True, "records": found[start : start + self.page]}
        if start + self.page < len(found):
            kind = "queryAll" if every else "query"
            cursor = f"{start + self.page}-{soql.encode().hex()}"
            body |= {"done": False, "nextRecordsUrl": f"/services/data/{VERSION}/{kind}/{cursor}"}
        return Answer(body)

    def _found(self, soql: str, *, every: bool) -> list[dict[str, Any]]:
        name = re.search(r"FROM (\w+)", soql)
        assert name is not None
        fields = [field.strip() for field in soql.removeprefix("SELECT ").split(" FROM ")[0].split(",")]
        found = [row for row in self.content[name[1]] if every or not row.get("IsDeleted")]
        if since := re.search(r"SystemModstamp >= (\S+)", soql):
            found = [row for row in found if row["SystemModstamp"].replace("+0000", "Z") >= since[1]]
        if "IsCorporate = true" in soql:
            found = [row for row in found if row["IsCorporate"]]
        if "ORDER BY" in soql:
            found.sort(key=lambda row: (row["SystemModstamp"], row["Id"]))
        # Only what was asked for comes.
        return found if "COUNT()" in soql else [{name: row.get(name) for name in fields} for row in found]

    def _job(self, path: str, request: Request) -> Answer:
        parts = path.split("/")
        if request.method == "POST":
            assert request.body["operation"] == "queryAll"
            self.jobs[f"750{len(self.jobs)}"] = request.body["query"]
            return Answer({"id": f"750{len(self.jobs) - 1}", "state": "UploadComplete"})
        found = self._found(self.jobs[parts[2]], every=True)
        if parts[-1] != "results":
            state = self.states.pop(0) if self.states else "JobComplete"
            return Answer({"id": parts[2], "state": state, "numberRecordsProcessed": len(found)})
        start = int(request.query.get("locator", 0))
        size = min(int(request.query["maxRecords"]), self.page)
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(found[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        for row in found[start : start + size]:
            writer.writerow(
                {name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()}
            )
        more = start + size < len(found)
        headers = {
            "Sforce-Locator": str(start + size) if more else "null",
            "Sforce-NumberOfRecords": str(len(found[start : start + size])),
        }
        return Answer(out.getvalue(), headers=headers, kind="text/csv")
