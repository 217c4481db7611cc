"""When a refresh starts by itself: once a day at company time, and once for every change of the inbox."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
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
