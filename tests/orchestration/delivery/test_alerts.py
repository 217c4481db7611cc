"""An alert is told once when it begins and once when it is over, to every kind of channel, in the company's language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import standardwebhooks
import trustme

from orchestration.delivery import messages, rounds
from orchestration.delivery.outbox import opened
from reports.formatting import NO_BREAK_SPACE
from tests.orchestration.delivery.conftest import Listener, Office, listen

ENGLISH = '[notify]\nlanguage = "en"\n'
LINKED = '[delivery]\nlink = "https://rapport.example/{page}"\n'


def judge(
    folder: Path,
    state: str,
    *,
    period: str = "2026-03",
    value: str | None = "1234",
    rule: str = "limit_below",
    since: str | None = None,
    version: int = 1,
    metric: str = "revenue",
    role: str = "core",
    favourable: bool = False,
) -> None:
    """Puts one verdict into a release, with all that tells about it."""
    severity = {"limit_below": "critical", "off_target": "warning", "deviation": "warning", "trend": "notice"}[rule]
    severity = "notice" if favourable else severity
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as database:
        for month in {period, since or period}:
            database.execute(
                "insert into reporting.rpt_metric_values by name select $1 as metric, $2 as version, 'month' as grain, "
                "'total' as scope, $3 as period, ($3 || '-01')::date as period_start, "
                "last_day(($3 || '-01')::date) as period_end, false as is_partial, 5 as n, "
                "$4::decimal(28, 10) as value, 1500 as target_value where not exists (from reporting.rpt_metric_values "
                "where metric = $1 and version = $2 and period = $3)",
                [metric, version, month, value],
            )
        database.execute(
            """
            insert into reporting.rpt_metrics by name select $1 as metric, $2 as version, true as is_latest, $3 as role,
                'Omzet' as label_nl, 'Revenue' as label_en, 'currency' as unit, 0 as decimals, 'CFO' as owner, 1 as sort
            where not exists (from reporting.rpt_metrics where metric = $1)
            """,
            [metric, version, role],
        )
        database.execute(
            """
            insert into reporting.rpt_alert_rules by name select $1 as metric, $2 as version, $3 as rule,
                case when $3 in ('deviation', 'trend') then 'core' else 'core supporting' end as told_of, 1 as place,
                'Onder de harde grens' as label_nl, 'Below the hard limit' as label_en,
                'Waarom.' as explanation_nl, 'Why.' as explanation_en
            """,
            [metric, version, rule],
        )
        database.execute(
            """
            insert into reporting.rpt_signals by name select $1 as metric, $2 as version, 'month' as grain,
                'total' as scope, $3 as period, ($3 || '-01')::date as period_start,
                last_day(($3 || '-01')::date) as period_end, $4 as rule, $5 as state, $6 as severity, $7 as since,
                $8 as is_favourable, $9::decimal(28, 10) as value, 2000 as lower_limit,
                case when $4 = 'deviation' then 3000 end as upper_limit
            """,
            [metric, version, period, rule, state, severity, since or period, favourable, value],
        )


@pytest.fixture
def watched(office: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A company whose alerts go to one listener."""
    monkeypatch.setenv("KERNCIJFERS_NOTIFY_URLS", f"json://127.0.0.1:{listener.port}/token-q1w2e3")
    return office.write()


def release(office: Office, number: str, *verdicts: dict[str, Any]) -> None:
    """Publishes and delivers a release with these verdicts."""
    folder = office.publish(number)
    for verdict in verdicts:
        judge(folder, **verdict)
    rounds.queue_new(office.paths)
    rounds.send(office.paths, by_hand=True)


def told(listener: Listener) -> list[str]:
    """The titles of what was told, without the company and the release."""
    return [body["title"].removeprefix("Bakkerij De Ster: ").split(" (")[0] for body in listener.bodies]


def test_an_alert_is_told_once_over_many_releases_and_once_when_it_is_over(watched: Office, listener: Listener) -> None:
    breach: dict[str, Any] = {"state": "firing", "value": "1234", "since": "2026-02"}
    release(watched, "000001", breach)
    release(watched, "000002", breach)
    rounds.queue(watched.paths)
    rounds.queue(watched.paths, "000001")
    rounds.send(watched.paths, by_hand=True)
    release(watched, "000003", breach | {"value": "1300"})
    assert told(listener) == ["1 nieuw signaal"]
    release(watched, "000004", {"state": "recovered", "value": "2500", "since": "2026-02"})
    release(watched, "000005", {"state": "ok", "value": "2500"})
    assert told(listener) == ["1 nieuw signaal", "1 hersteld"]
    first, last = (body["message"].replace(NO_BREAK_SPACE, " ") for body in listener.bodies)
    assert first.splitlines() == [
        "KRITIEK – Omzet: Onder de harde grens",
        "Waarde: € 1.234 (maart 2026)",
        "Ondergrens: € 2.000",
        "Sinds: februari 2026",
        "Waarom.",
        "Eigenaar: CFO",
        "Meer: management.nl.html in de uitgave, bij #revenue-1",
    ]
    assert "HERSTELD" in last
    assert "Waarde: € 2.500 (maart 2026)" in last
    assert "Sinds februari 2026, nu weer binnen de grens" in last
    assert "q1w2e3" not in watched.everything_kept()


def test_going_back_to_an_earlier_release_tells_nothing(watched: Office, listener: Listener) -> None:
    release(watched, "000001", {"state": "firing"})
    release(watched, "000002", {"state": "recovered"})
    watched.paths.current.unlink()
    watched.paths.current.symlink_to("releases/000001")
    assert rounds.due_mark(watched.paths) is None
    rounds.queue_new(watched.paths)
    rounds.queue(watched.paths)
    rounds.send(watched.paths, by_hand=True)
    assert told(listener) == ["1 nieuw signaal", "1 hersteld"]


def test_a_period_that_was_not_judged_begins_and_ends_nothing(watched: Office, listener: Listener) -> None:
    release(watched, "000001", {"state": "ok"}, {"state": "not_evaluated", "period": "2026-04", "value": "1"})
    release(watched, "000002", {"state": "firing"}, {"state": "not_evaluated", "period": "2026-04", "value": "9999"})
    release(watched, "000003", {"state": "firing"}, {"state": "not_evaluated", "period": "2026-04", "value": None})
    release(watched, "000004", {"state": "firing"}, {"state": "pending", "period": "2026-04"})
    assert told(listener) == ["1 nieuw signaal", "1 hersteld"]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ({"rule": "off_target", "role": "supporting"}, 1),
        ({"rule": "limit_below", "role": "supporting"}, 1),
        ({"rule": "deviation", "role": "supporting"}, 0),
        ({"rule": "trend", "role": "core"}, 1),
        ({"rule": "limit_below", "role": "other"}, 0),
        ({"rule": "limit_below", "role": "left_out"}, 0),
    ],
)
def test_the_rule_says_of_which_kpis_people_are_told(
    watched: Office, listener: Listener, verdict: dict[str, Any], expected: int
) -> None:
    release(watched, "000001", {"state": "firing", **verdict})
    assert len(listener.requests) == expected


def test_several_changes_are_one_message_with_the_worst_first(watched: Office, listener: Listener) -> None:
    watched.write(ENGLISH, LINKED)
    release(watched, "000001", {"state": "firing", "metric": "dso", "rule": "trend"})
    release(
        watched,
        "000002",
        {"state": "ok", "metric": "dso", "rule": "trend"},
        {"state": "firing", "metric": "cash", "rule": "deviation", "favourable": True},
        {"state": "firing", "metric": "margin", "rule": "off_target"},
        {"state": "firing", "metric": "runway", "rule": "limit_below", "value": None},
    )
    assert told(listener) == ["1 new alert", "3 new alerts and 1 recovered"]
    heads = [line for line in listener.bodies[1]["message"].splitlines() if " – " in line]
    assert [head.split(" – ")[0] for head in heads] == ["CRITICAL", "WARNING", "FAVOURABLE DEVIATION", "RECOVERED"]
    text = listener.bodies[1]["message"]
    assert "Usual limits: €2,000 to €3,000" in text
    assert "Target: €1,500" in text
    assert "More: kerncijfers value margin" in text, "the page has no such KPI"
    assert listener.bodies[1]["type"] == "failure"


def test_a_new_definition_that_is_fine_says_that_it_is_another_definition(watched: Office, listener: Listener) -> None:
    release(watched, "000001", {"state": "firing"})
    release(watched, "000002", {"state": "ok", "version": 2})
    assert "Volgens versie 2 van de definitie; het signaal kwam van versie 1." in listener.bodies[1]["message"]


def test_a_kpi_that_is_no_longer_watched_is_not_called_recovered(watched: Office, listener: Listener) -> None:
    release(watched, "000001", {"state": "firing"})
    release(watched, "000002")
    assert told(listener) == ["1 nieuw signaal", "1 niet meer gevolgd"]
    assert "vervalt zonder dat het hersteld is" in listener.bodies[1]["message"]


def test_a_channel_that_is_away_gets_its_messages_later_and_in_order(watched: Office, listener: Listener) -> None:
    listener.answers = [500, 500]
    release(watched, "000001", {"state": "firing"})
    release(watched, "000002", {"state": "ok"})
    with opened(watched.paths) as box:
        assert [(item.state, item.tries) for item in box.items()] == [("waiting", 2), ("waiting", 0)]
    assert rounds.due_mark(watched.paths) is None
    listener.requests.clear()
    rounds.send(watched.paths, by_hand=True)
    assert told(listener) == ["1 nieuw signaal", "1 hersteld"]


@pytest.fixture
def teams(authority: tuple[trustme.CA, Path]) -> Iterator[Listener]:
    """Teams takes messages over TLS only."""
    listener, server = listen(authority[0])
    yield listener
    server.shutdown()


def test_slack_teams_and_a_plain_webhook_get_it_in_their_own_form(
    watched: Office, listener: Listener, teams: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{listener.port}/services")
    slack = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7/#kpi"
    workflow = f"workflows://127.0.0.1:{teams.port}/643e69f83c8944438d68/KODuebWbDGYFr0z0eu/?verify=no"
    plain = f"json://127.0.0.1:{listener.port}/plain"
    monkeypatch.setenv("KERNCIJFERS_ALERT_URLS", f"{slack} {workflow} {plain}")
    release(watched, "000001", {"state": "firing"})
    with opened(watched.paths) as box:
        assert [(item.kind, item.state) for item in box.items()] == [("message", "sent")] * 3
    bodies = dict(zip((path for path, _, _ in listener.requests), listener.bodies, strict=True))
    for body in (bodies["/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7"], teams.bodies[0], bodies["/plain"]):
        text = (
            json.dumps(body, ensure_ascii=False).replace(NO_BREAK_SPACE, " ").replace("\\\\", "")
        )  # Markdown's escapes
        for part in ("1 nieuw signaal", "Waarde: € 1.234", "Ondergrens: € 2.000", "Sinds: maart 2026"):
            assert part in text, text
        assert "github.com" not in text, "no message makes its reader's program fetch a picture"
    assert "attachments" in bodies["/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7"]
    assert teams.bodies[0]["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    kept = watched.everything_kept()
    assert not any(secret in kept for secret in ("TIiajkdnlazkcOXrIdevi7", "KODuebWbDGYFr0z0eu"))


def test_a_signed_webhook_is_told_of_each_alert(
    watched: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "whsec_" + "c2VjcmV0" * 4
    monkeypatch.setenv("KERNCIJFERS_NOTIFY_URLS", "")
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_MAKE_URL", f"http://127.0.0.1:{listener.port}/make")
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_MAKE_SECRET", key)
    watched.write(LINKED, '[[webhooks]]\nname = "make"\nevents = ["alert"]\n')
    release(watched, "000001", {"state": "firing", "since": "2026-02"})
    release(watched, "000002", {"state": "ok", "value": "2500"})
    events = [standardwebhooks.Webhook(key).verify(body, headers) for _, headers, body in listener.requests]
    assert [event["type"] for event in events] == ["alert.fired", "alert.recovered"]
    data = events[0]["data"]
    assert (data["metric"], data["value"], data["lower"], data["since"]) == (
        "revenue",
        "1234.0000000000",
        "2000.000000",
        "2026-02",
    )
    assert data["link"] == "https://rapport.example/management.nl.html#revenue-1"


def test_a_hostile_name_in_an_alert_is_one_line_of_text(listener: Listener) -> None:
    address = f"json://127.0.0.1:{listener.port}/token"
    hostile = "Ster\r\nBcc: thief@example.com <script>=1+1\u202e \U0001f600"
    messages.send(address, title=hostile, text=hostile, tone="info")
    assert listener.bodies[-1]["title"] == "Ster Bcc: thief@example.com <script>=1+1\u202e \U0001f600"
    assert "<script>" in listener.bodies[-1]["message"]


def test_an_address_is_shown_by_its_kind_only() -> None:
    shown = messages.label("mailto://jan:hunter2@bank.example")
    assert shown.startswith("mailto ")
    assert not any(part in shown for part in ("jan", "hunter2", "bank"))
    assert messages.label("mailto://a:b@c.example") != messages.label("mailto://a:d@c.example")
