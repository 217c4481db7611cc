"""Whatever happens while a release is made, readers see the old one whole or the new one whole, and the next one follows.

Each try is judged by `attempts.attempt`: what readers see, whether files and signature fit, whether it was told in words,
whether the next refresh succeeds by itself and leaves nothing behind. `refresh` also loads files with dlt and builds
models with dbt, and its number is the sum of what was delivered: a row that is lost or doubled shows.
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
PUBLICATION = [
    ("kill_at", "SIGKILL after each file operation of a library", "kill", None, range(1, 400, 37)),
    ("kill_before", "SIGKILL before each step that changes a folder", "", None, range(1, 120, 23)),
    ("kill_at_random", "SIGKILL at a random moment", "", range(200), range(3)),
    ("disk_full_at", "disk full from each write on", "fail", None, range(1, 400, 79)),
    ("broken_disk_at", "EIO from each write on", "fail", None, range(7, 400, 79)),
    ("disk_of_kilobytes", "disk of n kB, really full", "", range(100, 4100, 50), range(100, 4100, 1300)),
    ("megabytes_of_memory", "memory limit", "", range(0, 200, 5), range(0, 200, 70)),
    ("damaged_work_copy", "bit flip, zeroed block or cut in the build", "", range(300), range(6)),
    ("damaged_wal", "write-ahead log left by the build: cut, zeroed, garbage", "", range(150), range(3)),
    ("clock_off_by_hours", "clock wrong by n hours", "", range(-26, 27), (-26, 26)),
    ("clock_at", "both changes of the clock, leap day, new year, in three zones", "", range(33), (1, 16, 31)),
    ("second_start", "second start while one runs", "", range(100), range(2)),
]
# The same for a whole refresh, each try of which takes seconds: fault, what it is called, and what is tried of it in each
# stage. A number is of points spread evenly over the file operations of the stage; a range is of kilobytes that are left,
# of megabytes above what the process has, or of moments.
_STAGES = ("load", "build", "export", "publish")
REFRESH: list[tuple[str, str, dict[str, int | range]]] = [
    ("kill", "SIGKILL at a file operation", {"load": 152, "build": 48}),
    ("random_kill", "SIGKILL at a random moment", {"load": range(25), "build": range(25)}),
    ("disk_full", "disk full", dict.fromkeys(_STAGES, range(0, 1600, 80))),
    ("broken_disk", "EIO from a file operation on", dict.fromkeys(_STAGES, 20)),
    ("little_memory", "memory limit", dict.fromkeys(_STAGES[:3], range(0, 100, 10))),
]
SOME = ["kill_in_load:120", "kill_in_build:30", "disk_full_in_load:0", "broken_disk_in_build:20"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the data folders lie that every try starts from."""
    return tmp_path_factory.mktemp("faults")


def attempts(folder: Path, pipeline: str, tries: list[str], shim: Path | None) -> list[dict]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "KERNCIJFERS_DBT_PATIENCE": "30"} | (
        {"LD_PRELOAD": str(shim)} if shim else {}
    )
    command = [sys.executable, "-m", "tests.faults.attempts", str(folder), pipeline, *tries]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(fault: str, name: str, tried: list[dict]) -> None:
    """Counts the tries for the table; fails on a bad one, and on a fault that did nothing."""
    struck = [one for one in tried if not one["published"]]
    record.note(name, [not one["bad"] for one in tried])
    assert [one for one in tried if one["bad"]] == []
    assert struck or fault.startswith("clock"), "the fault did nothing in any try"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("fault", "name", "shim", "every", "some"), PUBLICATION, ids=[one[0] for one in PUBLICATION])
def test_readers_see_a_whole_release_and_the_next_refresh_succeeds(
    folder: Path,
    shims: dict[str, Path],
    long: bool,
    fault: str,
    name: str,
    shim: str,
    every: range | None,
    some: range,
) -> None:
    library = shims[shim] if shim else None

    def tried_at(numbers: range) -> list[dict]:
        return attempts(folder, "publication", [f"{fault}:{number}" for number in numbers], library)

    if long and every is None:
        tried, at = [], 1
        while not tried or not tried[-1]["published"]:
            tried += tried_at(range(at, at + _BATCH))
            at += _BATCH
    else:
        tried = tried_at(every if long and every is not None else some)
    judge(fault, name, tried)


@pytest.mark.timeout(4 * 3600)
def test_nothing_is_lost_or_doubled_when_a_whole_refresh_is_struck(
    folder: Path, shims: dict[str, Path], long: bool
) -> None:
    tries = every_try(folder, shims["fail"]) if long else SOME
    tried = attempts(folder, "refresh", tries, shims["fail"])
    assert len(tried) == len(tries)
    for fault, called, stages in REFRESH:
        for stage in stages:
            if found := [not one["bad"] for one in tried if one["fault"] == f"{fault}_in_{stage}"]:
                record.note(f"whole refresh: {called} in {stage}", found)
    assert [one for one in tried if one["bad"]] == []
    idle = {one["fault"] for one in tried} - {one["fault"] for one in tried if not one["published"]}
    # What the build had is given back before, and may be memory enough.
    assert idle <= {"little_memory_in_export"}, "these did nothing in any try"


def every_try(folder: Path, shim: Path) -> list[str]:
    """Each fault in each stage, with the points at which it strikes."""
    [counted] = attempts(folder, "refresh", ["count:0"], shim)
    operations = json.loads(counted["told"])
    return [
        f"{fault}_in_{stage}:{point}"
        for fault, _, stages in REFRESH
        for stage, points in stages.items()
        for point in (points if isinstance(points, range) else spread(points, operations[stage]))
    ]


def spread(count: int, operations: int) -> list[int]:
    """So many of the operations, evenly; each of them when there are fewer."""
    return sorted({1 + place * operations // count for place in range(count)})
