"""Tries one fault after another on small releases: `python -m tests.faults.attempts WORK FAULT NUMBER...`.

Everything is imported once and each try is a fork, so a try takes a fraction of a second. Nothing here may write a file
before the fork: the shims (LD_PRELOAD) read their orders from the environment at their first file operation.

A try: two releases are there; a third is made with the fault in it; what readers see must be the whole old release or the
whole new one; then a refresh without fault must succeed by itself and leave nothing behind. One JSON line for each try.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration import release
from orchestration.errors import in_words
from orchestration.paths import Paths
from orchestration.release import ledger, publication, verify, work
from tests.orchestration.conftest import leave_build

GOOD = {"every_account_is_mapped": "pass", "debit_equals_credit": "pass"}
OLD, NEW, NEXT = 200, 300, 400
_PAGE = "management.nl.html"
_STEPS = {"open", "os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "shutil.copyfile"}
_MEGABYTE = 1_000_000


def make(paths: Paths, revenue: int) -> None:
    """One whole refresh, without dbt."""
    with release.draft(paths, "a try"):
        leave_build(paths, GOOD, revenue)
        release.prepare(paths)
        (paths.draft / _PAGE).write_text(f"<html>{revenue}</html>", encoding="utf-8")
        release.publish(paths, [_PAGE])


def shown(folder: Path) -> int:
    """The number a reader of a release sees, in the database and in the report alike."""
    with duckdb.connect(str(folder / release.DATABASE), read_only=True) as reader:
        [(value,)] = reader.sql("select numerator from metrics.metric_revenue_v1").fetchall()
    assert (folder / _PAGE).read_text(encoding="utf-8") == f"<html>{value}</html>"
    return value


def kill_at(number: int, root: Path) -> None:
    """SIGKILL after the given file operation of any library; the shim in LD_PRELOAD does it."""
    os.environ |= {"KA_MATCH": str(root), "KA_AT": str(number), "KA_OUT": str(root.with_suffix(".operations"))}


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
    import datetime as library

    class Wrong(library.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + library.timedelta(hours=number)

    for name, module in list(sys.modules.items()):
        if name.startswith("orchestration") and getattr(module, "datetime", None) is library.datetime:
            module.datetime = Wrong  # type: ignore[attr-defined]


def nothing(number: int, root: Path) -> None:
    """No fault in the process: the surroundings are the fault."""


FAULTS: dict[str, Callable[[int, Path], None]] = {
    "kill_at": kill_at,
    "kill_before": kill_before,
    "kill_at_random": kill_at_random,
    "disk_full_at": fail_with(errno.ENOSPC),
    "broken_disk_at": fail_with(errno.EIO),
    "disk_of_kilobytes": nothing,
    "megabytes_of_memory": little_memory,
    "clock_off_by_hours": clock_off,
    "damaged_work_copy": nothing,
    "second_start": nothing,
}
# After these a person reads why nothing was published.
_IN_WORDS = {
    "disk_full_at",
    "disk_of_kilobytes",
    "broken_disk_at",
    "second_start",
    "megabytes_of_memory",
    "damaged_work_copy",
}


def attempt(template: Path, fault: str, number: int) -> dict[str, object]:
    """One try, from a fresh copy of two releases; `bad` says what should not have been."""
    root = template.with_name(f"{fault}-{number}")
    root.mkdir()
    if fault == "disk_of_kilobytes":
        _small_disk(root, _size(template) + number * 1024)
    shutil.copytree(template, root / "data", symlinks=True)
    paths = Paths(root / "data", root / "inbox", None)
    held = _hold(paths) if fault == "second_start" else None
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _doomed(paths, fault, number, writer)
    os.close(writer)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(reader, encoding="utf-8") as pipe:
        told = pipe.read()
    if held:
        os.kill(held, signal.SIGKILL)
        os.waitpid(held, 0)
    if fault == "disk_of_kilobytes":
        _remount(root)
    killed = os.WIFSIGNALED(status)
    published = not killed and os.WEXITSTATUS(status) == 0
    bad = _judge(paths, fault, told, published=published)
    if not bad:
        shutil.rmtree(root, ignore_errors=True)
    return {"number": number, "killed": killed, "published": published, "told": told, "bad": bad}


def _doomed(paths: Paths, fault: str, number: int, pipe: int) -> None:
    """In the process that the fault is for. Says what went wrong as a person would be told; never returns."""
    code = 1
    try:
        FAULTS[fault](number, paths.data)
        work._require_space = lambda _: None  # the fault is that it runs out later
        if fault == "damaged_work_copy":
            _damage_the_build(number)
        make(paths, NEW)
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


def _judge(paths: Paths, fault: str, told: str, *, published: bool) -> list[str]:
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
        if not published and fault in _IN_WORDS and (not told or told.startswith("DEFECT")):
            bad.append(f"no words for it: {told or 'silence'}")
        before = folder.name
        make(paths, NEXT)
        folder = release.current_release(paths)
        assert folder is not None
        number = f"{int(before) + 1:06d}"
        if (folder.name, shown(folder)) != (number, NEXT):
            bad.append(f"the next refresh left {folder.name} showing {shown(folder)}")
        bad += publication.problems(paths, folder)
        events = [(entry["event"], entry["release"]) for entry in ledger.entries(paths)]
        if events != [("published", f"{place:06d}") for place in range(1, int(number) + 1)]:
            bad.append(f"the ledger says {events}")
        bad += _left_behind(paths, int(number))
    except Exception as error:
        bad.append(f"{type(error).__name__}: {error}")
    return bad


def _left_behind(paths: Paths, releases: int) -> list[str]:
    known = {".lock", "current", "keys", "last_refresh.json", "ledger.jsonl", "logs", "releases", "warehouse"}
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


def _remount(root: Path) -> None:
    remount = 32
    ctypes.CDLL(None).mount(b"tmpfs", str(root).encode(), b"tmpfs", remount, b"size=1g")


def _size(folder: Path) -> int:
    page = 4096
    sizes = [entry.lstat().st_size for entry in folder.rglob("*")]
    return sum((size + page - 1) // page * page + page for size in sizes)


def main(work_folder: Path, fault: str, numbers: list[int]) -> None:
    """Forks one process for each try and prints what it found."""
    template = work_folder / "template"
    if not template.is_dir():
        paths = Paths(template, work_folder / "inbox", None)
        make(paths, 100)
        make(paths, OLD)
        return
    for number in numbers:
        child = os.fork()
        if child == 0:
            print(json.dumps(attempt(template, fault, number)), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], [int(number) for number in sys.argv[3:]])
