"""Rendering: three editions in two languages over a release of 60 KPIs and 36 months, and how that grows.

    .venv/bin/python -m tests.bench.bench_reports

Seconds are of this process' processor, so that a busy machine does not count; one process uses one core.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from reports import site
from reports.edition import files
from reports.formatting import Language
from reports.render import render
from tests.reports.conftest import make_release

MOST_SECONDS = 5.0
LANGUAGES: tuple[Language, ...] = ("nl", "en")


def trimmed(whole: Path, folder: Path, kpis: int, months: int) -> Path:
    """A copy of a release with only so many KPIs, those of the editions first, over so many months."""
    shutil.copytree(whole, folder)
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as connection:
        connection.execute(
            f"""
            create temp table kept as
            select metric from reporting.rpt_metrics group by metric order by min(role), min(sort), metric limit {kpis};
            delete from reporting.rpt_metrics where metric not in (from kept);
            delete from reporting.rpt_metric_values
            where metric not in (from kept) or period_end <= date '2025-12-31' - to_months({months});
            """
        )
    return folder


def seconds(release: Path, out: Path) -> tuple[float, float, int]:
    """Processor seconds for every report and for the pages beside them, and the bytes of both."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    reports: list[tuple[str, Language, str]] = [
        (edition, language, f"{edition}.{language}.html") for edition in sorted(files()) for language in LANGUAGES
    ]
    start = time.process_time()
    for edition, language, file in reports:
        render(release, edition=edition, language=language, out=out / file)
    between = time.process_time()
    site.render(release, reports, out=out)
    end = time.process_time()
    return between - start, end - between, sum(file.stat().st_size for file in out.rglob("*.html"))


def main() -> None:
    """Print a line for each size, and fail when the reports of the first one take too long."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        whole = make_release(root / "whole")
        print("KPIs  months  reports  pages beside them     size")
        first = 0.0
        for kpis, months in ((60, 36), (60, 18), (30, 36), (120, 36)):
            release = trimmed(whole, root / f"{kpis}-{months}", kpis, months)
            reports, pages, size = seconds(release, root / "out")
            first = first or reports
            print(f"{kpis:4}  {months:6}  {reports:5.1f} s  {pages:15.1f} s  {size / 1e6:5.1f} MB")
    if first > MOST_SECONDS:
        sys.exit(
            f"Three editions in two languages took {first:.1f} s of processor time; {MOST_SECONDS:.0f} s is the most."
        )


if __name__ == "__main__":
    main()
