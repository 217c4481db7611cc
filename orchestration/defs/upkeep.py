"""What keeps itself in order: promises that are watched every hour, and a history of runs that stays small."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration import freshness
from orchestration.paths import Paths

KEPT_DAYS = 30
_AT_ONCE = 100


@dg.sensor(
    job_name="deliver",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Compares the age of the release and of each source with [freshness] in company.toml. What became late "
    "goes out with the alerts.",
)
def promises() -> dg.SkipReason:
    """Queues; the sensor on the outbox starts the run that sends."""
    late = freshness.tell(Paths.find())
    return dg.SkipReason(f"Late: {', '.join(late)}." if late else "Nothing is older than promised.")


@dg.op(description=f"Forgets runs of more than {KEPT_DAYS} days ago, with their events and what they printed.")
def forget_old_runs(context: dg.OpExecutionContext) -> None:
    """Dagster keeps every event of every run until told otherwise: hundreds of megabytes in a year."""
    count = sum(1 for _ in forget(context.instance, datetime.now(UTC) - timedelta(days=KEPT_DAYS)))
    context.log.info(f"{count} runs are forgotten.")


def forget(instance: dg.DagsterInstance, before: datetime) -> Iterator[str]:
    """Forgets every finished run that was made before a moment; yields their ids."""
    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    wanted = dg.RunsFilter(created_before=before, statuses=finished)
    while runs := instance.get_runs(filters=wanted, limit=_AT_ONCE):
        for run in runs:
            instance.compute_log_manager.delete_logs(prefix=[run.run_id])
            instance.delete_run(run.run_id)
            _remove_events(instance, run.run_id)
            yield run.run_id


def _remove_events(instance: dg.DagsterInstance, run_id: str) -> None:
    """SQLite keeps the events of a run in a file of its own; Dagster empties it, and its bytes would stay for ever."""
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        for ending in ("", "-wal", "-shm"):
            Path(storage.path_for_shard(run_id) + ending).unlink(missing_ok=True)


@dg.job(description="Keeps Dagster's own storage small.")
def tidy() -> None:
    """Reads and writes nothing of a company."""
    forget_old_runs()


nightly = dg.ScheduleDefinition(
    name="nightly",
    job=tidy,
    cron_schedule="30 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=f"Every night: forgets runs of more than {KEPT_DAYS} days ago.",
)
