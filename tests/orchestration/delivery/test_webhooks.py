"""A webhook is signed as Standard Webhooks has it, tried again under the same id, and its address is nobody's business."""

from __future__ import annotations

import pytest
import standardwebhooks

from orchestration.delivery import rounds
from orchestration.delivery.outbox import Item
from tests.orchestration.delivery.conftest import Listener, Office

WEBHOOK = """
[[webhooks]]
name = "zapier"
"""
KEY = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture
def hooked(office: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A published release and a webhook that is told."""
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_ZAPIER_URL", f"http://127.0.0.1:{listener.port}/hooks/catch/8812/q1w2e3")
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_ZAPIER_SECRET", KEY)
    office.write(WEBHOOK).publish("000001")
    assert rounds.queue_new(office.paths).added == 1
    return office


def send(office: Office) -> Item:
    [item] = rounds.send(office.paths, by_hand=True)
    return item


def test_a_release_is_told_once_and_another_library_accepts_its_signature(hooked: Office, listener: Listener) -> None:
    assert send(hooked).state == "sent"
    assert rounds.queue(hooked.paths).added == 0
    assert rounds.send(hooked.paths, by_hand=True) == []
    [(_, headers, body)] = listener.requests
    event = standardwebhooks.Webhook(KEY).verify(body, headers)
    assert event == listener.bodies[0]
    assert (event["type"], event["id"]) == ("release.published", headers["webhook-id"])
    assert event["data"]["release"] == "000001"
    assert [page["file"] for page in event["data"]["pages"]] == ["management.en.html", "management.nl.html"]
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(KEY).verify(body.replace(b"000001", b"000002"), headers)


def test_a_receiver_that_fails_is_tried_again_under_the_same_id(hooked: Office, listener: Listener) -> None:
    listener.answers = [500, 302, 200]
    assert [send(hooked).state for _ in range(3)] == ["waiting", "waiting", "sent"]
    ids = [headers["webhook-id"] for _, headers, _ in listener.requests]
    bodies = [body for _, _, body in listener.requests]
    assert (len(ids), len(set(ids)), len(set(bodies))) == (3, 1, 1), "a redirect is not followed"
    for _, headers, body in listener.requests:
        standardwebhooks.Webhook(KEY).verify(body, headers)


def test_a_webhook_that_is_gone_waits_for_a_person(hooked: Office, listener: Listener) -> None:
    listener.answers = [410]
    item = send(hooked)
    assert (item.state, item.detail) == ("failed", "127.0.0.1 answered 410: the webhook has been taken away there")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("URL", "", "Set KERNCIJFERS_WEBHOOK_ZAPIER_URL"),
        ("URL", "http://hooks.example/q1w2e3", "begins with https://"),
        ("SECRET", "whsec_c2hvcnQ=", "at least 24 random bytes"),
        ("SECRET", "not base64!", "at least 24 random bytes"),
        ("URL", "http://127.0.0.1:1/hooks/q1w2e3", "no connection to 127.0.0.1"),
    ],
)
def test_what_is_wrong_with_the_environment_is_said_without_the_secret(
    hooked: Office, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"KERNCIJFERS_WEBHOOK_ZAPIER_{variable}", value)
    item = send(hooked)
    assert said in item.detail
    assert item.state in ("failed", "waiting")
    kept = hooked.everything_kept()
    assert not any(secret in kept for secret in ("q1w2e3", "c2hvcnQ", "not base64", KEY))


def test_a_defect_in_one_row_keeps_no_other_row_in(
    hooked: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooked.write(WEBHOOK, WEBHOOK.replace("zapier", "make"))
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_MAKE_URL", f"http://127.0.0.1:{listener.port}/make")
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_MAKE_SECRET", KEY)
    rounds.queue(hooked.paths)

    def broken(item: Item, webhook: object) -> str:
        if item.recipient == "zapier":
            raise ZeroDivisionError(f"at {KEY} for jan@bank.example")
        return "told"

    monkeypatch.setattr("orchestration.delivery.webhooks.post", broken)
    assert [item.state for item in rounds.send(hooked.paths, by_hand=True)] == ["waiting", "sent"]
    kept = hooked.everything_kept()
    assert "ZeroDivisionError: at *** for j***@bank.example" in kept
    assert KEY not in kept
