"""Salesforce: one status with two meanings, cursors that expire, records that vanish, jobs that answer in CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ingestion import privacy
from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.salesforce import CONNECTOR, resources
from ingestion.sources.salesforce.resources import Salesforce
from ingestion.sources.salesforce.settings import SalesforceSettings
from tests.ingestion.connect.fake import Answer, FakeClock, serve
from tests.ingestion.connect.fake_salesforce import FakeSalesforce, campaign, member, opportunity
from tests.ingestion.connect.staging import staged

SECRETS = {"SALESFORCE_CLIENT_ID": "id", "SALESFORCE_CLIENT_SECRET": "secret"}


class Org:
    """The fake org, and what is read of it."""

    def __init__(self, server: FakeSalesforce, folder: Path) -> None:
        self.server, self.folder, self.clock, self.secrets = server, folder, FakeClock(), dict(SECRETS)
        self.settings = SalesforceSettings(domain="linde", base_url=server.url)
        self.warehouse = folder / "w.duckdb"

    @property
    def landing(self) -> Landing:
        return Landing(self.folder / "salesforce")

    def reader(self) -> Salesforce:
        return Salesforce(self.settings, self.secrets, self.clock)

    def fetch(self) -> dict[str, int]:
        return connect.fetch(CONNECTOR, self.settings, self.reader(), self.landing)

    @property
    def opportunities(self) -> list[int]:
        keys = self.landing.keys("opportunities", CONNECTOR.tables["opportunities"])
        return sorted(int(key.removeprefix("006")) for (key,) in keys)


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    found = [opportunity(number, f"2026-05-{number:02d}T10:00:00.000+0000") for number in range(1, 6)]
    with serve(FakeSalesforce(found)) as server:
        yield Org(server, tmp_path)


def test_all_pages_come_once_and_the_next_fetch_brings_only_what_changed(org: Org) -> None:
    assert org.fetch()["opportunities"] == 5
    org.server.content["Opportunity"][0] |= {"SystemModstamp": "2026-06-01T00:00:00.000+0000", "Amount": 7}
    assert org.fetch()["opportunities"] == 2, "the last moment is read again"
    assert org.opportunities == [1, 2, 3, 4, 5]
    stored = b"".join(path.read_bytes() for path in org.folder.rglob("*") if path.is_file())
    assert b"Jan de Vries" not in stored and b"token-" not in stored


def test_a_deleted_opportunity_goes_and_one_that_left_the_recycle_bin_too(org: Org) -> None:
    org.fetch()
    org.server.content["Opportunity"][0] |= {"IsDeleted": True, "SystemModstamp": "2026-06-01T00:00:00.000+0000"}
    org.fetch()
    assert org.opportunities == [2, 3, 4, 5]
    del org.server.content["Opportunity"][1]
    org.fetch()
    assert org.opportunities == [3, 4, 5]


def test_a_limit_is_no_missing_permission_though_both_are_a_403(org: Org) -> None:
    org.server.script = {5: Answer([{"message": "TotalRequests Limit", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], 403)}
    with pytest.raises(SourceError, match="requests of this day are used up"):
        org.fetch()
    org.server.script = {8: Answer([{"message": "insufficient access", "errorCode": "INSUFFICIENT_ACCESS"}], 403)}
    with pytest.raises(SourceError, match=r"refuses access.*insufficient access"):
        org.fetch()
    org.server.script = {}
    org.fetch()
    assert org.opportunities == [1, 2, 3, 4, 5]


def test_a_cursor_that_expired_is_asked_anew_from_the_last_record_that_came(org: Org) -> None:
    gone = Answer([{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}], 400)
    org.server.script = {6: gone}
    org.fetch()
    assert org.opportunities == [1, 2, 3, 4, 5]
    org.server.script = dict.fromkeys(range(1, 200), gone)
    with pytest.raises(SourceError, match="cursor of the query has expired"):
        list(org.reader().read("leads", None))


def test_a_session_that_ended_is_renewed_once(org: Org) -> None:
    reader = org.reader()
    reader.check()
    org.server.tokens.clear()
    reader.check()
    assert org.server.issued == 2
    org.secrets["SALESFORCE_CLIENT_SECRET"] = "wrong"
    with pytest.raises(SourceError, match="invalid client credentials"):
        org.fetch()


def test_a_login_by_certificate_is_for_the_user_that_was_named(org: Org, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65_537, 2_048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*pem))
    org.server.public_key = key.public_key()
    org.secrets |= {"SALESFORCE_CLIENT_SECRET": "", "SALESFORCE_USERNAME": "kpi@linde.example"}
    with pytest.raises(SourceError, match="neither SALESFORCE_CLIENT_SECRET nor"):
        org.reader()
    org.secrets["SALESFORCE_KEY_FILE"] = str(tmp_path / "key.pem")
    assert org.reader().check() == "linde, amounts in EUR"
    assert org.server.subject == "kpi@linde.example"
    (tmp_path / "key.pem").write_text("no key", encoding="utf-8")
    with pytest.raises(SourceError, match="private key that SALESFORCE_KEY_FILE names can't be used"):
        org.reader().check()


def test_a_field_that_is_hidden_from_the_user_is_named(org: Org) -> None:
    org.server.hidden = {"Amount"}
    with pytest.raises(SourceError, match=r"hides a field .*Opportunity: Amount"):
        org.reader().check()
    with pytest.raises(SourceError, match=r"hides a field .*No such column 'Amount'"):
        org.fetch()


def test_a_field_with_a_formula_is_refused_for_its_changes_are_not_marked(org: Org) -> None:
    org.server.formulas = {"Amount"}
    with pytest.raises(SourceError, match=r"computes Opportunity Amount by a formula"):
        org.fetch()
    with pytest.raises(SourceError, match=r"computes Opportunity Amount by a formula"):
        org.reader().check()
    assert org.opportunities == []


def test_a_stage_that_becomes_a_won_one_moves_opportunities_that_are_not_marked_as_changed(org: Org) -> None:
    org.fetch()
    org.server.content["OpportunityStage"][0] |= {"IsClosed": True, "IsWon": True}
    for row in org.server.content["Opportunity"]:
        row |= {"IsClosed": True, "IsWon": True}
    assert org.fetch()["opportunities"] == 5
    assert org.fetch()["opportunities"] == 1
    connect.deliver(CONNECTOR, org.settings, org.landing, org.warehouse, org.folder / "work")
    with duckdb.connect(str(org.warehouse)) as connection:
        won = [row["status"] for row in staged(connection, "salesforce", "deals").to_pylist()]
    assert won == ["won"] * 5


def test_a_large_reading_is_a_bulk_job_whose_pages_end_at_the_word_null(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_BULK_FROM", 3)
    org.server.states = ["InProgress", "InProgress", "JobComplete"]
    org.server.content["Opportunity"][2] |= {"StageName": 'On hold, "maybe"\nlater', "Amount": None}
    org.server.content["Opportunity"][4] |= {"IsDeleted": True}
    assert org.fetch()["opportunities"] == 5
    assert org.opportunities == [1, 2, 3, 4]
    assert org.clock.slept == [5.0, 5.0, 5.0]
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select stage, amount from read_parquet(?) where opportunity_id in ('006002', '006003') order by 1",
            [str(org.landing.path("opportunities", 1))],
        ).fetchall()
    assert rows == [('On hold, "maybe"\nlater', None), ("Proposal", Decimal("1250.5000"))]


@pytest.mark.parametrize(
    ("step", "answer", "said"),
    [
        (
            5,
            Answer({"id": "7500", "state": "Failed", "errorMessage": "boom", "numberRecordsProcessed": 0}),
            "job: boom",
        ),
        (7, Answer([{"message": "wrong version", "errorCode": "API_VERSION"}], 409), "another API version"),
        (
            7,
            Answer("Id\n", headers={"Sforce-Locator": "null", "Sforce-NumberOfRecords": "2"}, kind="text/csv"),
            "2 rec",
        ),
        (
            9,
            Answer("Id\n", headers={"Sforce-Locator": "null", "Sforce-NumberOfRecords": "0"}, kind="text/csv"),
            "gave 4",
        ),
    ],
)
def test_a_bulk_job_that_is_not_whole_is_refused_and_the_next_fetch_is(
    org: Org, monkeypatch: pytest.MonkeyPatch, step: int, answer: Answer, said: str
) -> None:
    monkeypatch.setattr(resources, "_BULK_FROM", 3)
    org.server.script = {step: answer}
    with pytest.raises(SourceError, match=said):
        org.fetch()
    org.server.script = {}
    org.fetch()
    assert org.opportunities == [1, 2, 3, 4, 5]


def test_opportunities_and_leads_read_like_those_of_files_in_the_currency_of_the_org(org: Org) -> None:
    org.server.several = org.server.dated = True
    closed = {"IsClosed": True, "CurrencyIsoCode": "EUR"}
    content = org.server.content
    for row, changed in zip(
        content["Opportunity"],
        [
            closed | {"IsWon": True, "LeadSource": None},
            closed | {"LeadSource": None, "CampaignId": "701"},
            {"CurrencyIsoCode": "USD", "Amount": 110, "CloseDate": "2026-03-30"},
            {"CurrencyIsoCode": "USD", "Amount": 160, "CloseDate": "2026-03-31"},
            {"CurrencyIsoCode": "GBP", "Amount": 50},
        ],
        strict=True,
    ):
        row.update(changed)
    stamp = {"SystemModstamp": "2026-05-01T10:00:00.000+0000"}
    lead = {"Id": "00Q1", "CreatedDate": "2026-01-01T08:00:00.000+0000", "IsConverted": True, "LeadSource": "Referral"}
    content["Lead"] = [
        lead | stamp | {"ConvertedOpportunityId": "006001", "LastName": "Jansen"},
        lead | stamp | {"Id": "00Q2", "ConvertedOpportunityId": "006002", "LeadSource": None},
        lead | stamp | {"Id": "00Q3", "IsConverted": False, "LeadSource": None},
        lead | stamp | {"Id": "00Q4", "IsDeleted": True},
    ]
    content["Campaign"] = [campaign(1, Id="701", CurrencyIsoCode="EUR")]
    org.fetch()
    connect.deliver(CONNECTOR, org.settings, org.landing, org.warehouse, org.folder / "work")
    with duckdb.connect(str(org.warehouse)) as connection:
        deals = staged(connection, "salesforce", "deals").to_pylist()
        leads = staged(connection, "salesforce", "leads").to_pylist()
    told = [(row["status"], row["channel"], row["currency"], row["amount"]) for row in deals]
    assert told == [
        ("won", "referral", "EUR", Decimal("1250.5")),
        ("lost", "webinar", "EUR", Decimal("1250.5")),
        ("open", "web", "EUR", Decimal(100)),
        ("open", "web", "EUR", Decimal(100)),
        ("open", "web", "GBP", Decimal(50)),
    ]
    assert deals[0]["closed_at"].astimezone(UTC) == datetime(2026, 3, 30, 22, tzinfo=UTC), "the day begins at home"
    won = [(row["channel"], row["won_at"].astimezone(UTC) if row["won_at"] else None) for row in leads]
    assert sorted(won, key=str) == [("referral", deals[0]["closed_at"].astimezone(UTC)), (None, None), (None, None)]
    assert [str(row["expected_close_on"]) for row in deals] == [
        "None",
        "None",
        "2026-03-30",
        "2026-03-31",
        "2026-03-31",
    ]


def test_campaigns_have_an_end_and_a_cost_in_the_currency_of_the_org_and_members_a_response(org: Org) -> None:
    org.server.several = org.server.dated = True
    content = org.server.content
    content["Opportunity"][:] = [
        opportunity(1, "2026-05-01T10:00:00.000+0000", CampaignId="701001", CurrencyIsoCode="EUR")
    ]
    content["Campaign"] = [
        campaign(1, CurrencyIsoCode="EUR"),
        campaign(2, CurrencyIsoCode="USD", EndDate="2026-03-30", ActualCost=110),
        campaign(3, CurrencyIsoCode="USD", EndDate=None, ActualCost=None, Type=None, Status="In Progress"),
        campaign(4, CurrencyIsoCode="GBP", ActualCost=50),
        campaign(5, CurrencyIsoCode="EUR", IsDeleted=True),
    ]
    content["CampaignMember"] = [
        member(1, HasResponded=True),
        member(2, ContactId="003002", CampaignId="701002"),
        member(3, IsDeleted=True),
        member(4),
    ]
    org.fetch()
    del content["CampaignMember"][3]
    org.fetch()
    stored = b"".join(path.read_bytes() for path in org.folder.rglob("*") if path.is_file())
    assert not [told for told in (b"Jan de Vries", b"devries.example", b"00Q001", b"003002") if told in stored]
    connect.deliver(CONNECTOR, org.settings, org.landing, org.warehouse, org.folder / "work")
    with duckdb.connect(str(org.warehouse)) as connection:
        campaigns = staged(connection, "salesforce", "campaigns").to_pylist()
        members = staged(connection, "salesforce", "campaign_members").to_pylist()
        [deal] = staged(connection, "salesforce", "deals").to_pylist()
        people = connection.execute("select lead_id, contact_id from raw_salesforce.campaign_members").fetchall()
    told = ("campaign_id", "status", "channel", "currency", "cost", "ended_on")
    assert [tuple(str(row[name]) for name in told) for row in campaigns] == [
        ("salesforce-701001", "Completed", "webinar", "EUR", "400.0000", "2026-03-31"),
        ("salesforce-701002", "Completed", "webinar", "EUR", "100.0000", "2026-03-30"),
        ("salesforce-701003", "In Progress", "None", "USD", "None", "None"),
        ("salesforce-701004", "Completed", "webinar", "GBP", "50.0000", "2026-03-31"),
    ]
    assert [(row["member_id"], row["campaign_id"], row["has_responded"]) for row in members] == [
        ("salesforce-00v001", "salesforce-701001", True),
        ("salesforce-00v002", "salesforce-701002", False),
    ]
    assert deal["campaign_id"] == "salesforce-701001"
    assert {len(one) for row in people for one in row if one is not None} == {privacy.LENGTH}


def test_a_status_of_members_that_comes_to_mean_a_response_moves_members_that_are_not_marked_as_changed(
    org: Org,
) -> None:
    org.server.content["Campaign"] = [campaign(1)]
    org.server.content["CampaignMember"] = [member(number) for number in range(1, 4)]
    org.fetch()
    assert org.fetch()["campaign_members"] == 3, "all of the last moment are read again"
    for row in org.server.content["CampaignMember"]:
        row |= {"SystemModstamp": "2026-04-01T10:00:00.000+0000", "HasResponded": True}
    assert org.fetch()["campaign_members"] == 0
    org.server.content["CampaignMemberStatus"][1] |= {"HasResponded": True}
    assert org.fetch()["campaign_members"] == 3
    connect.deliver(CONNECTOR, org.settings, org.landing, org.warehouse, org.folder / "work")
    with duckdb.connect(str(org.warehouse)) as connection:
        assert staged(connection, "salesforce", "campaign_members")["has_responded"].to_pylist() == [True] * 3


@pytest.mark.parametrize("field", ["ActualCost", "EndDate", "ContactId", "HasResponded"])
def test_a_hidden_field_of_a_campaign_or_its_members_is_named(org: Org, field: str) -> None:
    org.server.hidden = {field}
    with pytest.raises(SourceError, match=rf"hides a field .*Campaign(Member)?: {field}"):
        org.reader().check()
