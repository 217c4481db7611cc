"""`[sources.shopify]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class ShopifySettings(Settings):
    """Which shop, and from which day on orders are read."""

    shop: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", to_lower=True)] = Field(
        description="The shop's name: the part before .myshopify.com"
    )
    since: date = Field(description="The first day of which orders are read, such as 2024-01-01")
    version: Annotated[str, StringConstraints(pattern=r"^\d{4}-(01|04|07|10)$")] = "2026-10"
    page_size: Annotated[int, Field(ge=1, le=250)] = 50
    base_url: str = ""

    @property
    def address(self) -> str:
        """Where the API is."""
        return self.base_url or f"https://{self.shop}.myshopify.com"


TABLES = {
    # Amounts in the shop's currency; whether they include VAT is in taxes_included.
    "orders": rows(
        """
        order_id!@order:owned text id
        customer_id@customer text customer.id
        processed_at! timestamp processedAt
        updated_at! timestamp updatedAt
        cancelled_at timestamp cancelledAt
        is_test! boolean test
        financial_status text displayFinancialStatus
        channel text sourceName
        currency! text subtotalPriceSet.shopMoney.currencyCode
        taxes_included! boolean taxesIncluded
        subtotal! decimal subtotalPriceSet.shopMoney.amount
        discounts! decimal totalDiscountsSet.shopMoney.amount
        shipping! decimal totalShippingPriceSet.shopMoney.amount
        shipping_tax! decimal shippingTax
        tax decimal totalTaxSet.shopMoney.amount
        """,
        key="order_id",
    ),
    "refunds": rows(
        """
        refund_id! text id
        order_id!@order:belonging text orderId
        refunded_at! timestamp createdAt
        currency! text totalRefundedSet.shopMoney.currencyCode
        taxes_included! boolean taxesIncluded
        goods! decimal goods
        goods_tax! decimal goodsTax
        """,
        key="refund_id",
    ),
    "customers": rows(
        """
        customer_id!@customer text id
        created_at! timestamp createdAt
        updated_at! timestamp updatedAt
        country text defaultAddress.countryCodeV2
        """,
        key="customer_id",
    ),
}
