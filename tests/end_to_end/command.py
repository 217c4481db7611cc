"""The command line in a process that need not import everything again.

Each test of this folder asks `kerncijfers` as a person does, many times, and importing takes such a process longer than
most answers. A server imports once and forks for every command. Not for a refresh: that must give the same in processes
that have nothing in common, not even the order of their sets.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(
    [
        "orchestration.cli",
        "orchestration.values",
        "orchestration.release",
        "orchestration.metric.explain",
        "dbt.cli.main",
    ]
)


def run(arguments: tuple[str, ...], environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `kerncijfers` with these arguments, environment and working folder; never raises on a non-zero exit."""
    with tempfile.TemporaryDirectory() as scratch:
        out, err = Path(scratch) / "out", Path(scratch) / "err"
        process = _fork.Process(target=_command, args=(arguments, environment, folder, out, err))
        process.start()
        process.join(600)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["kerncijfers", *arguments], 600)
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _command(arguments: tuple[str, ...], environment: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    """In the forked process: become the command."""
    for file, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process lives
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["kerncijfers", *arguments]
    from orchestration.cli import app

    app()
