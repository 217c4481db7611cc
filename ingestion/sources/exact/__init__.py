"""Exact Online: the general ledger, open items and invoices of one division, through the sync endpoints.

Data flow: `resources.py` reads by row version and learns of deletes -> landing zone -> raw_exact -> staging/exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.exact.settings import TABLES, ExactSettings

if TYPE_CHECKING:
    from ingestion.sources.exact.resources import Exact


def _open(settings: ExactSettings, secrets: Mapping[str, str], folder: Path) -> Exact:
    from ingestion.sources.exact.resources import Exact  # noqa: PLC0415 (dlt takes a second to import)

    return Exact(settings, secrets, folder)


CONNECTOR = Connector(
    name="exact",
    title="Exact Online",
    settings=ExactSettings,
    secrets={
        "EXACT_CLIENT_ID": "the client id of your app",
        "EXACT_CLIENT_SECRET": "its client secret",
        "EXACT_REFRESH_TOKEN": "the refresh token of the first login, see the README",
    },
    tables=TABLES,
    open=_open,
)
