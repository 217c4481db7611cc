"""WooCommerce: orders and refunds of one shop, through its REST API.

Data flow: `resources.py` reads by `date_modified_gmt` -> landing zone -> raw_woocommerce -> staging/woocommerce.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.woocommerce.settings import TABLES, WooCommerceSettings

if TYPE_CHECKING:
    from ingestion.sources.woocommerce.resources import WooCommerce


def _open(settings: WooCommerceSettings, secrets: Mapping[str, str], _folder: Path) -> WooCommerce:
    from ingestion.sources.woocommerce.resources import WooCommerce  # noqa: PLC0415 (dlt takes a second to import)

    return WooCommerce(settings, secrets)


CONNECTOR = Connector(
    name="woocommerce",
    title="WooCommerce",
    settings=WooCommerceSettings,
    secrets={
        "WOOCOMMERCE_KEY": "the consumer key, ck_...",
        "WOOCOMMERCE_SECRET": "the consumer secret, cs_...",
    },
    tables=TABLES,
    open=_open,
)
