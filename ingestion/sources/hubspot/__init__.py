"""HubSpot: deals and tickets of one portal, through the CRM search API.

Data flow: `resources.py` reads by last change, and lists what was archived -> landing zone -> raw_hubspot ->
staging/hubspot.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.hubspot.settings import TABLES, HubSpotSettings

if TYPE_CHECKING:
    from ingestion.sources.hubspot.resources import HubSpot


def _open(settings: HubSpotSettings, secrets: Mapping[str, str], _folder: Path) -> HubSpot:
    from ingestion.sources.hubspot.resources import HubSpot  # noqa: PLC0415 (dlt takes a second to import)

    return HubSpot(settings, secrets)


CONNECTOR = Connector(
    name="hubspot",
    title="HubSpot",
    settings=HubSpotSettings,
    secrets={"HUBSPOT_TOKEN": "a service key, or the token of an existing private app"},
    tables=TABLES,
    open=_open,
)
