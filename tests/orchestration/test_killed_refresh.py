"""A refresh that is killed half-way leaves the last release, no process, and nothing in the way of the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from orchestration import release
from orchestration.paths import Paths

pytestmark = [pytest.mark.integration, pytest.mark.fault]


def test_a_refresh_killed_while_dbt_builds_leaves_nothing_behind(tmp_path: Path, shared_data: Path) -> None:
    paths = Paths(data=tmp_path / "data", inbox=tmp_path / "inbox", company=None)
    paths.inbox.mkdir()
    source = shared_data / "xaf_pyxaf" / "pyxaf_testgen_3.2.xaf"
    (paths.inbox / source.name).write_bytes(source.read_bytes())

    doomed = refresh(paths)
    try:
        wait_until((paths.target / "manifest.json").is_file)  # dbt has been told to build
        children = psutil.Process(doomed.pid).children(recursive=True)
        assert children
    finally:
        doomed.kill()
        doomed.wait()
    wait_until(lambda: not any(child.is_running() for child in children))
    assert paths.work.is_dir()
    assert release.current_release(paths) is None

    assert refresh(paths).wait() == 0

    published = release.current_release(paths)
    assert published is not None and published.name == "000001"
    assert not paths.work.exists()


def refresh(paths: Paths) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
    command = [str(Path(sys.executable).with_name("kerncijfers")), "refresh"]
    return subprocess.Popen([*command, "--inbox", paths.inbox, "--data", paths.data], env=environment)


def wait_until(condition: Callable[[], bool], seconds: float = 400) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
