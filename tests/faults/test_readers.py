"""Readers never meet the writer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults import record

pytestmark = pytest.mark.fault


def test_eight_processes_read_through_a_hundred_swaps_without_an_error(tmp_path: Path, long: bool) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
    command = [sys.executable, "-m", "tests.faults.readers", str(tmp_path / "data"), "8", "1000" if long else "100"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    reads = sum(told["reads"])
    record.note(
        f"{told['swaps']} swaps under 8 readers", [True] * (reads - len(told["errors"])) + [False] * len(told["errors"])
    )
    assert told["errors"] == []
    assert min(told["reads"]) > 10 and told["seen"] > 1, "a reader was never there when something was swapped"
