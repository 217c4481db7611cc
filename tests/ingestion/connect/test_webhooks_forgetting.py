"""G6 for what came by webhook: the messages on disk are the only copy, so they stay, and say of nobody who it was."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import privacy
from ingestion.connect import forgetting
from ingestion.connect.landing import Landing
from ingestion.sources.webhooks import CONNECTOR
from ingestion.sources.webhooks import spool as spools
from ingestion.terms import Term
from tests.ingestion.connect.test_forgetting import known, world
from tests.ingestion.connect.test_webhooks import SETTINGS, Inbox

TERM = Term(date(2024, 3, 1), "Europe/Amsterdam")
LONG_AGO, LATELY = datetime(2023, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 1, 12, tzinfo=UTC)
SENDERS = SETTINGS["senders"] | {
    "people": {"entity": "customers"},
    "forms": {"entity": "leads"},
    "objections": {"entity": "objections"},
}
TABLES = dict(CONNECTOR.tables)


def order(number: str, who: Any, moment: datetime = LONG_AGO, **changed: Any) -> dict[str, Any]:
    told = {"order_id": number, "customer_id": who, "ordered_at": moment.isoformat(), "gross_amount": 10}
    return told | {"updated_at": moment.isoformat()} | changed


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return received(tmp_path)


def received(folder: Path) -> Inbox:
    """Anna and Bo bought long ago, Bo again lately; who answers a survey without a number is known by the answer."""
    inbox = Inbox(folder, SETTINGS | {"senders": SENDERS, "per_minute": 1000})
    inbox.clock.time = LONG_AGO.timestamp()
    answer = {"answers": {"recommend": 9}, "submitted": LONG_AGO.isoformat(), "customer_id": "anna"}
    for sender, message in [
        ("shop", [order("1", "anna"), order("2", "anna"), order("3", "bo")]),
        ("people", {"customer_id": "anna", "created_at": LONG_AGO.isoformat()}),
        ("survey", answer),
        ("crm", {"deal_id": "D-1", "created_at": LONG_AGO.isoformat(), "status": "open"}),
    ]:
        assert inbox.post(sender, message)[0] == 202
    inbox.clock.time = LATELY.timestamp()
    inbox.post("shop", order("4", "bo", LATELY))
    inbox.fetch()
    return inbox


def forget(inbox: Inbox, term: Term = TERM) -> int:
    landing = Landing(inbox.folder / "webhooks")
    with landing.locked():
        count = forgetting.forget(landing, TABLES, term, before=inbox.spool.prepare)
        inbox.spool.settle(landing.generation)
    return count


def here(inbox: Inbox) -> Any:
    return world(inbox.folder / "webhooks", TABLES)[1]


def persons(inbox: Inbox) -> list[int]:
    """How many rows there are of each person: what in them was made of the person's name changes with it."""
    return sorted(len(rows) for rows in here(inbox))


def test_g6_who_is_past_the_term_is_in_no_message_and_a_reading_from_the_start_finds_the_same_people(
    inbox: Inbox,
) -> None:
    before, sizes = persons(inbox), [file.stat().st_size for file in inbox.spool.files()]
    digests = [line["message_id"] for line in inbox.lines if line["record"].get("customer_id") == "anna"]
    assert (before, len(digests)) == ([2, 4], 4)
    assert forget(inbox) == 1
    left = b"".join(file.read_bytes() for file in inbox.folder.rglob("*") if file.is_file())
    assert b"anna" not in left and b'"bo"' in left and privacy.key().pseudonym("anna", "customer").encode() not in left
    assert not [digest for digest in digests if digest.rpartition("-")[2].encode() in left], "one could try names on it"
    assert [file.stat().st_size for file in inbox.spool.files()] == sizes
    assert (persons(inbox), known(inbox.folder / "webhooks", TABLES)) == (before, 1)
    after = here(inbox)

    inbox.post("shop", order("5", "cees", LATELY))
    assert inbox.fetch()["orders"] == 1, "the reading goes on where it was"
    inbox.settings = inbox.settings.model_copy(update={"per_minute": 7})
    assert inbox.fetch()["orders"] == 5 - 2, "who was forgotten comes as it is"
    assert after < here(inbox) and persons(inbox) == [1, 2, 4]
    assert forget(inbox) == 0


def test_g6_a_later_message_about_an_old_order_or_customer_is_of_whoever_it_was_of(inbox: Inbox) -> None:
    forget(inbox)
    inbox.post("shop", order("1", "anna", LONG_AGO, updated_at=LATELY.isoformat(), gross_amount=12))
    inbox.post("people", {"customer_id": "anna", "created_at": LONG_AGO.isoformat(), "country": "NL"})
    inbox.fetch()
    assert (persons(inbox), known(inbox.folder / "webhooks", TABLES)) == ([2, 6], 1)
    inbox.settings = inbox.settings.model_copy(update={"per_minute": 7})
    inbox.fetch()
    assert persons(inbox) == [2, 6], "also when all is read from the start"
    inbox.post("objections", {"customer_id": "dirk", "objected_at": LONG_AGO.isoformat()})
    inbox.fetch()
    assert persons(inbox) == [1, 2, 6]
    inbox.post("forms", {"lead_id": "anna@example.nl", "created_at": LONG_AGO.isoformat()})
    inbox.fetch()
    assert persons(inbox) == [1, 1, 2, 6], "of whom there was nothing is somebody new"


@pytest.mark.parametrize("stopped_after", ["the generation", "half of a line"])
def test_g6_a_forgetting_that_was_stopped_is_finished_by_the_next_reading(
    inbox: Inbox, stopped_after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = persons(inbox)
    pwrite = os.pwrite

    def stopping(handle: int, content: bytes, at: int) -> int:
        if stopped_after == "half of a line":
            pwrite(handle, content[: len(content) // 2], at)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, "pwrite", stopping)
        forget(inbox)
    inbox.spool.settle(Landing(inbox.folder / "webhooks").generation)
    assert b"anna" not in b"".join(file.read_bytes() for file in inbox.spool.files())
    inbox.fetch()
    inbox.settings = inbox.settings.model_copy(update={"per_minute": 7})
    inbox.fetch()
    assert persons(inbox) == before


def test_g6_a_forgetting_that_was_stopped_before_it_counted_leaves_the_messages_as_they_are(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = inbox.lines
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Landing, "turn", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        forget(inbox)
    inbox.spool.settle(Landing(inbox.folder / "webhooks").generation)
    assert inbox.lines == before and not list(inbox.spool.folder.glob(".pending*"))
    assert forget(inbox) == 1


@pytest.mark.parametrize("who", ["1", 1])
def test_g6_however_short_a_name_is_its_alias_fits_where_the_message_was(inbox: Inbox, who: Any) -> None:
    inbox.clock.time = LONG_AGO.timestamp()
    member = {"member_id": 1, "campaign_id": 1, "added_at": LONG_AGO.isoformat(), "clicked": True}
    inbox.post("readers", member | {"lead_id": who, "contact_id": who})
    inbox.fetch()
    assert forget(inbox) == 3
    [told] = [line for line in inbox.lines if line["entity"] == "campaign_members"]
    assert {told["record"][name][:2] for name in ("lead_id", "contact_id")} == {privacy.ALIAS}


def test_g6_an_erasure_finds_whoever_is_still_known_in_a_message_of_somebody_who_is_not(inbox: Inbox) -> None:
    inbox.clock.time = LONG_AGO.timestamp()
    member = {"campaign_id": "c", "added_at": LONG_AGO.isoformat(), "clicked": True}
    inbox.post("readers", member | {"member_id": "m1", "lead_id": "anna", "contact_id": "dirk"})
    inbox.post("readers", member | {"member_id": "m2", "contact_id": "dirk", "added_at": LATELY.isoformat()})
    inbox.fetch()
    assert forget(inbox) == 2
    dirk = ("contact", privacy.key().pseudonym("dirk", "contact"))
    assert sum(dirk[1] in json.dumps(line) for line in inbox.lines) == 1
    assert spools.forget(inbox.folder / "webhooks", [dirk]) == 2
