"""Errors the person at the command line, or the reader of an alert, can act on."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterable

from ingestion.errors import SourceError

# What DuckDB says of a file that another process has open.
_HELD = re.compile(r'Could not set lock on file "([^"]+)": Conflicting lock is held( in .+? \(PID \d+\))?')
# DuckDB says the second of a commit that gets no memory.
_NO_MEMORY = re.compile(f"Out of Memory|bad allocation|{re.escape(os.strerror(errno.ENOMEM))}")


class KerncijfersError(Exception):
    """Something a person can solve: `str()` says what, where and what to do. Shown without a traceback."""

    exit_code = 1


class BusyError(KerncijfersError):
    """Another refresh of the same data folder is running."""

    exit_code = 75  # EX_TEMPFAIL: try again later


class GateError(KerncijfersError):
    """A data test failed or did not run, so nothing is published."""


def did_you_mean(asked: str, known: Iterable[str]) -> str:
    """A sentence with the names that look like what was asked for, for behind another; empty when none does."""
    close = difflib.get_close_matches(asked, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def in_words(error: BaseException) -> BaseException | None:
    """The first error meant for people in a chain of causes, or None when it is a defect.

    Dagster and dlt wrap what was raised inside a step, so the sentence a person needs is usually a cause.
    """
    seen: set[int] = set()
    machine: KerncijfersError | None = None
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, KerncijfersError | SourceError):
            return link
        machine = machine or _of_the_machine(link)
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return machine


def _of_the_machine(error: BaseException) -> KerncijfersError | None:
    """What a full or broken disk, or too little memory, means to a person, whichever library met it first."""
    code = error.errno if isinstance(error, OSError) else None
    text = str(error)
    if code in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in text:
        return KerncijfersError(
            f"The disk is full: {text}. The last good release is still there. Free some space and refresh again; "
            "nothing needs to be cleaned up by hand."
        )
    if code in (errno.EIO, errno.EROFS) or os.strerror(errno.EIO) in text:
        return KerncijfersError(
            f"The disk does not do what it should: {text}. The last good release is still there. Have the disk looked "
            "at, or choose another one with --data."
        )
    if isinstance(error, MemoryError) or _NO_MEMORY.search(text):
        return KerncijfersError(
            "There is not enough memory to finish this. The last good release is still there. Close other programs, or "
            "give the machine more memory, and refresh again."
        )
    if held := _HELD.search(text):
        return KerncijfersError(
            f"Another program has {held[1]} open{held[2] or ''}. Nothing was changed, and the last good release is"
            " still there. Close that program, or let it open the file read-only, and try again."
        )
    if any(words in text for words in ("Corrupt database file", "Could not read enough bytes", "replaying WAL file")):
        return KerncijfersError(
            f"A database file is damaged: {text}. Nothing is published from it, and the last good release is still "
            "there. Refresh again; when it happens again, have the disk looked at."
        )
    return None
