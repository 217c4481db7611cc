"""How things stand, for the operator: the age of everything against what was promised, the last runs, the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from orchestration import company, progress, release
from orchestration.paths import Paths
from reports.data.database import opened

SHOWN_RUNS = 10
_FOLDERS = ("releases", "warehouse", "sources", "logs", "dagster", "inbox")


def look(paths: Paths, folder: Path, *, at: datetime | None = None) -> dict[str, Any]:
    """What there is to say of a release folder and the data folder around it, fit for JSON.

    Ages are at the moment `at`, by default now: of the release in hours, of each source in days since its newest data.
    """
    settings, facts = company.read(paths), release.read_facts(folder)
    moment = at or datetime.now(ZoneInfo(settings.time_zone))
    hours = (moment - datetime.fromisoformat(facts["created_at"])).total_seconds() / 3600
    promised = settings.freshness.release_hours
    return {
        "company_name": facts["company_name"],
        "time_zone": settings.time_zone,
        "release": facts["release"],
        "created_at": facts["created_at"],
        "as_of": facts["as_of"],
        "age_hours": round(hours, 1),
        "promised_hours": promised,
        "is_late": promised is not None and hours > promised,
        "sources": list(_sources(folder, settings, moment)),
        "tests": facts["tests"],
        "warnings": facts["warnings"],
        "steps": [{"step": title, "seconds": seconds} for title, seconds in progress.durations()],
        "runs": release.attempts(paths)[:SHOWN_RUNS],
        "disk": _disk(paths),
    }


def late(found: dict[str, Any]) -> list[str]:
    """What is older than promised: `release`, or the names of sources."""
    return [*(["release"] if found["is_late"] else []), *(one["source"] for one in found["sources"] if one["is_late"])]


def _sources(folder: Path, settings: company.Company, moment: datetime) -> Iterator[dict[str, Any]]:
    """The sources that have data, and those that were promised and have none."""
    with opened(folder) as connection:
        rows = connection.execute(
            "select source, label_nl, label_en, is_present, last_date, row_count, files from reporting.rpt_sources "
            "order by source <> 'ledger', source"
        ).fetchall()
    for source, label_nl, label_en, is_present, last_date, row_count, files in rows:
        promised = settings.freshness.days.get(source)
        if not is_present and promised is None:
            continue
        age = (moment.date() - last_date).days if last_date else None
        yield {
            "source": source,
            "label_nl": label_nl,
            "label_en": label_en,
            "last_date": last_date.isoformat() if last_date else None,
            "age_days": age,
            "promised_days": promised,
            "is_late": promised is not None and (age is None or age > promised),
            "rows": row_count,
            "files": files,
        }


def _disk(paths: Paths) -> dict[str, int]:
    """Bytes: what is free, what a refresh may need, and what each folder of the company takes."""
    taken = {name: _size(paths.data / name) for name in _FOLDERS if (paths.data / name).is_dir()}
    return {"free": shutil.disk_usage(paths.data).free, "needed": release.space_needed(paths), **taken}


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())
