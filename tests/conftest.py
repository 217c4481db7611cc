"""Fixtures shared by every tier. Fixtures of one folder live in that folder's conftest.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from tests import cases
from tests.dbt_project import mutants
from tests.faults import record

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """The key of the pseudonyms lies outside the project: for tests it goes to a folder of their own."""
    folder = tempfile.mkdtemp(prefix="kerncijfers-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["XDG_CONFIG_HOME"] = folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--cases` prints the table of worked cases after the tests."""
    parser.addoption("--cases", action="store_true", help="print every figure of the worked cases and what it became")
    parser.addoption(
        "--faults", action="store_true", help="print each fault, how often it was tried and how often badly"
    )
    parser.addoption("--long", action="store_true", help="try every fault at every point instead of a sample")
    parser.addoption("--mutants", action="store_true", help="print which faults in the SQL the unit tests noticed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whether every worked case is proven is known when the proofs have run."""
    items.sort(key=lambda item: item.path.name == "test_every_case_is_proven.py")


def pytest_terminal_summary(config: pytest.Config) -> None:
    """The tables `make cases` and `make mutation` are for."""
    console = Console(width=max(Console().width, 200))
    if config.getoption("--cases"):
        cases.print_table(console)
    if config.getoption("--mutants"):
        mutants.print_table(console)
    if config.getoption("--faults"):
        record.print_table(console)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout this test runs in."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files with known figures, kept outside the project in `../shared/data`."""
    folder = ROOT.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if os.environ.get("CI") == "true":
        pytest.fail(f"{folder} is missing: CI must prove the figures against the real files")
    pytest.skip(f"{folder} is missing: the real files are not part of the project")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Tell `cases.check` which test calls it."""
    cases.running = item
    try:
        return (yield)
    finally:
        cases.running = None
