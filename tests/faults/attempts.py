"""Tries one fault after another on small releases: `python -m tests.faults.attempts WORK PIPELINE FAULT:NUMBER...`.

PIPELINE says what is tried: `publication` starts from a build that is there, `refresh` loads files and builds models first.

Everything is imported once and each try is a fork, so a try takes a fraction of a second. Nothing here may write a file
before the fork: the shims (LD_PRELOAD) read their orders from the environment at their first file operation.

A try: two releases are there; a third is made with the fault in it; what readers see must be the whole old release or the
whole new one; then a refresh without fault must succeed by itself and leave nothing behind. One JSON line for each try.
"""

from __future__ import annotations

import ctypes
import datetime as library
import errno
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration import release
from orchestration.errors import in_words
from orchestration.paths import Paths
from orchestration.release import ledger, publication, verify, work
from tests.faults import stages
from tests.orchestration.conftest import leave_build

GOOD = {"every_account_is_mapped": "pass", "debit_equals_credit": "pass"}
OLD, NEW, NEXT = 200, 300, 400
_PAGE = "management.nl.html"
_STEPS = {"open", "os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "shutil.copyfile"}
_MEGABYTE = 1_000_000
_ENOUGH = 1 << 30
_SECONDS = 600
# How glibc ends a process that gets no memory for what a thread has of its own.
_NO_THREAD = 127
# Both changes of the clock in Amsterdam and the seconds around them, a leap day, a new year, ISO week 53.
MOMENTS = [
    *("2026-03-29T00:59:59+00:00", "2026-03-29T01:00:00+00:00", "2026-03-29T01:30:00+00:00"),
    *("2026-10-25T00:30:00+00:00", "2026-10-25T00:59:59+00:00", "2026-10-25T01:00:00+00:00"),
    *("2026-10-25T01:30:00+00:00", "2028-02-29T12:00:00+00:00", "2026-12-31T22:59:59+00:00"),
    *("2026-12-31T23:00:00+00:00", "2027-01-03T23:30:00+00:00"),
]
ZONES = ("UTC", "Europe/Amsterdam", "Pacific/Apia")


@dataclass(frozen=True)
class Pipeline:
    """Makes a release that shows a number, and says what a released folder has lost or doubled."""

    make: Callable[[Paths, int], None]
    unlike_the_files: Callable[[Path], list[str]]


def make(paths: Paths, revenue: int) -> None:
    """One whole refresh, without dbt."""
    with release.draft(paths, "a try"):
        stages.begins("build")
        leave_build(paths, GOOD, revenue)
        stages.begins("export")
        release.prepare(paths)
        (paths.draft / _PAGE).write_text(f"<html>{revenue}</html>", encoding="utf-8")
        stages.begins("publish")
        release.publish(paths, [_PAGE])


def shown(folder: Path) -> int:
    """The number a reader of a release sees, in the database and in the report alike."""
    with duckdb.connect(str(folder / release.DATABASE), read_only=True) as reader:
        [(value,)] = reader.sql("select numerator from metrics.metric_revenue_v1").fetchall()
    assert (folder / _PAGE).read_text(encoding="utf-8") == f"<html>{value}</html>"
    return value


def pipeline_named(name: str, folder: Path) -> Pipeline:
    """What a try makes releases with; `refresh` imports dbt and dlt, which takes seconds, and keeps its models in `folder`."""
    if name == "publication":
        return Pipeline(make, lambda _: [])
    from tests.faults import loading

    loading.prepare(folder)
    return Pipeline(loading.make, loading.unlike_the_files)


def kill_at(number: int, root: Path) -> None:
    """SIGKILL after the given file operation of any library; the shim in LD_PRELOAD does it."""
    os.environ |= {"KA_MATCH": str(root), "KA_AT": str(number), "KA_OUT": str(root.with_suffix(".operations"))}


def kill_instead(number: int, root: Path) -> None:
    """SIGKILL in place of the given file operation, of this process or of dbt's; the shim `failat` does it."""
    os.environ |= {"FAIL_UNDER": str(root), "FAIL_AT": str(number), "FAIL_WITH": "KILL"}


def count(number: int, root: Path) -> None:
    """No fault: the shim `failat` notes each file operation, of dbt's process too."""
    log = {"FAIL_LOG": str(root.with_suffix(".operations"))}
    os.environ |= {"FAIL_UNDER": str(root), "FAIL_AT": "0", "FAIL_WITH": "KILL"} | log


def kill_before(number: int, root: Path) -> None:
    """SIGKILL before the given step that changes a folder, which the shim does not see all of."""
    count = 0

    def watch(event: str, arguments: tuple) -> None:
        nonlocal count
        if event not in _STEPS or str(root) not in str(arguments[0]):
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def kill_at_random(number: int, root: Path) -> None:
    """SIGKILL at a moment nobody chose."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process at once, also within a library
    signal.setitimer(signal.ITIMER_REAL, random.Random(number).uniform(0.01, 0.5))


def fail_with(code: int) -> Callable[[int, Path], None]:
    """Every write from the given on fails; the shim in LD_PRELOAD does it."""

    def arm(number: int, root: Path) -> None:
        os.environ |= {"FAIL_UNDER": str(root), "FAIL_AT": str(number), "FAIL_WITH": str(code)}

    return arm


def little_memory(number: int, root: Path) -> None:
    """So many megabytes more than the process has now, and no more."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + number * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def clock_off(number: int, root: Path) -> None:
    """A clock that is so many hours wrong."""
    _set_clock(number * 3600)


def clock_at(number: int, root: Path) -> None:
    """A clock at a moment that is easily mistaken, in a zone of the machine that is not the company's."""
    moment, zone = MOMENTS[number % len(MOMENTS)], ZONES[number // len(MOMENTS) % len(ZONES)]
    os.environ["TZ"] = zone
    time.tzset()
    _set_clock(library.datetime.fromisoformat(moment).timestamp() - time.time())


def _set_clock(seconds: float) -> None:
    class Wrong(library.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + library.timedelta(seconds=seconds)

    for name, module in list(sys.modules.items()):
        if name.startswith("orchestration") and getattr(module, "datetime", None) is library.datetime:
            module.datetime = Wrong  # type: ignore[attr-defined]
    real = time.time
    time.time = lambda: real() + seconds


def in_stage(stage: str, arm: Callable[[int, Path], None]) -> Callable[[int, Path], None]:
    """The same fault, from the beginning of one stage on."""

    def armed(number: int, root: Path) -> None:
        stages.on(stage, lambda: arm(number, root))

    return armed


def fill_the_disk(number: int, root: Path) -> None:
    """So many kilobytes are left from now on."""
    disk = os.statvfs(root)
    _remount(root.parent, (disk.f_blocks - disk.f_bfree) * disk.f_frsize + number * 1024)


def nothing(number: int, root: Path) -> None:
    """No fault in the process: the surroundings are the fault."""


FAULTS: dict[str, Callable[[int, Path], None]] = {
    "count": count,
    "kill_at": kill_at,
    "kill_before": kill_before,
    "kill_at_random": kill_at_random,
    "disk_full_at": fail_with(errno.ENOSPC),
    "broken_disk_at": fail_with(errno.EIO),
    "disk_of_kilobytes": nothing,
    "megabytes_of_memory": little_memory,
    "clock_off_by_hours": clock_off,
    "clock_at": clock_at,
    "damaged_work_copy": nothing,
    "damaged_wal": nothing,
    "second_start": nothing,
    **{f"kill_in_{stage}": in_stage(stage, kill_instead) for stage in stages.STAGES},
    **{f"random_kill_in_{stage}": in_stage(stage, kill_at_random) for stage in stages.STAGES},
    **{f"disk_full_in_{stage}": in_stage(stage, fill_the_disk) for stage in stages.STAGES},
    **{f"broken_disk_in_{stage}": in_stage(stage, fail_with(errno.EIO)) for stage in stages.STAGES},
    **{f"little_memory_in_{stage}": in_stage(stage, little_memory) for stage in stages.STAGES},
}
_ON_A_DISK_OF_ITS_OWN = {"disk_of_kilobytes", *(f"disk_full_in_{stage}" for stage in stages.STAGES)}


def attempt(template: Path, pipeline: Pipeline, fault: str, number: int) -> dict[str, object]:
    """One try, from a fresh copy of two releases; `bad` says what should not have been."""
    root = template.with_name(f"{fault}-{number}")
    root.mkdir()
    if fault in _ON_A_DISK_OF_ITS_OWN:
        _small_disk(root, _size(template) + number * 1024 if fault == "disk_of_kilobytes" else _ENOUGH)
    shutil.copytree(template, root / "data", symlinks=True)
    paths = Paths(root / "data", root / "inbox", None)
    held = _hold(paths) if fault == "second_start" else None
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _doomed(paths, pipeline, fault, number, writer)
    os.close(writer)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(reader, encoding="utf-8") as pipe:
        told = pipe.read()
    if held:
        os.kill(held, signal.SIGKILL)
        os.waitpid(held, 0)
    if fault in _ON_A_DISK_OF_ITS_OWN:
        _remount(root, _ENOUGH)
    killed = os.WIFSIGNALED(status) or ("memory" in fault and os.WEXITSTATUS(status) == _NO_THREAD)
    published = not killed and os.WEXITSTATUS(status) == 0
    bad = _judge(paths, pipeline, fault, told, killed=killed, published=published)
    if not bad:
        shutil.rmtree(root, ignore_errors=True)
    return {"fault": fault, "number": number, "killed": killed, "published": published, "told": told, "bad": bad}


def _doomed(paths: Paths, pipeline: Pipeline, fault: str, number: int, pipe: int) -> None:
    """In the process that the fault is for. Says what went wrong as a person would be told; never returns."""
    code = 1
    try:
        FAULTS[fault](number, paths.data)
        work._require_space = lambda _: None  # the fault is that it runs out later
        if fault == "damaged_work_copy":
            _damage_the_build(number)
        if fault == "damaged_wal":
            stages.on("export", lambda: _leave_a_damaged_wal(paths, number))
        pipeline.make(paths, NEW)
        if fault == "count":
            os.write(pipe, json.dumps(stages.counts(Path(os.environ["FAIL_LOG"]))).encode())
        code = 0
    except BaseException as error:
        clear = in_words(error)
        os.write(pipe, (str(clear) if clear else f"DEFECT {type(error).__name__}: {error}").encode()[:4000])
    os._exit(code)


def _damage_the_build(number: int) -> None:
    """Flips one bit of the built warehouse, or cuts it, after the build and before anything reads it."""
    prepare = release.prepare

    def damaged(paths: Paths) -> dict:
        content = bytearray(paths.warehouse.read_bytes())
        place = random.Random(number).randrange(12288, len(content))
        if number % 3 == 0:
            content[place] ^= 1 << number % 8
        elif number % 3 == 1:
            content[place - place % 4096 : place - place % 4096 + 4096] = bytes(4096)
        else:
            del content[place:]
        paths.warehouse.write_bytes(content)
        return prepare(paths)

    release.prepare = damaged


def _leave_a_damaged_wal(paths: Paths, number: int) -> None:
    """What a build leaves that is cut off before its last checkpoint: a write-ahead log, and not all of it."""
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute("pragma disable_checkpoint_on_shutdown; set checkpoint_threshold = '1GB'")
        for place in range(40):
            warehouse.execute(f"create table raw_xaf.late_{place} as select range as line from range(200)")
    file = paths.warehouse.with_name(f"{paths.warehouse.name}.wal")
    content = bytearray(file.read_bytes())
    place = random.Random(number).randrange(16, len(content))
    if number % 3 == 0:
        del content[place:]
    elif number % 3 == 1:
        content[place : place + 512] = bytes(len(content[place : place + 512]))
    else:
        content[place : place + 64] = random.Random(number).randbytes(len(content[place : place + 64]))
    file.write_bytes(content)


def _judge(paths: Paths, pipeline: Pipeline, fault: str, told: str, *, killed: bool, published: bool) -> list[str]:
    bad: list[str] = []
    try:
        folder = release.current_release(paths)
        if folder is None:
            return ["there is no current release"]
        seen = shown(folder)
        signed = verify.findings(folder)
        verify.signer(folder)
        if (folder.name, seen) not in (("000002", OLD), ("000003", NEW)):
            bad.append(f"release {folder.name} shows {seen}")
        if signed[0] or signed[2]:
            bad.append(f"half published: {signed[0] or signed[2]}")
        if published and seen != NEW:
            bad.append("it said it published, and did not")
        ends = killed and ("kill" in fault or "memory" in fault)  # Arrow ends a process that gets no memory
        if not published and (not told or told.startswith("DEFECT")) and not ends:
            bad.append(f"no words for it: {told or 'silence'}")
        bad += pipeline.unlike_the_files(folder)
        before = folder.name
        pipeline.make(paths, NEXT)
        folder = release.current_release(paths)
        assert folder is not None
        number = f"{int(before) + 1:06d}"
        if (folder.name, shown(folder)) != (number, NEXT):
            bad.append(f"the next refresh left {folder.name} showing {shown(folder)}")
        bad += publication.problems(paths, folder)
        bad += pipeline.unlike_the_files(folder)
        events = [(entry["event"], entry["release"]) for entry in ledger.entries(paths)]
        if events != [("published", f"{place:06d}") for place in range(1, int(number) + 1)]:
            bad.append(f"the ledger says {events}")
        bad += _left_behind(paths, int(number))
    except Exception as error:
        bad.append(f"{type(error).__name__}: {error}")
    return bad


def _left_behind(paths: Paths, releases: int) -> list[str]:
    known = {
        ".lock",
        "current",
        "keys",
        "last_refresh.json",
        "ledger.jsonl",
        "logs",
        "releases",
        "sources",
        "warehouse",
    }
    numbers = {f"{place:06d}" for place in range(1, releases + 1)}
    left = {entry.name for entry in paths.data.iterdir()} - known
    left |= {entry.name for entry in paths.releases.iterdir()} - numbers
    left |= {entry.name for entry in paths.warehouses.iterdir() if entry.name.split(".")[0] not in numbers}
    return [f"left behind: {sorted(left)}"] if left else []


def _hold(paths: Paths) -> int:
    """Another refresh that is going on; returns its process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with release.locked(paths, "the schedule"):
            os.write(writer, b"held")
            time.sleep(60)
        os._exit(0)
    os.read(reader, 4)
    return child


def _small_disk(root: Path, size: int) -> None:
    """A file system of its own, of so many bytes, which ends with this process."""
    library = ctypes.CDLL(None, use_errno=True)
    new_namespace, private = 0x00020000, 1 << 18 | 1 << 14
    if library.unshare(new_namespace) or library.mount(b"none", b"/", None, private, None):
        raise OSError(ctypes.get_errno(), "no mount namespace")
    if library.mount(b"tmpfs", str(root).encode(), b"tmpfs", 0, f"size={size}".encode()):
        raise OSError(ctypes.get_errno(), "no tmpfs")


def _remount(root: Path, size: int) -> None:
    library, remount = ctypes.CDLL(None, use_errno=True), 32
    if library.mount(b"tmpfs", str(root).encode(), b"tmpfs", remount, f"size={size}".encode()):
        raise OSError(ctypes.get_errno(), "the file system can't be given another size")


def _size(folder: Path) -> int:
    page = 4096
    sizes = [entry.lstat().st_size for entry in folder.rglob("*")]
    return sum((size + page - 1) // page * page + page for size in sizes)


def main(work_folder: Path, name: str, tries: list[str]) -> None:
    """Forks one process for each try and prints what it found."""
    template = work_folder / name
    pipeline = pipeline_named(name, work_folder)
    if not template.is_dir():
        if os.fork() == 0:  # so that no thread of dbt or dlt runs here when the tries fork
            paths = Paths(template, work_folder / "inbox", None)
            try:
                pipeline.make(paths, 100)
                pipeline.make(paths, OLD)
                os._exit(0)
            except Exception:
                traceback.print_exc()
                os._exit(1)
        if os.wait()[1]:
            sys.exit("no release to begin with")
    for one in tries:
        child = os.fork()
        if child == 0:
            signal.alarm(_SECONDS)  # a try that hangs is a bad one
            fault, _, number = one.partition(":")
            print(json.dumps(attempt(template, pipeline, fault, int(number))), flush=True)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(f"{one} came to no end")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
