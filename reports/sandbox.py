"""Takes from this process what rendering has no need of: the network, other programs, and writing outside one folder.

The kernel does so where it can: Linux has namespaces, for a network without a way out, and Landlock, for files, which
also bind libraries that are not Python. An audit hook does so everywhere, for all that Python code does.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET

# Landlock's system calls have these numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38
_EXECUTE, _WRITE_FILE, _READ = 1 << 0, 1 << 1, 1 << 2 | 1 << 3
# The rights over files that a version of Landlock knows, and since which it guards TCP.
_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
_TCP_SINCE = 4

_PROGRAMS = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
}
_CHANGES = {
    "os.chmod",
    "os.chown",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "os.utime",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def leave_the_network() -> bool:
    """Gives this process a network of its own in which there is nothing. False where the kernel does not allow that.

    To be called before there are threads, and for a person who is not root also before a file is opened for others.
    """
    if sys.platform != "linux":
        return False
    kinds = _NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USERS
    return ctypes.CDLL(None).unshare(kinds) == 0


def confine(folder: Path) -> bool:
    """From now on this process writes in `folder` only, starts no program, and opens no connection.

    Returns whether the kernel sees to it. If not, only what Python code does is refused, with PermissionError. What
    threads do that run already is beyond the kernel's part.
    """
    guarded = write_only_in(folder)
    refuse_elsewhere(folder)
    return guarded


def write_only_in(folder: Path) -> bool:
    """The kernel's part, Landlock: nothing is written, made or removed but in `folder`, no program, no TCP."""
    if sys.platform != "linux":
        return False
    kernel = ctypes.CDLL(None, use_errno=True)
    version = kernel.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return False
    known = max(count for since, count in _RIGHTS.items() if since <= version)
    files = ((1 << known) - 1) & ~_READ
    rules = _Ruleset(files, 0b11 if version >= _TCP_SINCE else 0)
    size = ctypes.sizeof(rules) if version >= _TCP_SINCE else ctypes.sizeof(ctypes.c_uint64)
    ruleset = kernel.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for place, allowed in ((folder, files & ~_EXECUTE), (Path(os.devnull), _WRITE_FILE)):
            with _opened(place) as handle:
                rule = _Beneath(allowed, handle)
                if kernel.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0):
                    return False
        return kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and kernel.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def refuse_elsewhere(folder: Path) -> None:
    """Python's part: PermissionError, with what was tried, for a connection, a program, or a change elsewhere."""
    home = folder.resolve()

    def is_elsewhere(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a file that is open already, or the flag of a call
        place = Path(os.fsdecode(path))
        return place != Path(os.devnull) and not (place.parent.resolve() / place.name).is_relative_to(home)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith("socket.") or event in _PROGRAMS:
            raise PermissionError(f"Rendering reaches no network and starts no program: {event} {arguments!r:.200}")
        if event == "open":
            _, _, flags = arguments
            changed = arguments[:1] if isinstance(flags, int) and flags & _WRITING else ()
        else:
            changed = arguments if event in _CHANGES else ()
        if any(is_elsewhere(path) for path in changed):
            raise PermissionError(f"Rendering writes in {home} only: {event} {arguments!r:.200}")

    sys.addaudithook(watch)


@contextmanager
def _opened(place: Path) -> Iterator[int]:
    handle = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


if __name__ == "__main__":  # what the kernel does here, as JSON; `kerncijfers doctor` asks
    sys.stdout.write(json.dumps({"the network": leave_the_network(), "other folders": write_only_in(Path.cwd())}))
