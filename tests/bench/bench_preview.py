"""`kerncijfers metric preview`: from saving a metric's SQL to its values, against dbt compiling that one model.

    .venv/bin/python -m tests.bench.bench_preview

On a terminal it stays and keeps dbt in the process; `--once` is a new process each time, as `dbt compile` is. Both start
from a parsed project. The file gets a comment at each save and is put back as it was. Wall time is what a person waits for; CPU
time says what it takes when somebody else uses the machine. The fastest of five saves counts.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from orchestration.metric.preview import preview
from orchestration.paths import Paths
from tests.bench.bench_models import cpu
from tests.bench.bench_refresh import BIN, ROOT, run

FILE = Path("dbt_project/models/metrics/webshop/aov/metric_aov_v2.sql")
SAVES = 5
GOAL = 3


def fastest(action: Callable[[], object], file: Path) -> tuple[float, float]:
    """Wall and CPU seconds of the fastest of `SAVES` saves, after one that is not counted."""
    measured = []
    written = file.read_text(encoding="utf-8")
    try:
        for save in range(SAVES + 1):
            file.write_text(f"{written}\n-- save {save}\n", encoding="utf-8")
            wall, used = time.perf_counter(), cpu()
            action()
            measured.append((time.perf_counter() - wall, cpu() - used))
    finally:
        file.write_text(written, encoding="utf-8")
    return min(measured[1:])


def main() -> None:
    """Print seconds after a save in each way, and the ratios to dbt's own compile."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        inbox, data, target = root / "inbox", root / "data", root / "target"
        run(str(BIN / "python"), "-m", "ingestion.demo", "--inbox", str(inbox))
        company = ROOT / "company.toml"
        refresh = ("refresh", "--inbox", str(inbox), "--data", str(data), "--company", str(company))
        run(str(BIN / "kerncijfers"), *refresh)
        paths = Paths(data=data, inbox=inbox, company=company)
        warehouse = root / "warehouse.duckdb"
        shutil.copy(data / "warehouse" / f"{(data / 'current').resolve().name}.duckdb", warehouse)
        compile_one = [
            str(BIN / "dbt"),
            *("compile", "--quiet", "--select", "metric_aov.v2", "--project-dir", "dbt_project"),
            *("--profiles-dir", "dbt_project", "--target-path", str(target), "--log-path", str(root / "logs")),
        ]
        once = (str(BIN / "kerncijfers"), "metric", "preview", "aov", "--once", "--data", str(data))
        file = ROOT / FILE
        ways: dict[str, Callable[[], object]] = {
            "dbt compile of that model": lambda: run(*compile_one, env={"KERNCIJFERS_WAREHOUSE": str(warehouse)}),
            "metric preview --once": lambda: run(*once),
            "metric preview, staying": lambda: preview(paths, "aov"),
        }
        taken = {way: fastest(action, file) for way, action in ways.items()}
        (plain, _), *_ = taken.values()
        for way, (wall, used) in taken.items():
            goal = "" if way.startswith("dbt") else f", {wall / plain:4.2f} x dbt compile   (goal: {GOAL} s)"
            print(f"{way:<28} {wall:5.1f} s, {used:4.1f} s of CPU{goal}")


if __name__ == "__main__":
    main()
