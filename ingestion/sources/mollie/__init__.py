"""Mollie: payments, refunds and what Mollie charged, through its API.

Data flow: `resources.py` reads the newest first, until where it was -> landing zone -> raw_mollie -> staging/mollie.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.mollie.settings import TABLES, MollieSettings

if TYPE_CHECKING:
    from ingestion.sources.mollie.resources import Mollie


def _open(settings: MollieSettings, secrets: Mapping[str, str], _folder: Path) -> Mollie:
    from ingestion.sources.mollie.resources import Mollie  # noqa: PLC0415 (dlt takes a second to import)

    return Mollie(settings, secrets)


CONNECTOR = Connector(
    name="mollie",
    title="Mollie",
    settings=MollieSettings,
    secrets={"MOLLIE_ACCESS_TOKEN": "an organisation access token, access_..."},
    tables=TABLES,
    open=_open,
)
