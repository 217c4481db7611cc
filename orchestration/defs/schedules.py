"""When it runs: the whole graph as one job, every day at the hour of company.toml, in company time."""

import dagster as dg

from orchestration import company, release
from orchestration.paths import Paths

_settings = company.read(Paths.find())

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Load, build, test, render and publish: one refresh is one release.",
)


@dg.schedule(
    job=refresh,
    cron_schedule=_settings.schedule.cron,
    execution_timezone=_settings.time_zone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=f"Every day at {_settings.schedule.refresh_at}, {_settings.time_zone} time, unless one is running.",
)
def daily() -> dg.RunRequest | dg.SkipReason:
    """One run a day; what runs at that hour already is that run."""
    if running := release.busy(Paths.find()):
        return dg.SkipReason(running)
    return dg.RunRequest()
