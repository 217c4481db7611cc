"""dagster.yaml, as Dagster itself understands it: what is on, what waits, what is tried again and what is forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorType, TickStatus

from orchestration import serving
from orchestration.defs.upkeep import KEPT_DAYS, forget
from orchestration.paths import Paths


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """The instance `kerncijfers serve` opens, in a data folder of its own."""
    paths = Paths(tmp_path_factory.mktemp("instance"), Path("inbox"), None)
    with dg.DagsterInstance.from_config(str(serving.home(paths))) as opened:
        yield opened


def test_a_refresh_runs_alone_and_a_run_whose_process_died_starts_again_twice(instance: dg.DagsterInstance) -> None:
    queue = instance.get_concurrency_config()
    assert queue.run_queue_config and queue.run_queue_config.max_concurrent_runs == 1
    assert queue.pool_config.default_pool_limit == 1
    assert instance.run_retries_enabled and instance.run_retries_max_retries == 2
    assert not instance.run_retries_retry_on_asset_or_op_failure, "what a step refuses is refused again"


def test_runs_are_watched_and_the_slot_of_a_killed_one_comes_free(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_start_timeout_seconds == 180
    assert instance.run_monitoring_max_runtime_seconds == 7200
    assert instance.run_monitoring_max_resume_run_attempts == 0, "a release never goes on where another stopped"
    slots = instance.get_concurrency_config().pool_config, instance.run_monitoring_settings
    assert slots[1]["free_slots_after_run_end_seconds"] == 60, "0 would switch it off"


def test_nothing_is_told_to_a_vendor_and_nobody_is_asked_for_an_address(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_ticks_and_runs_are_forgotten(instance: dg.DagsterInstance) -> None:
    assert instance.get_tick_retention_settings(InstigatorType.SCHEDULE)[TickStatus.SKIPPED] == 90
    assert instance.get_tick_retention_settings(InstigatorType.SENSOR) == {
        TickStatus.SKIPPED: 7, TickStatus.FAILURE: 30, TickStatus.SUCCESS: 30, TickStatus.STARTED: -1
    }  # fmt: skip


def test_a_run_that_is_forgotten_leaves_no_file_and_what_it_said_is_in_no_byte(instance: dg.DagsterInstance) -> None:
    @dg.op
    def say(context: dg.OpExecutionContext) -> None:
        context.log.info("said-by-a-run " * 100)

    @dg.job
    def talkative() -> None:
        say()

    def kept() -> dict[Path, int]:
        files = [file for file in Path(instance.root_directory).rglob("*") if file.is_file()]
        return {file: file.stat().st_size for file in files}

    def said() -> int:
        return sum(file.read_bytes().count(b"said-by-a-run") for file in kept())

    def round_of_runs() -> dict[Path, int]:
        for _ in range(3):
            talkative.execute_in_process(instance=instance)
        assert said() > 300
        assert list(forget(instance, datetime.now(UTC) - timedelta(days=KEPT_DAYS))) == []
        assert len(list(forget(instance, datetime.now(UTC) + timedelta(seconds=1)))) == 3
        assert not instance.get_runs() and said() == 0
        return kept()

    assert round_of_runs() == round_of_runs(), "not one file more, and none that grew"
