"""What renders a page can reach nothing but the folder of the release it makes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from tests.conftest import ROOT

# The worker, without its charts, and with a renderer that does what it is told.
_WORKER = """
import importlib, os, pathlib, shutil, socket, subprocess, sys
import duckdb
from reports import sandbox, worker

def obey(folder, job):
    exec(job["code"])
    return []

worker.JOBS = {"report": obey}
importlib.import_module = lambda name: None
if sys.argv[1] == "python":
    sandbox.leave_the_network = lambda: False
    sandbox.write_only_in = lambda folder: False
if sys.argv[1] == "kernel":
    sandbox.refuse_elsewhere = lambda folder: None
    folder = pathlib.Path(sys.argv[2])
    if os.fork() == 0:  # to ask what this kernel can do is to be bound by it
        os._exit(0 if sandbox.leave_the_network() and sandbox.write_only_in(folder) else 1)
    if os.wait()[1]:
        sys.exit("this kernel does not do it")
worker.main()
"""

ALLOWED = {
    "a page": "(folder / 'a.html').write_text('page')",
    "a folder of pages": "(folder / 'pages').mkdir()",
    "a table read": "duckdb.connect(str(folder / 'released.duckdb'), read_only=True).sql('from numbers').fetchall()",
    "a file read elsewhere": "(folder.parent / 'template.j2').read_text()",
}
REFUSED = {
    "a connection": "socket.create_connection(('127.0.0.1', 9), timeout=1)",
    "a name looked up": "socket.getaddrinfo('kerncijfers.example', 443)",
    "another program": "subprocess.run(['true'], check=True)",
    "a file elsewhere": "(folder.parent / 'new.txt').write_text('x')",
    "a file changed elsewhere": "(folder.parent / 'template.j2').open('a').write('x')",
    "a way out by a link": "(folder / 'out').symlink_to(folder.parent); (folder / 'out' / 'new.txt').write_text('x')",
    "a file removed elsewhere": "(folder.parent / 'template.j2').unlink()",
    "a page moved out": "(folder / 'a.html').rename(folder.parent / 'a.html')",
    "a folder removed elsewhere": "shutil.rmtree(folder.parent / 'kept')",
}
# What Python's audit hook can't see.
REFUSED_BY_THE_KERNEL = {
    "a file of DuckDB elsewhere": "duckdb.connect().sql(f\"copy (select 1) to '{folder.parent}/new.csv'\")",
    "the connection DuckDB had before": "duckdb.sql(f\"copy (select 1) to '{folder.parent}/new.csv'\")",
    "a program of another library": "import ctypes; 1 / (ctypes.CDLL(None).system(b'true') == 0)",
}


class Worker(NamedTuple):
    """A process that renders in `folder`, behind one of the two walls only: `kernel` or `python`."""

    wall: str
    folder: Path
    process: subprocess.Popen[str]


@pytest.fixture(scope="module", params=["kernel", "python"])
def worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker, and beside its folder a file and a folder that are not its own."""
    folder = tmp_path_factory.mktemp("rendering") / "draft"
    folder.mkdir()
    (folder.parent / "template.j2").write_text("template", encoding="utf-8")
    (folder.parent / "kept").mkdir()
    with duckdb.connect(str(folder / "released.duckdb")) as connection:
        connection.execute("create table numbers as select 1 as number")
    command = [sys.executable, "-c", _WORKER, request.param, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Worker(request.param, folder, process)


def told(worker: Worker, code: str) -> dict[str, str]:
    """What the worker answers to a job that does this."""
    wall, folder, process = worker
    assert process.stdin and process.stdout
    try:
        process.stdin.write(json.dumps({"job": "report", "folder": str(folder), "code": code}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except BrokenPipeError:
        line = ""
    if not line and process.wait() == 1 and wall == "kernel":
        pytest.skip("this kernel has no Landlock or no namespaces: Python's part stands alone")
    return json.loads(line)


@pytest.mark.parametrize("code", ALLOWED.values(), ids=ALLOWED)
def test_a_renderer_reads_and_writes_its_pages(worker: Worker, code: str) -> None:
    assert told(worker, code) == {"files": []}


@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED)
def test_a_renderer_that_reaches_out_is_stopped(worker: Worker, code: str) -> None:
    wall, folder, _ = worker
    answer = told(worker, code)
    assert answer.get("kind") in {"PermissionError", "gaierror", "OSError"}, answer
    assert wall == "kernel" or "Rendering " in answer["error"]
    assert sorted(entry.name for entry in folder.parent.iterdir()) == ["draft", "kept", "template.j2"]
    assert (folder.parent / "template.j2").read_text(encoding="utf-8") == "template"


@pytest.mark.parametrize("worker", ["kernel"], indirect=True)
@pytest.mark.parametrize("code", REFUSED_BY_THE_KERNEL.values(), ids=REFUSED_BY_THE_KERNEL)
def test_a_library_that_is_not_python_is_stopped_by_the_kernel(worker: Worker, code: str) -> None:
    assert told(worker, code).get("kind") in {"IOException", "ConnectionException", "ZeroDivisionError"}
    assert sorted(entry.name for entry in worker.folder.parent.iterdir()) == ["draft", "kept", "template.j2"]


def test_doctor_says_who_keeps_rendering_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from orchestration import doctor
    from orchestration.paths import Paths

    paths = Paths(tmp_path / "data", tmp_path / "inbox", None)
    kept = {"the network": True, "other folders": False}
    assert doctor._rendering(paths).found.startswith(("the kernel keeps it off", "only Python's own guard"))
    monkeypatch.setattr(json, "loads", lambda _: kept)
    finding = doctor._rendering(paths)
    assert (finding.blocks, "from other folders, which" in finding.found, "Landlock" in finding.advice) == (
        False,
        True,
        True,
    )
