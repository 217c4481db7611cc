"""Runs the command line as a person would: a process of its own, an inbox, a data folder, nothing else."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion import demo
from tests.end_to_end import command
from tests.end_to_end import everything as every_source

# In the environment of every command; test_no_secret_is_left.py searches what they left.
PLANTED = {
    "KERNCIJFERS_SMTP_PASSWORD": "planted-cG9zdA-4711",
    "SHOPIFY_ACCESS_TOKEN": "planted-d2lua2Vs-4712",
    "SOME_OTHER_SECRET": "planted-YW5kZXJz-4713",
}


@dataclass(frozen=True)
class Company:
    """One company: its inbox and its data folder, driven through the command line."""

    inbox: Path
    data: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `kerncijfers` with these arguments; never raises on a non-zero exit."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
        environment = {**PLANTED, **environment, "COLUMNS": "160"}
        if arguments[0] != "refresh":
            return command.run(arguments, environment, self.data.parent)
        return subprocess.run(
            [str(Path(sys.executable).with_name("kerncijfers")), *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=self.data.parent,
            timeout=600,
            check=False,
        )

    def refresh(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Refresh this company from its inbox."""
        return self.run("refresh", "--inbox", str(self.inbox), "--data", str(self.data), *more)

    def released(self, metric: str, period: str, *more: str, grain: str = "year") -> dict[str, Any]:
        """What `kerncijfers value --json` says of one released value."""
        answer = self.run(
            "value", metric, "--grain", grain, "--period", period, "--json", "--data", str(self.data), *more
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def value(self, metric: str, period: str, *more: str, grain: str = "year") -> Decimal | None:
        """The released value itself, exact."""
        released = self.released(metric, period, *more, grain=grain)["value"]
        return None if released is None else Decimal(released)

    def marts(self) -> Path:
        """The private warehouse of the current release: raw tables and every model."""
        release = (self.data / "current").resolve().name
        return self.data / "warehouse" / f"{release}.duckdb"


MakeCompany = Callable[..., Company]


@pytest.fixture(scope="session")
def make_company(tmp_path_factory: pytest.TempPathFactory) -> MakeCompany:
    """A new company whose inbox holds copies of the given files."""

    def make(*files: Path, company: Path | None = None) -> Company:
        root = tmp_path_factory.mktemp("company")
        inbox = root / "inbox"
        inbox.mkdir()
        for file in files:
            shutil.copy(file, inbox / file.name)
        if company is not None:
            shutil.copy(company, inbox / "company.toml")
        return Company(inbox=inbox, data=root / "data")

    return make


Released = Callable[[str], tuple[Company, demo.DemoTruth]]


@pytest.fixture(scope="session")
def released_company(make_company: MakeCompany, tmp_path_factory: pytest.TempPathFactory) -> Released:
    """The demo company of a profile, written and refreshed by the command line once a session, and what it was made with."""

    @functools.cache
    def released(profile: str) -> tuple[Company, demo.DemoTruth]:
        company = make_company()
        size = 0.3 if profile == demo.DEFAULT_PROFILE else 1.0
        written = company.run("demo", "--profile", profile, "--size", str(size), "--inbox", str(company.inbox))
        assert written.returncode == 0, written.stderr
        done = company.refresh()
        assert done.returncode == 0, done.stdout + done.stderr
        return company, demo.write(tmp_path_factory.mktemp("truth"), profile=profile, size=size)

    return released


@pytest.fixture(scope="session")
def everything(make_company: MakeCompany, project_root: Path) -> Company:
    """The company that has every source at once, refreshed once a session."""
    company = make_company()
    every_source.write(company.inbox, project_root)
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return company
