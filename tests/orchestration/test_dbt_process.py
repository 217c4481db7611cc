"""The dbt process of a refresh: it parses the project that is built, and never waits for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration import dbt, dbt_worker
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths


class Idle:
    """A process that waits until it is killed."""

    def __init__(self, command: list[str], **_: object) -> None:
        self.cache = Path(command[-1])
        self.killed = False
        self.cache.mkdir(exist_ok=True)
        (self.cache / dbt_worker.MANIFEST).touch()

    def poll(self) -> int | None:
        return -9 if self.killed else None

    def kill(self) -> None:
        self.killed = True

    def wait(self) -> int:
        return -9


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setattr(dbt, "_generate", lambda: None)
    monkeypatch.setattr(dbt, "_cache", lambda: tmp_path / (tmp_path / "project").read_text(encoding="ascii"))
    monkeypatch.setattr(dbt, "subprocess", SimpleNamespace(**vars(subprocess) | {"Popen": Idle}))
    monkeypatch.setattr(dbt, "_started", {})
    (tmp_path / "project").write_text("before", encoding="ascii")
    return Paths(tmp_path / "data", tmp_path / "inbox", None)


def test_a_file_saved_while_dbt_starts_is_parsed_by_a_new_process(paths: Paths, tmp_path: Path) -> None:
    first: object = dbt.start(paths)
    (tmp_path / "project").write_text("after", encoding="ascii")
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / dbt_worker.MANIFEST).touch()
    assert dbt.manifest_file(paths) == tmp_path / "after" / dbt_worker.MANIFEST
    assert isinstance(first, Idle)
    assert first.killed
    second: object = dbt.start(paths)
    assert isinstance(second, Idle)
    assert second.cache == tmp_path / "after"


def test_a_file_saved_after_the_project_was_parsed_stops_the_build_in_words(paths: Paths, tmp_path: Path) -> None:
    dbt.start(paths)
    dbt.manifest_file(paths)
    dbt.stop(paths)
    (tmp_path / "project").write_text("after", encoding="ascii")
    with pytest.raises(KerncijfersError, match="saved during the refresh"):
        dbt.build(paths)
    assert dbt._started == {}


def test_a_build_in_which_nothing_happens_any_more_is_ended_and_says_so_whatever_holds_python() -> None:
    # A match that takes for ever holds Python's lock: no thread gets a turn.
    held = "import re; from orchestration import dbt_worker; dbt_worker._heard(); re.match('(a*)*b', 'a' * 99)"
    process = subprocess.Popen([sys.executable, "-c", held], env={"KERNCIJFERS_DBT_PATIENCE": "1"})
    try:
        process.wait(timeout=60)
    finally:
        process.kill()
    told = "dbt stopped before it built anything: "
    assert dbt.stopped(process, "").startswith(f"{told}it did nothing for too long and was ended.")
    assert dbt.stopped(subprocess.Popen(["true"]), "") == f"{told}it gave no reason"
