"""Whatever happens while a release is made, readers see the old one whole or the new one whole, and the next one follows.

Each try is judged by `attempts.attempt`: what readers see, whether files and signature fit, whether it was told in words,
whether the next refresh succeeds by itself and leaves nothing behind.
"""

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

_BATCH = 40

# fault, what it is called in the table, which shim, numbers tried in the long run and in the short one; None is every one
# until the process gets to its end.
FAULTS = [
    ("kill_at", "SIGKILL after each file operation of a library", "kill", None, range(1, 400, 37)),
    ("kill_before", "SIGKILL before each step that changes a folder", "", None, range(1, 120, 23)),
    ("kill_at_random", "SIGKILL at a random moment", "", range(200), range(3)),
    ("disk_full_at", "disk full from each write on", "fail", None, range(1, 400, 79)),
    ("broken_disk_at", "EIO from each write on", "fail", None, range(7, 400, 79)),
    ("disk_of_kilobytes", "disk of n kB, really full", "", range(100, 4100, 50), range(100, 4100, 1300)),
    ("megabytes_of_memory", "memory limit", "", range(0, 200, 5), range(0, 200, 70)),
    ("damaged_work_copy", "bit flip, zeroed block or cut in the build", "", range(300), range(6)),
    ("clock_off_by_hours", "clock wrong by n hours", "", range(-26, 27), (-26, 26)),
    ("second_start", "second start while one runs", "", range(100), range(2)),
]


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data folder every try starts from."""
    folder = tmp_path_factory.mktemp("faults")
    attempts(folder, "none", [], None)
    return folder


def attempts(folder: Path, fault: str, numbers: list[int], shim: Path | None) -> list[dict]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"} | ({"LD_PRELOAD": str(shim)} if shim else {})
    command = [sys.executable, "-m", "tests.faults.attempts", str(folder), fault, *map(str, numbers)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("fault", "name", "shim", "every", "some"), FAULTS, ids=[fault for fault, *_ in FAULTS])
def test_readers_see_a_whole_release_and_the_next_refresh_succeeds(
    two_releases: Path,
    shims: dict[str, Path],
    long: bool,
    fault: str,
    name: str,
    shim: str,
    every: range | None,
    some: range,
) -> None:
    library = shims[shim] if shim else None
    if long and every is None:
        tried, at = [], 1
        while not tried or not tried[-1]["published"]:
            tried += attempts(two_releases, fault, list(range(at, at + _BATCH)), library)
            at += _BATCH
    else:
        tried = attempts(two_releases, fault, list(every if long and every is not None else some), library)
    struck = [one for one in tried if not one["published"]]
    record.note(name, [not one["bad"] for one in tried])
    assert [one for one in tried if one["bad"]] == []
    assert struck or fault == "clock_off_by_hours", "the fault did nothing in any try"
