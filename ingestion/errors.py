"""Errors of the ingestion layer, in words a controller understands."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

_LONGEST = 1_200
_ENDLESS = re.compile(r"(\S{80})\S{80,}")


def legible(text: str) -> str:
    """What a source gave, so that a message with it can be read: characters nobody sees by their number, and not all of
    a text that has no end."""
    seen = "".join(letter if _is_seen(letter) else f"\\u{ord(letter):04x}" for letter in text)
    seen = _ENDLESS.sub(r"\1…", seen)
    return seen if len(seen) <= _LONGEST else f"{seen[: _LONGEST - 400]} … {seen[-400:]}"


def _is_seen(letter: str) -> bool:
    return letter.isprintable() or letter == "\n" or unicodedata.category(letter) == "Zs"


class SourceError(Exception):
    """Input that can't be loaded as it is. Nothing of it is kept.

    `message` says what is wrong; the other arguments say where (file, line, column, value) and what to do
    (`advice`). `str()` joins them to the one message that is shown.
    """

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = Path(file).name if file is not None else None
        self.line = line
        self.column = column
        self.value = value
        self.advice = advice

    def __str__(self) -> str:
        place = [
            self.file or "",
            f"line {self.line}" if self.line is not None else "",
            f"column {self.column}" if self.column is not None else "",
            f"value {self.value!r}" if self.value is not None else "",
        ]
        where = ", ".join(part for part in place if part)
        sentences = [legible(f"{where}: {self.message}" if where else self.message)]
        if self.advice:
            sentences.append(self.advice)
        return " ".join(sentences)
