"""What a scope is called: `channel:google_ads` is a channel, Google ads."""

from __future__ import annotations

from collections.abc import Mapping

LONGEST = 80


def part_name(scope: str) -> str:
    """The name in a scope, without its kind: Google ads. Of one that is no name, but a whole text, the beginning."""
    name = " ".join(scope.partition(":")[2].replace("_", " ").split())
    return shortened(name[:1].upper() + name[1:])


def shortened(name: str) -> str:
    """A name that fits in a table."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"


def scope_name(scope: str, texts: Mapping[str, str]) -> str:
    """A scope in words, with its kind where a language has a word for it."""
    kind, _, name = scope.partition(":")
    if not name:
        return texts["scope_total"] if scope == "total" else scope
    words = texts.get(f"scope_{kind}")
    return words.format(name=part_name(scope)) if words else part_name(scope)
