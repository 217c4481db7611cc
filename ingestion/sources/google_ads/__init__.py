"""Google Ads: cost per day and campaign of one account, through the Google Ads API.

Data flow: `resources.py` asks a month at a time -> landing zone -> raw_google_ads -> staging/google_ads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.google_ads.settings import TABLES, GoogleAdsSettings

if TYPE_CHECKING:
    from ingestion.sources.google_ads.resources import GoogleAds


def _open(settings: GoogleAdsSettings, secrets: Mapping[str, str], _folder: Path) -> GoogleAds:
    from ingestion.sources.google_ads.resources import GoogleAds  # noqa: PLC0415 (dlt takes a second to import)

    return GoogleAds(settings, secrets)


CONNECTOR = Connector(
    name="google_ads",
    title="Google Ads",
    settings=GoogleAdsSettings,
    secrets={
        "GOOGLE_KEY_FILE": "the path of the service account's key file (JSON)",
        "GOOGLE_ADS_DEVELOPER_TOKEN": "the developer token of the manager account",
    },
    tables=TABLES,
    open=_open,
)
