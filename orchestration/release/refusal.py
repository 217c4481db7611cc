"""When the gate blocks: a page that says what failed, on which rows and since when, and which release still stands.

`not_released.<language>.html` lies beside `current` in the data folder, in every language of the reports, until a
release is published. `not_released.json` remembers since when each test has been failing, from one refused refresh to
the next.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration import gate, rendering
from orchestration.errors import GateError
from orchestration.paths import Paths
from orchestration.release.store import current_release, dumped, now, page_name, pages, read_facts, remove, write
from reports.words import LANGUAGES

RECORD = "not_released.json"
_NAME = re.compile(r"(?:Test|Model) (\S+)")


def require_passed(paths: Paths) -> gate.Verdict:
    """The verdict over the build. Raises GateError, and leaves the page, when it may not be published."""
    verdict = gate.examine(paths.target, paths.warehouse)
    try:
        return verdict.require()
    except GateError as refusal:
        page = _leave(paths, verdict)
        raise GateError(f"{refusal}\nThe same as a page: {page}") from None


def forget(paths: Paths) -> None:
    """Takes the page away: a release has been published."""
    for file in (paths.data / RECORD, *(_page(paths, language) for language in LANGUAGES)):
        remove(file)


def recover(paths: Paths) -> None:
    """The same, when a kill right after the publication left the page there."""
    record, published = paths.data / RECORD, current_release(paths)
    if record.is_file() and published:
        refused = json.loads(record.read_text(encoding="utf-8"))["at"]
        if datetime.fromisoformat(read_facts(published)["created_at"]) > datetime.fromisoformat(refused):
            forget(paths)


def _page(paths: Paths, language: str) -> Path:
    return paths.data / f"not_released.{language}.html"


def _leave(paths: Paths, verdict: gate.Verdict) -> Path:
    record, moment = paths.data / RECORD, now()
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    before = {failure["name"]: failure["since"] for failure in known.get("failures", [])}
    failures = [_failure(problem, before, moment) for problem in verdict.problems]
    published = current_release(paths)
    facts: dict[str, Any] = {
        "at": moment,
        "since": known.get("since", moment),
        "tests": {"passed": verdict.passed, "total": verdict.total},
        "failures": failures,
    }
    write(record, dumped(facts))
    standing = read_facts(published) if published else None
    reports = [page_name(*page) for page in pages(published)] if published else []
    for language in LANGUAGES:
        page = _page(paths, language)
        rendered = rendering.not_released(paths, facts, standing, reports, language, page.name)
        write(page, rendered.read_text(encoding="utf-8"))
    rendering.stop(paths)  # there will be no other page of this refresh
    return _page(paths, LANGUAGES[0])


def _failure(problem: str, before: dict[str, str], moment: str) -> dict[str, Any]:
    title, *rows = problem.splitlines()
    named = _NAME.match(title)
    name = named[1] if named else re.sub(r"\d+", "", title)
    return {
        "name": name,
        "title": title.rstrip(":"),
        "rows": [row.strip().removeprefix("- ") for row in rows],
        "since": before.get(name, moment),
    }
