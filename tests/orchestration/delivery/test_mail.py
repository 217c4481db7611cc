"""Mail arrives once for each release, whatever the server and the machine do, and says so when nobody can know."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from orchestration.delivery import mail, rounds
from orchestration.delivery.outbox import MOST_TRIES, Item, Outbox, opened, sending
from orchestration.errors import BusyError, KerncijfersError
from tests.orchestration.delivery.conftest import BANK, MAIL, PASSWORD, Office, Post


def ready(office: Office, post: Post, more: str = "") -> Office:
    """A published release with a mail queued for the bank."""
    office.write(MAIL.format(port=post.port), more).publish("000001")
    assert rounds.queue_new(office.paths).added == 1
    return office


def send(office: Office, *, by_hand: bool = False) -> list[str]:
    """The states of the rows that were tried."""
    return [item.state for item in rounds.send(office.paths, by_hand=by_hand)]


def only(office: Office) -> Item:
    with opened(office.paths) as box:
        [item] = box.items()
    return item


def test_a_report_is_mailed_once_however_often_it_is_delivered(office: Office, post: Post) -> None:
    ready(office, post)
    assert send(office) == ["sent"]
    for _ in range(2):
        assert rounds.queue(office.paths).added + rounds.queue_new(office.paths).added == 0
        assert send(office) + send(office, by_hand=True) == []
    [message] = post.received
    page = (office.paths.releases / "000001" / "management.nl.html").read_bytes()
    [attached] = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("management.nl.html", "text/html")
    assert attached.get_payload(decode=True) == page
    text = message.get_body(("plain",))
    assert text is not None
    assert hashlib.sha256(page).hexdigest() in text.get_content()
    assert "De cijfers lopen tot en met 31 maart 2026" in text.get_content()
    assert (message["To"], message["Subject"]) == (BANK, "Bakkerij De Ster · Rapport")
    assert message["Message-ID"] == f"<{only(office).id}@bakkerij.example>"
    assert BANK not in office.everything_kept()
    assert PASSWORD not in office.everything_kept()


def test_a_server_that_is_away_or_busy_is_tried_again_later_and_not_before(
    office: Office, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(office, post)
    clock = 1_800_000_000.0
    monkeypatch.setattr("orchestration.delivery.outbox.time.time", lambda: clock)
    post.answers = ["451 4.3.0 Try again later", "RCPT 450 4.2.0 <{address}> is greylisted"]
    assert send(office) == ["waiting"]
    assert "451" in only(office).detail
    assert send(office) == [], "its pause has not passed"
    clock += 61
    assert send(office) == ["waiting"]
    assert (only(office).next_try_at, only(office).tries) == (clock + 120, 2), "the pause doubles"
    assert "j***@bank.example" in only(office).detail
    assert BANK not in office.everything_kept()
    clock += 121
    assert send(office) == ["sent"]
    assert (len(post.received), only(office).maybe_twice) == (1, False)


def test_a_connection_that_is_refused_is_given_up_in_the_end_and_tried_again_by_hand(
    office: Office, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(office, post)
    office.write(MAIL.format(port=1))
    clock = 1_800_000_000.0
    monkeypatch.setattr("orchestration.delivery.outbox.time.time", lambda: clock)
    states = []
    for _ in range(MOST_TRIES):
        states += send(office)
        clock += 6 * 3600 + 1
    assert states == ["waiting"] * (MOST_TRIES - 1) + ["failed"]
    assert send(office) == []
    assert "no connection to 127.0.0.1:1" in only(office).detail
    office.write(MAIL.format(port=post.port))
    assert send(office, by_hand=True) == ["sent"]
    assert len(post.received) == 1


@pytest.mark.parametrize("answer", ["RCPT 550 5.1.1 <{address}> unknown here", "554 5.7.1 Refused by policy"])
def test_a_refusal_waits_for_a_person(office: Office, post: Post, answer: str) -> None:
    ready(office, post)
    post.answers = [answer]
    assert send(office) == ["failed"]
    assert send(office) == []
    assert only(office).detail.startswith("the "), only(office).detail
    assert BANK not in office.everything_kept()
    assert send(office, by_hand=True) == ["sent"]


def test_a_connection_lost_after_the_message_is_said_to_have_perhaps_arrived_twice(office: Office, post: Post) -> None:
    ready(office, post)
    post.answers = ["drop"]
    assert send(office) == ["waiting"]
    assert only(office).maybe_twice
    assert send(office, by_hand=True) == ["sent"]
    assert only(office).maybe_twice, "that it may be there twice stays known"
    first, second = post.received
    assert first.as_bytes() == second.as_bytes()


def kill_self(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


KILLED_AT = {
    "before it is written down": (Outbox, "begin"),
    "before it is sent": (mail, "send"),
    "in the middle": None,
    "after it is sent": (Outbox, "end"),
}


@pytest.mark.fault
@pytest.mark.parametrize(
    "point", ["before it is written down", "before it is sent", "in the middle", "after it is sent"]
)
def test_a_killed_delivery_goes_on_and_never_doubles_in_silence(office: Office, post: Post, point: str) -> None:
    ready(office, post)
    child = os.fork()
    if child == 0:
        if place := KILLED_AT[point]:
            setattr(place[0], place[1], kill_self)
        rounds.send(office.paths, by_hand=False)
        os._exit(0)
    if point == "in the middle":
        post.on_data = lambda: os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    post.on_data = None

    assert rounds.due_mark(office.paths) is not None
    assert send(office) == ["sent"]
    arrived = len(post.received)
    assert len(set(post.ids)) == 1
    assert arrived == (2 if point in ("in the middle", "after it is sent") else 1)
    assert only(office).maybe_twice is (point != "before it is written down")
    assert send(office) + send(office, by_hand=True) == []


def test_only_one_process_sends(office: Office, post: Post) -> None:
    ready(office, post)
    with sending(office.paths), pytest.raises(BusyError, match="Another process is delivering"):
        send(office)
    assert send(office) == ["sent"]


def test_a_certificate_nobody_trusts_gets_nothing(office: Office, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(office, post)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert send(office) == ["failed"]
    assert "is not trusted" in only(office).detail
    assert post.received == []


def test_a_wrong_password_is_not_tried_over_and_over(
    office: Office, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(office, post)
    monkeypatch.setenv("KERNCIJFERS_SMTP_PASSWORD", "something else")
    assert send(office) == ["failed"]
    monkeypatch.delenv("KERNCIJFERS_SMTP_PASSWORD")
    assert send(office, by_hand=True) == ["failed"]
    assert "KERNCIJFERS_SMTP_PASSWORD is not set" in only(office).detail


def test_a_mail_nobody_has_had_gives_way_to_the_one_about_the_next_release(office: Office, post: Post) -> None:
    ready(office, post)
    post.answers = ["451 later"]
    send(office)
    office.publish("000002")
    rounds.queue_new(office.paths)
    assert send(office, by_hand=True) == ["sent"]
    with opened(office.paths) as box:
        assert [(item.release, item.state) for item in box.items()] == [("000001", "superseded"), ("000002", "sent")]


def test_who_wants_one_report_a_month_gets_the_first_release_of_each(office: Office, post: Post) -> None:
    ready(office, post, 'when = "month"\n')
    sent = send(office)
    for number, month in (("000002", "2026-03"), ("000003", "2026-04"), ("000004", "2026-04")):
        office.publish(number, month=month)
        rounds.queue_new(office.paths)
        sent += send(office)
    with opened(office.paths) as box:
        assert [item.release for item in box.items()] == ["000001", "000003"]
    assert sent == ["sent", "sent"]
    assert rounds.queue(office.paths, "000002", to="Bank").added == 1, "unless a person asks for it"


def test_what_is_not_the_released_file_stays_in_the_house(office: Office, post: Post) -> None:
    ready(office, post)
    page = office.paths.releases / "000001" / "management.nl.html"
    kept = page.read_text()
    page.write_text(kept.replace("1.234", "9.234"))
    assert send(office) == ["failed"]
    assert "not the file that was released" in only(office).detail
    page.write_text(kept)
    assert send(office, by_hand=True) == ["sent"]
    facts = office.publish("000002") / "release.json"
    facts.write_text(facts.read_text().replace('"failed": 0', '"failed": 1'))
    with pytest.raises(KerncijfersError, match="failed tests"):
        rounds.queue(office.paths)
    with pytest.raises(KerncijfersError, match="There is no release 000009"):
        rounds.queue(office.paths, "000009")


def test_a_recipient_who_is_taken_away_gets_nothing_any_more(office: Office, post: Post) -> None:
    ready(office, post)
    office.write()
    assert send(office) == ["withdrawn"]
    assert post.received == []


def test_a_hostile_company_name_is_one_header_line(office: Office, post: Post) -> None:
    office.write(MAIL.format(port=post.port))
    office.publish("000001", title="Ster\r\nBcc: thief@example.com\u202e 🥐")
    rounds.queue_new(office.paths)
    assert send(office) == ["sent"]
    [message] = post.received
    assert message["Bcc"] is None
    assert message["Subject"] == "Ster Bcc: thief@example.com\u202e 🥐"


def test_a_link_is_sent_instead_of_the_file(office: Office, post: Post) -> None:
    ready(office, post, 'by = "link"\n[delivery]\nlink = "https://rapport.example/{release}/{page}"\n')
    assert send(office) == ["sent"]
    [message] = post.received
    assert list(message.iter_attachments()) == []
    assert "https://rapport.example/000001/management.nl.html" in message.get_content()


def test_a_preview_sends_nothing_and_remembers_nothing(office: Office, post: Post) -> None:
    office.write(MAIL.format(port=post.port)).publish("000001")
    items, _ = rounds.preview(office.paths)
    assert [(item.kind, item.recipient) for item in items] == [("mail", "Bank")]
    with opened(office.paths) as box:
        assert (box.items(), box.last_queued()) == ([], None)
    assert post.received == []


def test_an_outbox_that_is_damaged_is_said_in_words(office: Office, tmp_path: Path) -> None:
    office.paths.data.mkdir()
    (office.paths.data / "outbox.sqlite").write_bytes(b"not a database, and long enough to be looked at" * 50)
    with pytest.raises(KerncijfersError, match="remembers what has been delivered"), opened(office.paths):
        pass


def test_the_outbox_is_readable_by_its_owner_only_and_synced(office: Office) -> None:
    with opened(office.paths):
        file = office.paths.data / "outbox.sqlite"
        assert file.stat().st_mode & 0o077 == 0
    with sqlite3.connect(file) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("delete",)
