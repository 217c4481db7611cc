"""Fixtures shared by every tier. Fixtures of one folder live in that folder's conftest.py."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tests import cases
from tests.dbt_project import mutants
from tests.faults import record

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
# What Debian's Chromium is started with.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SHARED = {"dbt_target": "dbt build", "everything": "companies", "released_company": "companies"}
"""Session fixtures that take half a minute or more, and the group of the tests that read them."""


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


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What one process runs when tests run in several: a module, or all that reads a fixture that takes long to make."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            fixtures = getattr(item, "fixturenames", ())
            group = next((SHARED[name] for name in fixtures if name in SHARED), item.path.relative_to(ROOT).as_posix())
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the proofs of a test, whichever process ran it."""
    if report.when == "call":
        cases.proofs.extend(cases.from_properties(report.user_properties))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Close a run of every test with one more result: whether every figure of every worked case was proven."""
    done = yield
    config = session.config
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    reports = not hasattr(config, "workerinput") and not config.option.collectonly
    if everything and reports and config.option.markexpr in {"", "case"} and cases.FILE.is_file():
        wrong = cases.verdict()
        path, _, name = cases.VERDICT.partition("::")
        report = pytest.TestReport(
            cases.VERDICT, (path, None, name), {}, "failed" if wrong else "passed", wrong or None, "call"
        )
        config.hook.pytest_runtest_logreport(report=report)
    return done


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        message = "chromium is missing: install Debian's package chromium"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Tell `cases.check` which test calls it."""
    cases.running = item
    try:
        return (yield)
    finally:
        cases.running = None
