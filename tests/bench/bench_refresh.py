"""The whole refresh against `dbt build` alone, and the report against the clock, in one run on one machine.

    .venv/bin/python -m tests.bench.bench_refresh

Both sides run twice and the faster run counts: these machines are noisy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
RUNS = 2


def fastest(action: Callable[[], object]) -> float:
    """Seconds of the fastest of `RUNS` runs."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def run(*command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def main() -> None:
    """Print the two ratios."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        inbox, data, warehouse = root / "inbox", root / "data", root / "warehouse.duckdb"
        run(str(BIN / "python"), "-m", "ingestion.demo", "--inbox", str(inbox))
        refresh = [
            str(BIN / "kerncijfers"),
            "refresh",
            *("--inbox", str(inbox)),
            *("--data", str(data)),
            *("--company", str(ROOT / "company.toml")),
        ]
        # A first load: nothing is in the data folder, so every file is read.
        whole = fastest(lambda: (shutil.rmtree(data, ignore_errors=True), run(*refresh)))

        current = (data / "current").resolve()
        shutil.copy(data / "warehouse" / f"{current.name}.duckdb", warehouse)
        dbt = [
            str(BIN / "dbt"),
            *("build", "--quiet", "--exclude-resource-type", "unit_test"),
            *("--project-dir", "dbt_project", "--profiles-dir", "dbt_project"),
            *("--target-path", str(root / "target"), "--log-path", str(root / "logs")),
        ]
        alone = fastest(lambda: run(*dbt, env={"KERNCIJFERS_WAREHOUSE": str(warehouse)}))
        print(f"refresh, first load of the demo   {whole:6.1f} s")
        print(f"dbt build alone                   {alone:6.1f} s")
        print(f"refresh / dbt build               {whole / alone:6.2f}   (goal: at most 1.5)")

        from reports.render import render

        for language in ("nl", "en"):
            render(current, edition="management", language=language, out=root / f"{language}.html")
        warm = fastest(
            lambda: [
                render(current, edition="management", language=language, out=root / f"{language}.html")
                for language in ("nl", "en")
            ]
        )
        print(f"report in two languages, warm     {warm:6.2f} s (goal: at most 2)")


if __name__ == "__main__":
    main()
