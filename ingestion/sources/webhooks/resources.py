"""Reads the spool of received messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ingestion.connect.connector import Page
from ingestion.connect.http import Clock
from ingestion.sources.webhooks import receiver
from ingestion.sources.webhooks import spool as spools
from ingestion.sources.webhooks.settings import REFUSALS, WebhookSettings

_PART = 4_000_000


class Webhooks:
    """What was received."""

    def __init__(self, settings: WebhookSettings, secrets: Mapping[str, str], folder: Path) -> None:
        self._settings, self._secret = settings, secrets["WEBHOOKS_SECRET"]
        self._spool = spools.of(folder)

    def now(self) -> float:
        """The moment."""
        return Clock().now()

    def check(self) -> str:
        """Who may send, when the key is one."""
        receiver.key(self._secret)
        senders = ", ".join(f"{name} ({sender.entity})" for name, sender in self._settings.senders.items())
        return f"may send: {senders or 'nobody yet, name senders in company.toml'}"

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Messages after the position."""
        place = position or {"file": "", "offset": 0}
        for messages, file, offset in self._spool.read(place["file"], place["offset"], _PART):
            found = [message for message in messages if message.get("entity", REFUSALS) == table]
            aliased = [message for message in found if spools.is_aliased(message)]
            known = [message for message in found if not spools.is_aliased(message)]
            yield Page(known, {"file": file, "offset": offset}, aliased=aliased)

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Nobody says how many messages there should be."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """A sender says itself that a record is gone."""
        return
