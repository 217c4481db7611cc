"""`[sources.woocommerce]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class WooCommerceSettings(Settings):
    """Which shop, and from which day on its orders are read."""

    # The key travels with every request: never over a connection that others can read.
    shop: Annotated[str, StringConstraints(pattern=r"^(https://|http://127\.0\.0\.1)\S+$")] = Field(
        description="The address of the shop, such as https://www.delinde.nl"
    )
    since: date = Field(description="The first day of which orders are read, such as 2024-01-01")
    page_size: Annotated[int, Field(ge=1, le=100)] = 100


TABLES = {
    # Goods, discount, shipping and fees without VAT, as WooCommerce keeps them whatever the shop shows.
    "orders": rows(
        """
        order_id!@order:owned text id
        customer_id@customer text customer
        status! text status
        channel text created_via
        currency! text currency
        goods! decimal goods
        discount! decimal discount_total
        shipping! decimal shipping_total
        fees! decimal fees
        tax! decimal total_tax
        total! decimal total
        ordered_at! timestamp ordered_at
        modified_at! timestamp modified_at
        """,
        key="order_id",
    ),
    "refunds": rows(
        """
        order_id!@order:belonging text order_id
        refund_id! text id
        currency! text currency
        amount! decimal amount
        goods! decimal goods
        goods_tax! decimal goods_tax
        lines! integer lines
        refunded_at! timestamp refunded_at
        """,
        windows="order_id",
    ),
}
