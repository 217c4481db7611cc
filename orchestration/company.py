"""company.toml: who the company is, which files it delivers, and when and what is reported."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

DEFAULT_TIME_ZONE = "Europe/Amsterdam"
DEFAULT_PROFILE = "mkb"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReportSection(_Section):
    """`[report]`: which editions are rendered, in which languages."""

    editions: tuple[str, ...] = Field(default=("management",), min_length=1)
    languages: tuple[Literal["nl", "en"], ...] = Field(default=("nl", "en"), min_length=1)


class ScheduleSection(_Section):
    """`[schedule]`: the hour of the daily refresh, in company time."""

    refresh_at: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "06:00"

    @property
    def cron(self) -> str:
        """The hour as a cron expression."""
        hour, minute = self.refresh_at.split(":")
        return f"{int(minute)} {int(hour)} * * *"


class NotifySection(_Section):
    """`[notify]`: whether a failed run is told; the addresses are secrets and come from the environment."""

    on_failure: bool = True
