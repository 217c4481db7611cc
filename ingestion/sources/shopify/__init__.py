"""Shopify: orders, refunds and customers of one shop, through the GraphQL Admin API.

Data flow: `resources.py` reads by `updatedAt` -> landing zone -> raw_shopify -> staging/shopify.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.shopify.settings import TABLES, ShopifySettings

if TYPE_CHECKING:
    from ingestion.sources.shopify.resources import Shopify


def _open(settings: ShopifySettings, secrets: Mapping[str, str], _folder: Path) -> Shopify:
    from ingestion.sources.shopify.resources import Shopify  # noqa: PLC0415 (dlt takes a second to import)

    return Shopify(settings, secrets)


CONNECTOR = Connector(
    name="shopify",
    title="Shopify",
    settings=ShopifySettings,
    secrets={
        "SHOPIFY_ACCESS_TOKEN": "the token of an existing custom app, shpat_...",
        "SHOPIFY_CLIENT_ID": "the client id of an app in the Dev Dashboard",
        "SHOPIFY_CLIENT_SECRET": "its client secret",
    },
    optional_secrets=frozenset({"SHOPIFY_ACCESS_TOKEN", "SHOPIFY_CLIENT_ID", "SHOPIFY_CLIENT_SECRET"}),
    tables=TABLES,
    open=_open,
)
