"""What the libraries log, kept as JSON lines without secrets and without what names a person.

One line holds `at`, `level`, `logger`, `message` and, for a defect, `error`. The files are rotated, so they stay small.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from orchestration.delivery import secrets

_BYTES, _FILES = 2_000_000, 3
# dlt keeps its own logger from the root, and writes to standard error when it has no handler.
_APART = "dlt"
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_NINE_DIGITS = re.compile(r"(?<![\w.,])\d{9}(?![\w]|[.,]\d)")
_PHONE = re.compile(r"(?<![\w.,-])(?:\+31|0031|0)[ -]?[1-9](?:[ -]?\d){8}(?!\w)")


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
    text = secrets.hide(text)
    text = _IBAN.sub(lambda found: f"{found[0][:4]}***", text)
    text = _PHONE.sub("***", text)
    return _NINE_DIGITS.sub(lambda found: "***" if _is_citizen(found[0]) else found[0], text)


def _is_citizen(digits: str) -> bool:
    """The test of eleven, which a Dutch citizen service number passes."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11 == 0
