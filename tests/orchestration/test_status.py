"""The operator sees how things stand, and is told once when something is older than promised."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration import freshness, heartbeat, logs, release, rendering, status
from orchestration.cli import app
from orchestration.delivery.outbox import opened
from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import Paths
from reports import status_page
from tests.orchestration.conftest import leave_build

PROMISES = "[freshness]\nrelease_hours = 26\ndays = {orders = 3, ledger = 122, hours = 40}\n"
NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def promising(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A company with promises, and a release made at noon of 10 March with orders of two days before."""
    file = paths.data.with_name("company.toml")
    file.write_text(PROMISES, encoding="utf-8")
    paths = replace(paths, company=file)
    publish(paths, "2025-03-08")
    monkeypatch.setenv("KERNCIJFERS_ALERT_URLS", "json://127.0.0.1:1/")
    return paths


def publish(paths: Paths, newest: str) -> Path:
    with release.draft(paths, "test"):
        leave_build(paths, {"debit_equals_credit": "pass"})
        with duckdb.connect(str(paths.warehouse)) as warehouse:
            warehouse.execute(
                f"""
                create or replace table reporting.rpt_sources as
                from (values
                    ('orders', 'Bestellingen', 'Orders', true, date '{newest}', 1200, 3),
                    ('ledger', 'Boekhouding', 'Books', true, date '2024-12-31', 400, 1),
                    ('deals', 'Kansen', 'Deals', false, null, 0, 0),
                    ('hours', 'Uren', 'Hours', false, null, 0, 0)
                ) t(source, label_nl, label_en, is_present, last_date, row_count, files)
                """
            )
        release.prepare(paths)
        facts = release.read_facts(paths.draft) | {"created_at": NOON.isoformat()}
        (paths.draft / "release.json").write_text(json.dumps(facts), encoding="utf-8")
        (paths.draft / "management.nl.html").write_text("<html></html>", encoding="utf-8")
        return release.publish(paths, ["management.nl.html"])


def test_ages_are_compared_with_what_was_promised(promising: Paths) -> None:
    folder = release.current_release(promising)
    assert folder is not None
    found = status.look(promising, folder, at=NOON + timedelta(hours=26))
    ages = {one["source"]: (one["age_days"], one["promised_days"], one["is_late"]) for one in found["sources"]}
    assert ages == {"ledger": (70, 122, False), "orders": (3, 3, False), "hours": (None, 40, True)}
    assert (found["age_hours"], found["is_late"]) == (26.0, False)
    later = status.look(promising, folder, at=NOON + timedelta(hours=27, days=1))
    assert status.late(later) == ["release", "hours", "orders"]
    assert found["runs"][0]["release"] == "000001" and found["disk"]["releases"] > 1000


def test_what_is_late_is_told_when_it_begins_and_when_it_is_over_and_not_in_between(promising: Paths) -> None:
    def messages() -> list[tuple[str, str]]:
        with opened(promising) as box:
            return [(item.body["title"], item.body["text"]) for item in box.items() if item.kind == "message"]

    assert freshness.tell(promising, at=NOON) == ["hours"]
    assert freshness.tell(promising, at=NOON + timedelta(days=1)) == ["hours"]
    [(title, text)] = messages()
    assert (title, "Uren: er zijn helemaal geen gegevens" in text) == ("Bakkerij: ouder dan beloofd", True)

    assert freshness.tell(promising, at=NOON + timedelta(days=2)) == ["release", "hours", "orders"]
    _, (_, text) = messages()
    assert "Uitgave 000001 is 48 uur oud; beloofd was hoogstens 26" in text
    assert "Bestellingen: de nieuwste gegevens zijn 4 dagen oud; beloofd was hoogstens 3" in text
    assert "Uren" not in text

    publish(promising, "2025-03-12")
    assert freshness.tell(promising, at=NOON + timedelta(hours=2)) == ["hours"]
    assert messages()[2] == ("Bakkerij: weer op tijd", "Bestellingen: weer op tijd.\nDe uitgave: weer op tijd.")


def test_nothing_is_late_without_a_promise(paths: Paths) -> None:
    publish(paths, "2001-01-01")
    assert freshness.tell(paths, at=NOON + timedelta(days=999)) == []


def test_the_status_command_says_it_and_its_check_fails_for_a_monitor(promising: Paths) -> None:
    where = ["--data", str(promising.data), "--company", str(promising.company)]
    shown = CliRunner().invoke(app, ["status", *where])
    assert shown.exit_code == 0, shown.output
    for said in ("Bakkerij, release 000001", "Orders", "2025-03-08", "LATE", "1,200", "Disk: free"):
        assert said in shown.output
    told = json.loads(CliRunner().invoke(app, ["status", *where, "--json"]).output)
    assert (told["current"]["release"], told["status"]["sources"][2]["rows"]) == ("000001", 1200)
    checked = CliRunner().invoke(app, ["status", *where, "--check"])
    assert (checked.exit_code, "orders is older than promised" in checked.output) == (1, True)


@pytest.mark.parametrize(("language", "said"), [("nl", "Leeftijd van de gegevens"), ("en", "Age of the data")])
def test_the_page_says_the_same_in_both_languages_and_asks_nothing_of_the_network(
    promising: Paths, tmp_path: Path, language: str, said: str
) -> None:
    folder = release.current_release(promising)
    assert folder is not None
    found = status.look(promising, folder, at=NOON)
    page = status_page.render(found, language=language, out=tmp_path / "status.html").read_text(encoding="utf-8")  # type: ignore[arg-type]
    assert said in page and "default-src 'none'" in page
    assert "13:00" in page, "noon in UTC is one o'clock in Amsterdam"
    assert "http" not in page.replace("http-equiv", "")
    assert {"nl": "Bestellingen", "en": "Orders"}[language] in page


def test_the_process_that_renders_makes_the_same_page_and_tells_what_went_wrong(
    promising: Paths, tmp_path: Path
) -> None:
    folder = release.current_release(promising)
    assert folder is not None
    found = status.look(promising, folder, at=NOON)
    promising.draft.mkdir(parents=True)
    try:
        rendering.status(promising, found, "nl", "status.html")
        with pytest.raises(KerncijfersError, match="There is no edition nosuch; there is bank_monthly"):
            rendering.report(promising, "nosuch", "nl", "nosuch.nl.html", editions=())
        with pytest.raises(RuntimeError, match="while rendering") as defect:
            rendering.report(promising, "management", "nl", "management.nl.html", editions=())
        assert "Traceback" in str(defect.value), "a draft without a database is a defect, with its place"
        rendering._started[promising.data].kill()
        with pytest.raises(MemoryError, match="memory runs out"):
            rendering.status(promising, found, "nl", "again.html")
    finally:
        rendering.stop(promising)
    here = status_page.render(found, language="nl", out=tmp_path / "status.html")
    assert (promising.draft / "status.html").read_bytes() == here.read_bytes()


def test_a_refresh_that_fails_is_remembered_with_its_steps_and_the_reason_that_comes_later(paths: Paths) -> None:
    from orchestration import progress

    before = release.now()
    with pytest.raises(ValueError, match="oops"), release.draft(paths, "Dagster run 1"):
        progress.report("Reading the auditfiles")
        progress.report("Reading the declared files")
        raise ValueError("oops")
    release.note_attempt(paths, who="Dagster run 1", started_at=before, reason="books.xaf, line 3: no amount")
    [attempt] = release.attempts(paths)
    assert [step["step"] for step in attempt["steps"]] == ["Reading the auditfiles", "Reading the declared files"]
    assert (attempt["release"], attempt["reason"]) == (None, "books.xaf, line 3: no amount")
    assert release.last_attempt(paths) == attempt
    history = paths.logs / "runs.jsonl"
    history.write_text(history.read_text(encoding="utf-8") * 250, encoding="utf-8")
    release.note_attempt(paths, who="x", started_at=release.now(), published="000001")
    assert len(release.attempts(paths)) == 200


def test_a_heartbeat_follows_a_release_and_its_silence_undoes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    class Watcher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if "good" in self.path else 500)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Stays silent."""

    assert heartbeat.beat() is False, "without an address nobody is called"
    server = HTTPServer(("127.0.0.1", 0), Watcher)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv(heartbeat.ENV_URL, f"{address}/good-secret")
    assert heartbeat.beat() is True
    monkeypatch.setenv(heartbeat.ENV_URL, f"{address}/bad-secret")
    assert heartbeat.beat() is False
    server.shutdown()
    assert asked == ["/good-secret", "/bad-secret"]
    assert "secret" not in caplog.text and "did not arrive" in caplog.text


CANARIES = ["hunter2hunter2", "jan.jansen@example.nl", "NL91 ABNA 0417 1643 00", "NL91ABNA0417164300", "111222333"]
CANARIES += ["06-12345678", "+31 6 12345678"]


def test_logs_are_json_lines_without_secrets_and_without_what_names_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERNCIJFERS_SMTP_PASSWORD", "hunter2hunter2")
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logs.to(tmp_path / "refresh.log")
        for canary in CANARIES:
            logging.getLogger("dlt").info("row with %s in it; 1234567890 and 2025-03-10 and 123456789.50 stay", canary)
        try:
            int("jan.jansen@example.nl")
        except ValueError:
            logging.getLogger("dlt").exception("it went wrong")
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    text = (tmp_path / "refresh.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [canary for canary in CANARIES if canary in text] == []
    assert all("1234567890 and 2025-03-10 and 123456789.50 stay" in line["message"] for line in lines[:-1])
    assert (lines[-1]["level"], "ValueError" in lines[-1]["error"]) == ("ERROR", True)


def test_what_is_asked_for_while_a_refresh_runs_is_refused_and_not_done_afterwards(paths: Paths) -> None:
    assert release.busy(paths) is None
    early = datetime.now(UTC) - timedelta(seconds=5)
    with release.draft(paths, "the night run"):
        assert "the night run" in (release.busy(paths) or "")
        attempt = {"who": "the night run", "started_at": early.isoformat(), "release": "000007", "reason": None}
    late = datetime.now(UTC) + timedelta(seconds=5)
    (paths.data / "last_refresh.json").write_text(
        json.dumps(attempt | {"finished_at": late.isoformat()}), encoding="utf-8"
    )
    assert release.busy(paths) is None
    with pytest.raises(BusyError, match=r"the night run.*published release 000007.*start it again"):
        release.refuse_a_second_start(paths, datetime.now(UTC))
    release.refuse_a_second_start(paths, early - timedelta(seconds=1))
    release.refuse_a_second_start(paths, late + timedelta(seconds=1))


def test_schedule_and_sensor_wait_while_a_refresh_runs_and_nothing_is_lost(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.defs.schedules import daily
    from orchestration.defs.sensors import inbox_changed

    for name, value in paths.environment().items():
        monkeypatch.setenv(name, value)
    paths.inbox.mkdir()
    (paths.inbox / "books.xaf").write_text("books", encoding="utf-8")
    first = inbox_changed(dg.build_sensor_context())
    assert isinstance(first, dg.SkipReason)
    with release.locked(paths, "kerncijfers refresh"):
        for asked in (daily(dg.build_schedule_context()), inbox_changed(dg.build_sensor_context(cursor="{}"))):
            assert isinstance(asked, dg.SkipReason) and "kerncijfers refresh" in (asked.skip_message or "")
    assert isinstance(daily(dg.build_schedule_context()), dg.RunRequest)
    context = dg.build_sensor_context(cursor=json.dumps({"seen": fingerprint(paths), "acted_on": "", "times": 0}))
    assert isinstance(inbox_changed(context), dg.SensorResult)


def fingerprint(paths: Paths) -> str:
    from orchestration import inbox

    return inbox.fingerprint(paths.inbox)


def test_runs_of_long_ago_are_forgotten_and_young_ones_stay() -> None:
    import dagster as dg

    from orchestration.defs import upkeep

    @dg.op
    def nothing() -> None:
        """Does nothing."""

    @dg.job
    def small() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        ids = {small.execute_in_process(instance=instance).run_id for _ in range(3)}
        assert list(upkeep.forget(instance, datetime.now(UTC) - timedelta(days=30))) == []
        assert set(upkeep.forget(instance, datetime.now(UTC) + timedelta(days=1))) == ids
        assert instance.get_runs() == []
