"""Damaged files of every kind are refused in words or read right, by a process that stays within its limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.faults import fuzz, record

pytestmark = pytest.mark.fault

_BATCH = 1000
# How many cases of each kind in `make faults`; together 100,000.
CASES = {"xml": 30_000, "csv": 30_000, "json": 30_000, "excel": 10_000}


def run(kind: str, first: int, last: int) -> dict:
    """One process of its own; a process that dies says at which case."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
    command = [sys.executable, "-m", "tests.faults.fuzz", kind, str(first), str(last)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    *numbers, last_line = done.stdout.splitlines() or ["nothing"]
    if done.returncode:
        died = f"{kind} {last_line}: the process ended with {done.returncode}: {done.stderr[-400:]}"
        return {"accepted": 0, "refused": len(numbers), "bad": [died], "megabytes": 0}
    return json.loads(last_line)


@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("kind", fuzz.KINDS)
def test_a_damaged_file_is_refused_in_words_or_read_right(kind: str, long: bool) -> None:
    count = CASES[kind] if long else 150
    size = min(_BATCH, count)
    outcomes = [run(kind, first, first + size) for first in range(0, count, size)]
    bad = [line for outcome in outcomes for line in outcome["bad"]]
    record.note(f"fuzzed {kind} in a process with limits", [True] * (count - len(bad)) + [False] * len(bad))
    assert bad == []
    assert sum(outcome["refused"] for outcome in outcomes) > count / 10, "nothing was damaged"
    assert sum(outcome["accepted"] for outcome in outcomes) > count / 100, "nothing good came through"
