"""Google Analytics 4: visits per day and channel and visitors per period, through the Data API.

Data flow: `resources.py` asks a month at a time -> landing zone -> raw_ga4 -> staging/ga4.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.ga4.settings import TABLES, Ga4Settings

if TYPE_CHECKING:
    from ingestion.sources.ga4.resources import Ga4


def _open(settings: Ga4Settings, secrets: Mapping[str, str], _folder: Path) -> Ga4:
    from ingestion.sources.ga4.resources import Ga4  # noqa: PLC0415 (dlt takes a second to import)

    return Ga4(settings, secrets)


CONNECTOR = Connector(
    name="ga4",
    title="Google Analytics 4",
    settings=Ga4Settings,
    secrets={"GOOGLE_KEY_FILE": "the path of the service account's key file (JSON)"},
    tables=TABLES,
    open=_open,
)
