"""What the libraries log, kept as JSON lines without secrets and without what names a person.

One line holds `at`, `level`, `logger`, `message` and, for a defect, `error`. The files are rotated, so they stay small.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from orchestration.delivery import secrets
from reports import masking

_BYTES, _FILES = 2_000_000, 3
# dlt keeps its own logger from the root, and writes to standard error when it has no handler.
_APART = "dlt"


def to(file: Path) -> None:
    """Sends what is logged from now on to a file: the person at the terminal reads steps, not logs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = _File(file, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8")
    root, apart = logging.getLogger(), logging.getLogger(_APART)
    for logger in (root, apart):
        for existing in logger.handlers[:]:
            logger.removeHandler(existing)
        logger.addHandler(handler)
    root.setLevel(logging.INFO)
    apart.propagate = False


class _File(RotatingFileHandler):
    """Cleans whatever formatter a library gives it: dlt takes over the first handler it finds."""

    def format(self, record: logging.LogRecord) -> str:
        return _LINES.format(record)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, cleaned."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": clean(record.getMessage()),
        }
        if record.exc_info:
            told["error"] = clean(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


_LINES = JsonLines()


def clean(text: str) -> str:
    """A text without the secrets of this environment, mail addresses, bank accounts, citizen and telephone numbers."""
    return masking.identifiers(secrets.hide(text), _kept)


def _kept(found: str) -> str:
    """Of an account its country and check digits, for who looks for it; of other numbers nothing."""
    return f"{found[:4]}***" if found[0].isalpha() else "***"
