"""dbt as orchestration sees it: a parsed project (manifest) and one process that builds it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import duckdb
import yaml

from orchestration import dbt_worker, exposures, metrics_union, secrecy
from orchestration.errors import KerncijfersError
from orchestration.paths import DBT_PROJECT, PROJECT, Paths

BUILD = ("build", "--exclude-resource-type", "unit_test")
_PROJECT_FILES = ("*.sql", "*.py", "*.yml", "*.csv", "*.md")
_KEPT_PARSES = 3


@dataclass(frozen=True)
class _Waiting:
    """A dbt process that waits for its command, and the parse of the project it knows."""

    process: subprocess.Popen[bytes]
    cache: Path


_started: dict[Path, _Waiting] = {}


def fingerprint() -> str:
    """Changes when a file of the dbt project or dbt itself changes; then the project is parsed again, in full."""
    digest = hashlib.sha256(f"{version('dbt-core')} {version('dbt-duckdb')}".encode())
    for file in sorted(found for pattern in _PROJECT_FILES for found in DBT_PROJECT.rglob(pattern)):
        if "target" not in file.relative_to(DBT_PROJECT).parts:
            digest.update(str(file.relative_to(DBT_PROJECT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def start(paths: Paths, *, threads: int | None = None) -> subprocess.Popen[bytes]:
    """Starts the dbt process of one refresh; the same one when it was started before and not used yet.

    `threads` is how many DuckDB may use; by default as many as it finds.
    """
    waiting = _started.get(paths.data)
    if waiting is not None and waiting.process.poll() is None:
        return waiting.process
    _generate()
    cache = _cache()
    paths.logs.mkdir(parents=True, exist_ok=True)
    environment = secrecy.without_secrets(os.environ) | {
        "KERNCIJFERS_WAREHOUSE": str(paths.warehouse),
        "KERNCIJFERS_THREADS": str(threads or _threads()),
        "DBT_TARGET_PATH": str(paths.target),
        "DBT_LOG_PATH": str(paths.logs),
        "DBT_PROJECT_DIR": str(DBT_PROJECT),
        "DBT_PROFILES_DIR": str(DBT_PROJECT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.dbt_worker", str(cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=DBT_PROJECT,
    )
    _started[paths.data] = _Waiting(process, cache)
    return process


def build(paths: Paths, *, threads: int | None = None) -> subprocess.Popen[bytes]:
    """Lets the waiting process build and test every model; its JSON events come on `stdout`.

    `threads` is how many models are built at once and how many threads DuckDB uses; by default the profile's and all.
    Raises KerncijfersError when the project was changed since it was parsed for this refresh.
    """
    process, parsed = start(paths, threads=threads), manifest_file(paths)
    if _started[paths.data].cache != parsed.parent:
        stop(paths)
        raise KerncijfersError("A file of dbt_project was saved during the refresh. Start it again.")
    paths.target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(parsed, paths.target / dbt_worker.MANIFEST)
    _started.pop(paths.data)
    stdin = _pipe(process.stdin)
    arguments = BUILD if threads is None else (*BUILD, "--threads", str(threads))
    stdin.write(json.dumps(arguments).encode() + b"\n")
    stdin.flush()  # and left open: when this process is killed it closes, and the build stops with it
    return process


def _threads() -> int:
    """As many as DuckDB uses when it is left alone."""
    with duckdb.connect() as connection:
        [(threads,)] = connection.execute("select current_setting('threads')").fetchall()
    return threads


def _generate() -> None:
    """Brings up to date what follows from other files, before dbt reads the project."""
    metrics_union.write(DBT_PROJECT)
    exposures.write(PROJECT)


def stop(paths: Paths) -> None:
    """Ends a waiting dbt process that is not needed any more."""
    waiting = _started.pop(paths.data, None)
    if waiting is not None:
        waiting.process.kill()
        waiting.process.wait()


@cache
def manifest_file(paths: Paths) -> Path:
    """The parsed project. Read from the cache when no file of the project has changed since.

    Raises KerncijfersError with dbt's own message when the project does not parse.
    """
    _generate()
    folder = _cache()
    if paths.data in _started and _started[paths.data].cache != folder:
        stop(paths)  # a file was saved since it began to parse: it would never fill this folder
    if not (folder / dbt_worker.MANIFEST).is_file():
        only_for_this = paths.data not in _started
        process = start(paths)
        while process.poll() is None and not (folder / dbt_worker.MANIFEST).is_file():
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
        if not (folder / dbt_worker.MANIFEST).is_file():
            _started.pop(paths.data, None)
            output = _pipe(process.stdout).read().decode(errors="replace")
            raise KerncijfersError(f"The dbt project does not parse:\n{_unreadable_yaml() or errors_in(output)}")
        if only_for_this:
            stop(paths)
        _forget_old_parses(folder)
    return folder / dbt_worker.MANIFEST


def manifest(paths: Paths) -> dict[str, Any]:
    """The content of `manifest_file`."""
    return json.loads(manifest_file(paths).read_bytes())


def stopped(process: subprocess.Popen[bytes], said: str) -> str:
    """That a build ended without results, and why: what dbt said, or that it was ended as it did nothing any more."""
    if process.wait() == -signal.SIGALRM:
        said = "it did nothing for too long and was ended. Is there enough memory? Then start it again."
    return f"dbt stopped before it built anything: {said or 'it gave no reason'}"


def errors_in(output: str) -> str:
    """The error messages among dbt's JSON log lines; lines that are not JSON are kept as they are."""
    messages: list[str] = []
    for line in output.splitlines():
        try:
            info = json.loads(line)["info"]
        except (ValueError, KeyError, TypeError):
            messages.append(line)
        else:
            if info["level"] == "error":
                messages.append(info["msg"].partition("Traceback (most recent call last)")[0].strip())
    return "\n".join(messages).strip()


def _unreadable_yaml() -> str:
    """Which YAML file can't be read, and where: dbt names neither when a value is at fault, such as 30 February."""
    problems = []
    for file in sorted(DBT_PROJECT.rglob("*.yml")):
        try:
            yaml.load(file.read_text(encoding="utf-8"), _Reader)
        except (yaml.YAMLError, ValueError) as error:
            problems.append(f"{file.relative_to(DBT_PROJECT.parent)}: {error}")
    return "\n".join(problems)


class _Reader(yaml.SafeLoader):
    """Says at which line a value can't be read."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {getattr(node, 'value', '')}: {error}") from error


def _cache() -> Path:
    return PROJECT / ".data" / "dbt" / fingerprint()


def _forget_old_parses(current: Path) -> None:
    others = sorted(
        (folder for folder in current.parent.iterdir() if folder.is_dir() and len(folder.name) == len(current.name)),
        key=lambda folder: folder.stat().st_mtime,
    )
    for folder in others[:-_KEPT_PARSES]:
        shutil.rmtree(folder, ignore_errors=True)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # the process is started with pipes
    return stream
