"""Renders the pages of one release, in a process that can do nothing else: `python -m reports.worker`.

It starts before there is anything to render, because charts take long to import, and leaves the network at once. Each
line of standard input is a job in JSON, each line of standard output its answer. With the first job it gives up
everything but the folder it writes in. It ends when standard input does: then nobody waits for it any more.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import duckdb

from reports import sandbox


def report(folder: Path, job: dict[str, Any]) -> list[Path]:
    """One edition in one language."""
    from reports.render import render  # noqa: PLC0415 - imported while there is nothing to do

    page = render(
        folder,
        edition=job["edition"],
        language=job["language"],
        out=folder / job["file"],
        folders=[Path(name) for name in job["editions"]],
    )
    return [page]


def pages(folder: Path, job: dict[str, Any]) -> list[Path]:
    """The index, the glossary, and a page for each KPI."""
    from reports.site import render  # noqa: PLC0415

    reports = [(edition, language, file) for edition, language, file in job["reports"]]
    editions = [Path(name) for name in job["editions"]]
    return render(folder, reports, out=folder, earlier=job["earlier"], folders=editions)


def status(folder: Path, job: dict[str, Any]) -> list[Path]:
    """How things stand, for the operator."""
    from reports.status_page import render  # noqa: PLC0415

    return [render(job["found"], language=job["language"], out=folder / job["file"])]


def not_released(folder: Path, job: dict[str, Any]) -> list[Path]:
    """Why a refresh was not released."""
    from reports.render import not_released as render  # noqa: PLC0415

    told = {name: job[name] for name in ("facts", "standing", "reports")}
    return [render(**told, folder=job["released"], language=job["language"], out=folder / job["file"])]


JOBS = {"report": report, "pages": pages, "status": status, "not_released": not_released}


def main() -> None:
    """Answers each job with the files it wrote, or with what went wrong."""
    sandbox.leave_the_network()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    for module in ("reports.render", "reports.site", "reports.status_page"):
        importlib.import_module(module)
    confined = False
    while True:
        job = json.loads(jobs.get())
        folder = Path(job["folder"])
        try:
            if not confined:
                # It is made by the import, with a thread that the kernel would not bind.
                duckdb.default_connection().close()
                sandbox.confine(folder)
                confined = True
            answer: dict[str, Any] = {"files": [str(file) for file in JOBS[job["job"]](folder, job)]}
        except Exception as error:
            answer = {"kind": type(error).__name__, "error": str(error), "trace": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _listen(jobs: queue.SimpleQueue[str]) -> None:
    """Takes the jobs in; ends the process when there will be no more, also in the middle of a page."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
