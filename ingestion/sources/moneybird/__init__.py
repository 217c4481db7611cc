"""Moneybird: what every ledger account moved in every month, through its general ledger report.

Data flow: `resources.py` asks one month at a time -> landing zone -> raw_moneybird -> staging/moneybird.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.moneybird.settings import TABLES, MoneybirdSettings

if TYPE_CHECKING:
    from ingestion.sources.moneybird.resources import Moneybird


def _open(settings: MoneybirdSettings, secrets: Mapping[str, str], _folder: Path) -> Moneybird:
    from ingestion.sources.moneybird.resources import Moneybird  # noqa: PLC0415 (dlt takes a second to import)

    return Moneybird(settings, secrets)


CONNECTOR = Connector(
    name="moneybird",
    title="Moneybird",
    settings=MoneybirdSettings,
    secrets={"MONEYBIRD_TOKEN": "a personal API token with the permission for bank"},
    tables=TABLES,
    open=_open,
)
