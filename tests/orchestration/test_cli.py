"""The command line: every command explains itself, and mistakes are one message."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from orchestration import release
from orchestration.cli import app
from orchestration.paths import Paths

COMMANDS = ["refresh", "report", "status", "serve", "doctor", "value", "accounts", "demo", "metrics sync"]
COMMANDS += ["metrics list", "metrics check", "metrics sign", "metrics schema"]
COMMANDS += ["releases", "releases show", "releases diff", "releases verify", "releases rebuild", "releases rollback"]
COMMANDS += ["source add", "source test", "source fetch", "source listen", "source list"]
COMMANDS += ["deliver send", "deliver list", "alerts", "erase", "register"]
COMMANDS += ["metric new", "metric preview", "metric diff", "metric explain"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert f"\n    kerncijfers {command}" in shown.output or f"\n  kerncijfers {command}" in shown.output, shown.output


def test_no_help_text_names_an_option_the_command_has_not() -> None:
    told = dict(_commands(get_command(app)))
    assert len(told) >= len(COMMANDS)
    unknown: dict[str, set[str]] = {}
    for name, command in told.items():
        options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        texts = [command.help, *(getattr(one, "help", None) for one in command.params)]
        unknown[name] = {word for text in texts for word in re.findall(r"--[a-z][a-z-]*", text or "")} - options
    assert {name: words for name, words in unknown.items() if words} == {}


def _commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that is no group, by its whole name."""
    below = getattr(command, "commands", {})
    for word, one in below.items():
        yield from _commands(one, f"{name} {word}".strip())
    if not below:
        yield name, command


def test_no_command_is_left_out_above() -> None:
    group = get_command(app)
    names = set(getattr(group, "commands", {}))
    assert names == {command.split()[0] for command in COMMANDS}
    for either in ("metric", "metrics"):
        of_metrics = getattr(group, "commands", {})[either].commands
        assert set(of_metrics) == {name.split()[1] for name in COMMANDS if name.startswith("metric")}


def test_an_option_that_does_not_exist_is_no_defect(tmp_path: Path) -> None:
    done = run("status", "--dta", cwd=tmp_path)
    assert done.returncode == 2
    assert "No such option: --dta" in done.stderr
    assert "did not expect" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["value", "revenue", "--period", "2024"], "has no release yet"),
        (["value", "revenue"], "Say which period"),
        (["report"], "has no release yet"),
        (["refresh", "--inbox", "nowhere"], "Put an auditfile"),
        (["demo", "--profile", "bank", "--inbox", "nowhere"], "no demo company of profile 'bank'"),
        (["demo", "--profile", "saas"], "kerncijfers demo --profile saas --inbox /tmp/saas"),
        (["refresh", "--company", "nowhere.toml"], "There is no file nowhere.toml"),
        (["accounts", "--inbox", "nowhere"], "no accounts to map"),
        (["deliver", "send"], "nothing to deliver"),
        (["alerts", "--test"], "Nobody is told"),
    ],
)
def test_a_mistake_is_one_message_and_exit_code_1(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run(*arguments, "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_refresh_exits_with_75_and_changes_nothing(tmp_path: Path) -> None:
    paths = Paths(data=tmp_path / "data", inbox=tmp_path, company=None)
    with release.locked(paths, "the night run"):
        done = run("refresh", "--data", str(paths.data), "--inbox", str(paths.inbox), cwd=tmp_path)
    assert done.returncode == 75
    assert "the night run" in done.stderr
    assert [entry.name for entry in paths.data.iterdir()] == [".lock"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
    return subprocess.run(
        [str(Path(sys.executable).with_name("kerncijfers")), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=cwd,
        check=False,
    )


def test_the_roaster_in_an_inbox_of_its_own_gets_the_declaration_of_its_files(
    tmp_path: Path, project_root: Path
) -> None:
    made = CliRunner().invoke(app, ["demo", "--size", "0.01", "--inbox", str(tmp_path / "inbox")])
    assert made.exit_code == 0, made.output
    declared = (tmp_path / "inbox" / "company.toml").read_bytes()
    assert declared == (project_root / "company.toml").read_bytes()
