"""The two pages for the operator: why a refresh was not released, and how things stand. Every text of theirs is `text`."""

from __future__ import annotations

from pathlib import Path

from reports import status_page
from reports.formatting import Language
from reports.render import not_released

MOMENT = "2026-01-19T06:00:00+01:00"


def pages(out: Path, text: str, language: Language) -> list[Path]:
    """Writes both in `out`, and returns them."""
    standing = {"company_name": text, "release": text, "created_at": MOMENT, "as_of": "2025-12-31"}
    failed = {"title": text, "rows": [text, text], "since": MOMENT}
    facts = {"at": MOMENT, "since": MOMENT, "tests": {"passed": 71, "total": 72}, "failures": [failed, failed]}
    source = {"source": "orders", "label_nl": text, "label_en": text, "last_date": "2025-12-31", "age_days": 19}
    run = {"started_at": MOMENT, "finished_at": MOMENT, "release": text}
    found = standing | {
        "time_zone": "Europe/Amsterdam",
        "sources": [source | {"promised_days": 7, "is_late": True, "rows": 1200, "files": 2}],
        "tests": {"passed": 71, "failed": 0, "warned": 1, "total": 72},
        "warnings": [text],
        "steps": [{"step": text, "seconds": 1.5}],
        "runs": [run, run | {"release": None}],
        "disk": {"free": 9_000_000_000},
    }
    return [
        not_released(
            facts, standing, [], folder="current", language=language, out=out / f"not_released.{language}.html"
        ),
        status_page.render(found, language=language, out=out / f"status.{language}.html"),
    ]
