"""The owner's words for the reports: read from the inbox, checked, and kept in the release they were written for."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestration import company, editions
from orchestration.errors import KerncijfersError
from orchestration.paths import DBT_PROJECT, Paths
from reports import notes
from reports.data.database import opened
from reports.words import LANGUAGES

FOLDER = "report"
FILE = "notes.json"
_Found = dict[str, dict[str, dict[str, Any]]]


def files(paths: Paths) -> dict[str, Path]:
    """The files there are, by language: `report/notes.nl.md` and `report/notes.en.md` in the inbox."""
    found = {language: paths.inbox / FOLDER / f"notes.{language}.md" for language in LANGUAGES}
    return {language: file for language, file in found.items() if file.is_file()}


def check(paths: Paths) -> None:
    """Refuses notes about a KPI that does not exist or in a shape that can't be read, before anything is loaded."""
    metrics = {folder.name for folder in (DBT_PROJECT / "models" / "metrics").glob("*/*")}
    _read(paths, metrics, None)


def write(paths: Paths, folder: Path) -> None:
    """Keeps the notes in the folder of a release, checked against its metrics and months."""
    with opened(folder) as connection:
        metrics = connection.sql("select distinct metric from reporting.rpt_metrics").fetchall()
        months = connection.sql(
            "select distinct period from reporting.rpt_metric_values where grain = 'month' and value is not null"
        ).fetchall()
    found = _read(paths, {name for (name,) in metrics}, {month for (month,) in months})
    shown = editions.require(company.read(paths).report.editions, paths.editions)
    if not any(edition.quotes for edition in shown.values()):
        # What customers said is in a release only for an edition that asks for it.
        for said in found.values():
            for subjects in said.values():
                subjects.pop(notes.QUOTES, None)
    (folder / FILE).write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _read(paths: Paths, metrics: Collection[str], months: Collection[str] | None) -> _Found:
    found: _Found = {}
    for language, file in files(paths).items():
        try:
            parsed = notes.parse(file, metrics=metrics, months=months)
        except notes.NotesError as error:
            raise KerncijfersError(str(error)) from None
        found[language] = {
            month: {subject: asdict(note) for subject, note in said.items()} for month, said in parsed.items()
        }
    return found
