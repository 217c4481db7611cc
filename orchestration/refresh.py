"""One refresh from the command line: the same Dagster job the schedule starts, in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from orchestration import dbt, logs, progress, release
from orchestration.delivery import secrets
from orchestration.errors import BusyError, KerncijfersError, in_words
from orchestration.paths import Paths

_WHO = "kerncijfers refresh"


def run(paths: Paths, on_step: Callable[[progress.Step], None], *, afresh: bool = False) -> Path:
    """Refreshes the company in `paths`, tells `on_step` what it is doing, and returns the new release's folder.

    With `afresh` nothing is taken over from the last release. Raises KerncijfersError or SourceError with one clear
    message; the last good release is then still the current one. What a defect left behind is in
    `<data>/logs/refresh.log`.
    """
    os.environ.update(paths.environment())
    started = release.now()
    progress.listen(on_step)
    progress.report("Starting")
    with release.locked(paths, _WHO):
        pass  # refused here already, before anything is imported or started
    dbt.start(paths)
    logs.to(paths.logs / "refresh.log")
    try:
        _execute(paths, afresh)
    except BaseException as error:
        reason = in_words(error)
        if isinstance(reason, BusyError):
            raise reason from None
        release.note_attempt(paths, who=_WHO, started_at=started, reason=secrets.hide(str(reason or error)))
        if reason is None or reason is error:
            raise
        raise reason from None
    finally:
        dbt.stop(paths)
    published = release.current_release(paths)
    if published is None:
        raise KerncijfersError("The refresh ended without a release.")
    return published


def _execute(paths: Paths, afresh: bool) -> None:
    # Dagster takes seconds to import; dbt has been started first and uses them.
    import dagster as dg  # noqa: PLC0415

    from orchestration.definitions import defs  # noqa: PLC0415

    job = defs().resolve_job_def("refresh")
    company = str(paths.company) if paths.company else ""
    chosen = {"data": str(paths.data), "inbox": str(paths.inbox), "company": company, "afresh": afresh}
    with dg.DagsterInstance.ephemeral() as instance:
        job.execute_in_process(
            instance=instance,
            raise_on_error=True,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "resources": {"draft": {"config": chosen}},
            },
        )
