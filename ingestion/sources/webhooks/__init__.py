"""Webhooks: records that Zapier, Make, a survey tool or a program of one's own sends to us.

Data flow: `receiver.py` answers requests -> `spool.py`, one line a record, synced to disk before the answer ->
`resources.py` -> landing zone -> raw_webhooks -> staging/webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.webhooks.settings import TABLES, WebhookSettings

if TYPE_CHECKING:
    from ingestion.sources.webhooks.resources import Webhooks


def _open(settings: WebhookSettings, secrets: Mapping[str, str], folder: Path) -> Webhooks:
    from ingestion.sources.webhooks.resources import Webhooks  # noqa: PLC0415 (imported when it is needed)

    return Webhooks(settings, secrets, folder)


CONNECTOR = Connector(
    name="webhooks",
    title="Webhooks",
    settings=WebhookSettings,
    secrets={"WEBHOOKS_SECRET": "the key senders sign with: whsec_ and base64 of at least 24 bytes"},
    tables=TABLES,
    open=_open,
)
