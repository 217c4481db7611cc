"""What leaves the house after a release: queued at the end of a refresh, sent by a run of its own.

A refresh holds the lock of the data folder; a mail server that does not answer may not. So the refresh only writes down
what is owed, and the sensor starts a run that sends as soon as something is due, however often that takes.
"""

import time

import dagster as dg

from orchestration import progress
from orchestration.defs.resources import DraftRelease
from orchestration.delivery import rounds
from orchestration.errors import BusyError
from orchestration.paths import Paths

_STUCK_SECONDS = 600


@dg.asset(
    key=["release", "outbox"],
    deps=[dg.AssetKey(["release", "current"])],
    group_name="release",
    description="Queues what the release owes to its recipients, and the alerts that changed. Never undoes a release.",
)
def outbox(context: dg.AssetExecutionContext, draft: DraftRelease) -> dg.MaterializeResult:
    """Queues, once for each release."""
    progress.report("Queueing deliveries and alerts")
    try:
        owed = rounds.queue_new(draft.paths)
    except Exception as error:
        # Published is published: what can't be queued is said here and tried again by the sensor and `deliver`.
        context.log.error("The release is published, and what it owes could not be queued: %s", error)  # noqa: TRY400
        return dg.MaterializeResult(metadata={"queued": 0, "problem": str(error)})
    for note in owed.notes:
        context.log.warning(note)
    return dg.MaterializeResult(metadata={"queued": owed.added})


@dg.op(description="Sends everything in the outbox that is due.")
def send_what_is_due(context: dg.OpExecutionContext) -> None:
    """One round. What did not go out is tried again later, so only a round that could not be made fails."""
    paths = Paths.find()
    for note in rounds.queue_new(paths).notes:
        context.log.warning(note)
    try:
        items = rounds.send(paths, by_hand=False)
    except BusyError as busy:
        context.log.info(str(busy))
        return
    for item in items:
        log = context.log.info if item.state == "sent" else context.log.warning
        log("%s of release %s to %s: %s, %s", item.kind, item.release, item.recipient, item.state, item.detail)


@dg.job(description="Sends the mails, copies, alerts and webhooks in the outbox that are due.")
def deliver() -> None:
    """Independent of a refresh, so that neither waits for the other."""
    send_what_is_due()


@dg.sensor(
    job=deliver,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a delivery when something in the outbox is due.",
)
def outbox_due() -> dg.SensorResult | dg.SkipReason:
    """One run for each state of the work that is due, and another one when nothing has come of it for ten minutes."""
    mark = rounds.due_mark(Paths.find())
    if mark is None:
        return dg.SkipReason("Nothing is due.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"{mark}-{int(time.time()) // _STUCK_SECONDS}")])
