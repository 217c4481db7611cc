"""The one process that renders the pages of a release, with no folder but its own and no network (`reports.worker`)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration import logs
from orchestration.errors import KerncijfersError
from orchestration.paths import PROJECT, Paths

# All that a page may know of the machine: where programs and fonts are, and how the machine writes.
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONDONTWRITEBYTECODE", "TZ")
LOG = "rendering.log"

_started: dict[Path, subprocess.Popen[str]] = {}


def start(paths: Paths) -> None:
    """Starts the process, if it is not there: it imports what it needs while dbt builds."""
    if paths.data in _started:
        return
    paths.logs.mkdir(parents=True, exist_ok=True)
    with (paths.logs / LOG).open("w", encoding="utf-8") as log:
        _started[paths.data] = subprocess.Popen(
            [sys.executable, "-m", "reports.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            cwd=PROJECT,
        )


def stop(paths: Paths) -> None:
    """Ends the process."""
    process = _started.pop(paths.data, None)
    if process is not None:
        process.kill()
        process.communicate()


def report(paths: Paths, edition: str, language: str, file: str, *, editions: Sequence[Path]) -> None:
    """Renders one edition in one language to a file of the draft. `editions` are the folders of the company's own."""
    _render(paths, job="report", edition=edition, language=language, file=file, editions=_names(editions))


def pages(
    paths: Paths,
    reports: Sequence[tuple[str, str, str]],
    *,
    editions: Sequence[Path],
    earlier: Iterable[Mapping[str, Any]] = (),
) -> list[Path]:
    """Renders the index, the glossary and a page for each KPI beside `reports`; returns their files.

    `reports` are (edition, language, file), `earlier` the facts of the releases before this one, newest first.
    """
    return _render(paths, job="pages", reports=list(reports), editions=_names(editions), earlier=list(earlier))


def status(paths: Paths, found: Mapping[str, Any], language: str, file: str) -> None:
    """Renders what `orchestration.status.look` found."""
    _render(paths, job="status", found=found, language=language, file=file)


def not_released(
    paths: Paths,
    facts: Mapping[str, Any],
    standing: Mapping[str, Any] | None,
    reports: Sequence[str],
    language: str,
    file: str,
) -> Path:
    """Renders in the draft why there is no release; `reports` are those of the release that stands, `standing`."""
    paths.draft.mkdir(parents=True, exist_ok=True)
    [page] = _render(
        paths, job="not_released", facts=facts, standing=standing, reports=list(reports), language=language, file=file,
        released=paths.current.name,
    )  # fmt: skip
    return page


def _names(folders: Iterable[Path]) -> list[str]:
    return [str(folder) for folder in folders]


def _render(paths: Paths, **job: Any) -> list[Path]:
    start(paths)
    process = _started[paths.data]
    assert process.stdin is not None and process.stdout is not None  # started with pipes
    try:
        process.stdin.write(json.dumps({"folder": str(paths.draft), **job}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except BrokenPipeError:
        line = ""
    if not line:
        ended = process.wait(timeout=60)  # by itself, or by the system
        stop(paths)
        if ended == -signal.SIGKILL:
            raise MemoryError("the system ended the process that renders, as it does when memory runs out")
        said = (paths.logs / LOG).read_text(encoding="utf-8", errors="replace").strip()[-2000:]
        raise RuntimeError(f"The process that renders the pages ended with {ended}: {said}")
    answer = json.loads(line)
    if "error" not in answer:
        return [Path(name) for name in answer["files"]]
    with (paths.logs / LOG).open("a", encoding="utf-8") as log:
        log.write(logs.clean(answer["trace"]))
    match answer["kind"]:
        case "EditionError":
            raise KerncijfersError(answer["error"])
        case "MemoryError":
            raise MemoryError(answer["error"])
    # With the system's own words in it: what a full or a broken disk says is told to a person as that.
    raise RuntimeError(f"{answer['kind']} while rendering: {answer['error']}\n{answer['trace']}")
