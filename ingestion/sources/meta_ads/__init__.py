"""Meta Ads: spend per day and campaign of one ad account of Facebook and Instagram, through the Insights API.

Data flow: `resources.py` asks a month at a time -> landing zone -> raw_meta_ads -> staging/meta_ads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.meta_ads.settings import TABLES, MetaAdsSettings

if TYPE_CHECKING:
    from ingestion.sources.meta_ads.resources import MetaAds


def _open(settings: MetaAdsSettings, secrets: Mapping[str, str], _folder: Path) -> MetaAds:
    from ingestion.sources.meta_ads.resources import MetaAds  # noqa: PLC0415 (dlt takes a second to import)

    return MetaAds(settings, secrets)


CONNECTOR = Connector(
    name="meta_ads",
    title="Meta Ads",
    settings=MetaAdsSettings,
    secrets={"META_ACCESS_TOKEN": "the token of a system user, which does not expire"},
    tables=TABLES,
    open=_open,
)
