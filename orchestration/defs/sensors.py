"""What it reacts to: new files in the inbox, and runs that fail."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg

from orchestration import inbox, notify, release
from orchestration.delivery import secrets
from orchestration.errors import BusyError
from orchestration.paths import Paths


@dg.sensor(
    job_name="refresh",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Refreshes when the inbox has changed and has been still for one tick, so no half-copied file is read.",
)
def inbox_changed(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One run for each change of the inbox."""
    paths = Paths.find()
    if running := release.busy(paths):
        return dg.SkipReason(f"{running} The inbox is looked at again when it is done.")
    published = release.current_release(paths)
    released = release.read_facts(published).get("inbox") if published else None
    decision = inbox.decide(inbox.fingerprint(paths.inbox), inbox.Cursor.parse(context.cursor), released)
    context.update_cursor(decision.cursor.dump())
    if decision.run_key is None:
        return dg.SkipReason(decision.reason)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=decision.run_key)])


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends one message for a failed run to the addresses in KERNCIJFERS_NOTIFY_URLS.",
)
def run_failed(context: dg.RunFailureSensorContext) -> None:
    """Says what failed; the last good release stays up."""
    steps = [f"{event.step_key}: {_sentence(event.event_specific_data)}" for event in context.get_step_failure_events()]
    reason = "\n".join(steps) or context.failure_event.message or "no reason given"
    run = context.dagster_run
    if _is_refusal(context):
        context.log.info(
            f"Run {run.run_id} did not start, because another refresh was running. Nobody is alarmed: {reason}"
        )
        return
    stats = context.instance.get_run_stats(run.run_id)
    if run.job_name == "refresh" and stats.start_time:
        started = datetime.fromtimestamp(stats.start_time).astimezone().isoformat(timespec="seconds")
        who = f"Dagster run {run.run_id}"
        release.note_attempt(Paths.find(), who=who, started_at=started, reason=secrets.hide(reason))
    notify.failed(Paths.find(), job=run.job_name, run=run.run_id, reason=reason, log=context.log)


def _is_refusal(context: dg.RunFailureSensorContext) -> bool:
    """Whether the run was a second start, which is refused politely and is no failure."""
    events = [context.failure_event, *context.get_step_failure_events()]
    return any(
        error.cls_name == BusyError.__name__
        for event in events
        for error in _chain(getattr(event.event_specific_data, "error", None))
    )


def _chain(error: Any) -> Iterator[Any]:
    while error is not None:
        yield error
        error = error.cause


def _sentence(data: object) -> str:
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no reason given"
