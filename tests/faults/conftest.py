"""Builds the shims that end or disturb a process at a given file operation."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether this is `make faults`: every point, instead of a sample that takes seconds."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def shims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Compiled libraries for LD_PRELOAD: `kill` (kept outside the project) and `fail`."""
    sources = {"kill": ROOT.parent / "shared" / "tools" / "killat.c", "fail": Path(__file__).with_name("failat.c")}
    compiler = shutil.which("gcc") or shutil.which("cc")
    lacking = "a C compiler" if compiler is None else None if sources["kill"].is_file() else str(sources["kill"])
    if lacking:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{lacking} is missing: CI must prove that a kill leaves the last release")
        pytest.skip(f"{lacking} is missing")
    folder = tmp_path_factory.mktemp("shims")
    for name, source in sources.items():
        command = [str(compiler), "-shared", "-fPIC", "-O2", "-o", str(folder / f"{name}.so"), str(source), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
    return {name: folder / f"{name}.so" for name in sources}
