"""When a refresh starts by itself: once a day at company time, and once for every change of the inbox."""

from __future__ import annotations

import os
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import pytest

from orchestration import inbox

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=AMSTERDAM), datetime(2026, 10, 25, tzinfo=AMSTERDAM)])
def test_the_daily_refresh_is_at_six_in_amsterdam_when_the_clock_changes(day: datetime) -> None:
    import dagster as dg
    from dagster._utils.schedules import schedule_execution_time_iterator

    from orchestration.defs.schedules import daily

    assert daily.default_status is dg.DefaultScheduleStatus.RUNNING
    assert daily.execution_timezone is not None
    upcoming = schedule_execution_time_iterator(day.timestamp(), daily.cron_schedule, daily.execution_timezone)
    first, second = (next(upcoming).astimezone(AMSTERDAM) for _ in range(2))
    assert (first.date(), first.hour, first.minute) == (day.date(), 6, 0)
    assert (second.hour, (second.date() - first.date()).days) == (6, 1)


def test_a_change_of_the_inbox_fires_once_and_only_when_it_is_still(tmp_path: Path) -> None:
    cursor, fired = inbox.Cursor(), []

    def tick() -> str | None:
        nonlocal cursor
        decision = inbox.decide(inbox.fingerprint(tmp_path), inbox.Cursor.parse(cursor.dump()))
        cursor = decision.cursor
        fired.append(decision.run_key)
        return decision.run_key

    file = tmp_path / "books.xaf"
    assert tick() is None, "an empty inbox"
    file.write_text("half a f")
    assert tick() is None, "new, maybe still being copied"
    file.write_text("half a file, and the rest")
    assert tick() is None, "it was"
    first = tick()
    assert first is not None, "still for one tick"
    assert [tick() for _ in range(3)] == [None, None, None], "once is enough"

    before = file.stat()
    file.write_text("corrected")
    assert [tick() is None, tick() is None] == [True, False]
    file.write_text("half a file, and the rest")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    tick()
    again = tick()
    assert again is not None and again != first, "putting the old file back is a change too"


def test_an_inbox_that_is_released_already_does_not_fire(tmp_path: Path) -> None:
    (tmp_path / "books.xaf").write_text("books")
    released = inbox.fingerprint(tmp_path)
    cursor = inbox.Cursor()
    for _ in range(3):
        decision = inbox.decide(inbox.fingerprint(tmp_path), cursor, released)
        cursor = decision.cursor
        assert decision.run_key is None


def test_a_failed_run_is_told_with_its_reason_and_what_still_stands_and_a_refused_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.defs.sensors import run_failed
    from orchestration.errors import BusyError, GateError

    told: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Stays silent."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("KERNCIJFERS_NOTIFY_URLS", f"json://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("KERNCIJFERS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KERNCIJFERS_INBOX", str(tmp_path))

    reasons = [
        BusyError("A refresh is already running."),
        GateError("Account 4000 Salaris carries 5000.00 in 2016 but has no RGS code."),
    ]

    @dg.op
    def dbt_project() -> None:
        raise reasons.pop()

    @dg.job
    def refresh() -> None:
        dbt_project()

    with dg.DagsterInstance.ephemeral() as instance:
        while reasons:
            failed = refresh.execute_in_process(instance=instance, raise_on_error=False)
            context = dg.build_run_status_sensor_context(
                sensor_name="run_failed",
                dagster_instance=instance,
                dagster_run=failed.dagster_run,
                dagster_event=failed.get_run_failure_event(),
            )
            run_failed(context.for_run_failure())
    server.shutdown()
    [message] = told
    assert "Account 4000 Salaris carries 5000.00" in message
    assert "There is no earlier release" in message
