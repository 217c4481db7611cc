"""How things stand, as one page for the operator: what `kerncijfers status` says, at the moment of the release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reports.formatting import Formatter, Language
from reports.render import environment, write
from reports.words import texts


def render(found: Mapping[str, Any], *, language: Language, out: Path) -> Path:
    """Writes the page to `out` and returns it. `found` is what `orchestration.status.look` returns."""
    words = texts(language)
    f = Formatter(language, "EUR", words)
    zone = ZoneInfo(found["time_zone"])

    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(zone)

    template = environment().get_template("status.html.j2")
    page = template.render(found=found, t=words, f=f, language=language, day=date.fromisoformat, moment=moment)
    return write(page, out)
