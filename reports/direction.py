"""A text from data keeps its own direction: it never turns or hides what stands beside it.

Unicode has letters written from right to left, and characters nobody sees that turn whatever follows them. The latter
are taken out; a run of the former is put between marks that keep its direction inside.
"""

from __future__ import annotations

import re

_ISOLATE, _END = "\u2068", "\u2069"
# What turns a line around without being seen, and what is no character of a text at all.
_UNSEEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LETTERS = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_RUN = re.compile(f"[{_LETTERS}](?:[{_LETTERS}\\s.,'-]*[{_LETTERS}])?")


def kept(text: str) -> str:
    """The text, or a whole page, with what is written from right to left kept to itself."""
    return _RUN.sub(lambda found: f"{_ISOLATE}{found[0]}{_END}", _UNSEEN.sub("", text))
