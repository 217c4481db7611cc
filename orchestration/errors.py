"""Errors the person at the command line, or the reader of an alert, can act on."""

from __future__ import annotations

from ingestion.errors import SourceError


class KerncijfersError(Exception):
    """Something a person can solve: `str()` says what, where and what to do. Shown without a traceback."""

    exit_code = 1


class BusyError(KerncijfersError):
    """Another refresh of the same data folder is running."""

    exit_code = 75  # EX_TEMPFAIL: try again later


class GateError(KerncijfersError):
    """A data test failed or did not run, so nothing is published."""


def in_words(error: BaseException) -> BaseException | None:
    """The first error meant for people in a chain of causes, or None when it is a defect.

    Dagster and dlt wrap what was raised inside a step, so the sentence a person needs is usually a cause.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if isinstance(link, KerncijfersError | SourceError):
            return link
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return None
