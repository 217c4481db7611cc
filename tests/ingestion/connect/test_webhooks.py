"""The webhook inbox: who is let in, what is kept, and what a sender may do twice, too late or in the wrong order."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import standardwebhooks

from ingestion import privacy
from ingestion.connect import connector as connect
from ingestion.connect.landing import Landing
from ingestion.errors import SourceError
from ingestion.sources.webhooks import CONNECTOR
from ingestion.sources.webhooks import spool as spools
from ingestion.sources.webhooks.receiver import Receiver
from ingestion.sources.webhooks.resources import Webhooks
from ingestion.sources.webhooks.settings import WebhookSettings
from orchestration.delivery import webhooks as outgoing
from tests import asynchronous
from tests.ingestion.connect.fake import FakeClock
from tests.ingestion.connect.staging import staged

KEY = b"a key of twenty-four bytes or more"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
DEAL = {
    "deal_id": "D-1",
    "created_at": "2026-01-05T09:00:00+01:00",
    "status": "open",
    "amount": 1250.5,
    "updated_at": "2026-05-01T10:00:00Z",
    "contact": {"name": "Jan de Vries"},
}
SETTINGS = {
    "senders": {
        "crm": {"entity": "deals", "values": {"currency": "EUR"}},
        "make": {"entity": "deals", "values": {"currency": "EUR"}},
        "shop": {"entity": "orders", "values": {"currency": "EUR"}},
        "mailings": {"entity": "campaigns", "values": {"currency": "EUR"}},
        "readers": {"entity": "campaign_members", "fields": {"has_responded": "clicked"}},
        "survey": {
            "entity": "survey_responses",
            "values": {"survey": "nps"},
            "fields": {"score": "answers.recommend", "responded_at": "submitted"},
        },
    },
    "per_minute": 8,
    "most_bytes": 2_000,
}


class Inbox:
    """A receiver, and what is made of what it kept."""

    def __init__(self, folder: Path, settings: Mapping[str, Any] = SETTINGS) -> None:
        self.folder, self.clock = folder, FakeClock(datetime.now(UTC).timestamp())
        self.settings = WebhookSettings.model_validate(settings)
        self.spool = spools.of(folder / "webhooks")
        self.receiver = Receiver(self.settings, SECRET, self.spool, self.clock)

    def post(self, sender: str, content: Any, **changed: str) -> tuple[int, dict[str, str], str]:
        """One request as an ASGI server would hand it over; signed by the library of Standard Webhooks."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if "authorization" not in changed:
            text = body.decode("utf-8", "replace")
            headers["webhook-signature"] = standardwebhooks.Webhook(SECRET).sign("msg_1", now, text)
        return self.send(sender, body, headers | {name.replace("_", "-"): value for name, value in changed.items()})

    def send(self, sender: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
        sent: list[dict[str, Any]] = []
        parts = [body[start : start + 500] for start in range(0, max(len(body), 1), 500)]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def answer(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/{sender}",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        asynchronous.run(self.receiver.app(scope, receive, answer))
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, sent[1]["body"].decode()

    def fetch(self) -> dict[str, int]:
        reader = Webhooks(self.settings, {"WEBHOOKS_SECRET": SECRET}, self.folder / "webhooks")
        return connect.fetch(CONNECTOR, self.settings, reader, Landing(self.folder / "webhooks"))

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for file in self.spool.files() for line in file.read_bytes().splitlines()]


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def test_what_is_kept_is_the_columns_of_the_entity_and_nothing_else(inbox: Inbox) -> None:
    assert inbox.post("crm", DEAL)[0] == 202
    [file] = inbox.spool.files()
    assert b"Jan de Vries" not in file.read_bytes() and file.stat().st_mode & 0o077 == 0
    assert inbox.fetch()["deals"] == 1
    assert inbox.fetch()["deals"] == 0


def test_who_has_no_signature_of_now_is_refused_and_nothing_is_kept(inbox: Inbox) -> None:
    assert inbox.post("crm", DEAL, webhook_signature="v1,AAAA")[0] == 401
    assert inbox.post("crm", DEAL, webhook_timestamp=str(int(inbox.clock.now()) - 301))[0] == 401
    assert inbox.post("crm", DEAL, webhook_id="msg_2")[0] == 401
    assert inbox.post("crm", DEAL, authorization="Bearer whsec_wrong")[0] == 401
    assert inbox.send("crm", b"{}", {})[0] == 401
    assert inbox.spool.files() == []
    assert inbox.post("crm", DEAL, authorization=f"Bearer {SECRET}")[0] == 202, "for who can't sign"


def test_what_kerncijfers_sends_itself_is_signed_the_way_it_accepts(inbox: Inbox) -> None:
    body, now = json.dumps(DEAL).encode(), int(inbox.clock.now())
    headers = {"content-type": "application/json", "webhook-id": "x", "webhook-timestamp": str(now)}
    headers["webhook-signature"] = outgoing.signature(KEY, "x", now, body)
    assert inbox.send("crm", body, headers)[0] == 202


@pytest.mark.parametrize(
    ("content", "changed", "status", "said"),
    [
        (b"\xff\xfe{}", {}, 401, "signature"),
        (b"\xff\xfe{}", {"authorization": f"Bearer {SECRET}"}, 422, "not JSON in UTF-8"),
        (b'{"deal_id": ', {}, 422, "not JSON"),
        (b'{"deal_id": "\\ud800"}', {}, 422, "half a character"),
        (DEAL | {"amount": "1.250,50"}, {}, 422, "amount is not a number. (1.250,50)"),
        (DEAL | {"created_at": "2026-01-05 09:00"}, {}, 422, "not a moment with a time zone"),
        ({"deal_id": "D-2"}, {}, 422, "created_at is empty"),
        ([], {}, 422, "not a record"),
        (DEAL, {"content-type": "text/plain"}, 422, "text/plain, not application/json"),
    ],
)
def test_what_can_not_be_used_is_refused_with_the_reason_and_counted(
    inbox: Inbox, content: Any, changed: dict[str, str], status: int, said: str
) -> None:
    found, _, text = inbox.post("crm", content, **{name.replace("-", "_"): value for name, value in changed.items()})
    assert found == status and said in text
    if status == 422:
        assert inbox.fetch() == dict.fromkeys(CONNECTOR.tables, 0) | {"refusals": 1}


def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(inbox: Inbox) -> None:
    status, _, text = inbox.post("crm", b"x" * 5_000_000)
    assert (status, text) == (413, "More than 2,000 bytes.")
    assert inbox.spool.files() == []


def test_an_unknown_sender_is_refused(inbox: Inbox) -> None:
    assert inbox.post("erp", DEAL)[0] == 404


def test_a_burst_is_asked_to_wait(inbox: Inbox) -> None:
    answers = [inbox.post("crm", DEAL | {"deal_id": str(number)}) for number in range(9)]
    assert [status for status, _, _ in answers] == [202] * 8 + [429]
    assert inbox.post("make", DEAL)[0] == 202, "another sender need not wait"
    inbox.clock.time += int(answers[-1][1]["retry-after"])
    assert inbox.post("crm", DEAL)[0] == 202


def test_a_message_that_could_not_be_written_is_not_acknowledged(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert inbox.post("crm", DEAL)[0] == 503
    assert inbox.lines == []
    assert inbox.post("crm", DEAL)[0] == 202
    assert len(inbox.lines) == 1


def test_a_machine_that_stops_before_it_answers_gets_the_message_again_and_counts_it_once(inbox: Inbox) -> None:
    inbox.post("crm", DEAL)
    [file] = inbox.spool.files()
    file.write_bytes(file.read_bytes() + b'{"sender": "crm", "mess')
    again = Inbox(inbox.folder)
    again.post("crm", DEAL)
    again.post("crm", DEAL | {"deal_id": "D-2"})
    assert again.fetch()["deals"] == 3
    assert len(Landing(again.folder / "webhooks").keys("deals", CONNECTOR.tables["deals"])) == 2


def test_a_spool_that_somebody_changed_is_refused(inbox: Inbox) -> None:
    inbox.post("crm", DEAL)
    [file] = inbox.spool.files()
    file.write_bytes(b"garbage\n" + file.read_bytes())
    with pytest.raises(SourceError, match="somebody else changed the file"):
        inbox.fetch()


def test_who_is_erased_leaves_the_spool_and_what_came_later_is_still_read(inbox: Inbox) -> None:
    bought = {"ordered_at": "2026-05-01T10:00:00Z", "gross_amount": 10}
    inbox.post("shop", [bought | {"order_id": str(number), "customer_id": f"C-{number}"} for number in (1, 2, 3)])
    inbox.fetch()
    inbox.post("shop", bought | {"order_id": "4", "customer_id": "C-4"})
    erased = [("customer", privacy.key().pseudonym("C-2", "customer"))]
    assert spools.forget(inbox.folder / "webhooks", erased) == 1
    [file] = inbox.spool.files()
    assert b"C-2" not in file.read_bytes() and b"C-3" in file.read_bytes()
    assert inbox.fetch()["orders"] == 1


def test_two_receivers_do_not_write_one_spool(inbox: Inbox) -> None:
    with inbox.spool.locked(), pytest.raises(SourceError, match="another process is receiving"):
        inbox.spool.locked().__enter__()


def test_a_key_that_is_too_short_is_refused(inbox: Inbox) -> None:
    with pytest.raises(SourceError, match="WEBHOOKS_SECRET is not whsec_"):
        Receiver(inbox.settings, "whsec_c2hvcnQ=", inbox.spool)


def test_messages_read_like_rows_of_files_in_whatever_order_they_came(inbox: Inbox) -> None:
    inbox.post(
        "crm", DEAL | {"status": "won", "closed_at": "2026-05-02T10:00:00Z", "updated_at": "2026-05-02T10:00:00Z"}
    )
    inbox.post("crm", DEAL)
    inbox.post("make", DEAL | {"amount": 7})
    inbox.post("crm", [DEAL | {"deal_id": "D-3"}, DEAL | {"deal_id": "D-4"}])
    inbox.post("crm", DEAL | {"deal_id": "D-4", "deleted": True, "updated_at": "2026-05-03T10:00:00Z"})
    inbox.post("survey", {"answers": {"recommend": 9}, "submitted": "2026-05-02T10:00:00Z", "comment": "Jan de Vries"})
    inbox.post("survey", {"answers": {"recommend": "high"}, "submitted": "2026-05-02T10:00:00Z"})
    inbox.fetch()
    landing, warehouse = Landing(inbox.folder / "webhooks"), inbox.folder / "w.duckdb"
    connect.deliver(CONNECTOR, inbox.settings, landing, warehouse, inbox.folder / "work")
    with duckdb.connect(str(warehouse)) as connection:
        deals = staged(connection, "webhooks", "deals").to_pylist()
        [answer] = staged(connection, "webhooks", "survey_responses").to_pylist()
        [refusal] = staged(connection, "webhooks", "refusals").to_pylist()
    assert [(row["deal_id"], row["status"], row["amount"], row["currency"]) for row in deals] == [
        ("crm-D-1", "won", Decimal("1250.5"), "EUR"),
        ("crm-D-3", "open", Decimal("1250.5"), "EUR"),
        ("make-D-1", "open", Decimal(7), "EUR"),
    ]
    assert (answer["survey"], answer["score"]) == ("nps", 9)
    assert (refusal["sender"], refusal["messages"]) == ("survey", 1)
    assert "score is not a whole number" in refusal["last_reason"]


def test_a_campaign_its_members_and_the_deals_that_name_it_come_from_three_senders(inbox: Inbox) -> None:
    campaign = {"campaign_id": "spring", "created_at": "2026-01-05T09:00:00Z", "channel": "email", "cost": 250}
    inbox.post("mailings", campaign)
    inbox.post(
        "mailings", campaign | {"ended_on": "2026-02-28", "cost": "310.40", "updated_at": "2030-01-01T00:00:00Z"}
    )
    member = {"campaign_id": "spring", "added_at": "2026-01-06T09:00:00Z", "email": "jan@devries.example"}
    inbox.post("readers", [member | {"member_id": str(number), "clicked": number == 1} for number in (1, 2)])
    inbox.post("readers", member | {"member_id": "3", "clicked": True, "contact_id": "C-3"})
    inbox.post("crm", DEAL | {"campaign_id": "spring"})
    assert spools.forget(inbox.folder / "webhooks", [("contact", privacy.key().pseudonym("C-3", "contact"))]) == 1
    inbox.fetch()
    landing, warehouse = Landing(inbox.folder / "webhooks"), inbox.folder / "w.duckdb"
    connect.deliver(CONNECTOR, inbox.settings, landing, warehouse, inbox.folder / "work")
    with duckdb.connect(str(warehouse)) as connection:
        [found] = staged(connection, "webhooks", "campaigns").to_pylist()
        members = staged(connection, "webhooks", "campaign_members").to_pylist()
        [deal] = staged(connection, "webhooks", "deals").to_pylist()
    assert (found["campaign_id"], found["cost"], str(found["ended_on"])) == ("spring", Decimal("310.4"), "2026-02-28")
    assert [(row["member_id"], row["campaign_id"], row["has_responded"]) for row in members] == [
        ("readers-1", "spring", True),
        ("readers-2", "spring", False),
    ]
    assert deal["campaign_id"] == "spring"
