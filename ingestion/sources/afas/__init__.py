"""AFAS Profit: the ledger of one administration, through GetConnectors.

Data flow: `resources.py` reads a period as a whole, compares it with AFAS's own balance -> landing zone -> raw_afas ->
staging/afas.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.afas.settings import TABLES, AfasSettings

if TYPE_CHECKING:
    from ingestion.sources.afas.resources import Afas


def _open(settings: AfasSettings, secrets: Mapping[str, str], _folder: Path) -> Afas:
    from ingestion.sources.afas.resources import Afas  # noqa: PLC0415 (dlt takes a second to import)

    return Afas(settings, secrets)


CONNECTOR = Connector(
    name="afas",
    title="AFAS Profit",
    settings=AfasSettings,
    secrets={"AFAS_TOKEN": "the token of the app connector, <token>...</token>"},
    tables=TABLES,
    open=_open,
)
