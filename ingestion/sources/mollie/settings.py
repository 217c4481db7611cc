"""`[sources.mollie]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class MollieSettings(Settings):
    """Which website profile, from which day on, and whether its payments are the orders of the company."""

    profile: Annotated[str, StringConstraints(pattern=r"^pfl_\w+$")] = Field(
        description="The id of the website profile, pfl_..., under Developers, API keys"
    )
    since: date = Field(description="The first day of which payments are read, such as 2024-01-01")
    are_orders: bool = Field(
        description="Are these payments the orders themselves (true), or does a connected shop have the orders (false)"
    )
    restated_days: Annotated[int, Field(ge=1, le=400)] = 100
    page_size: Annotated[int, Field(ge=1, le=250)] = 250
    base_url: str = "https://api.mollie.com/v2"


TABLES = {
    # Amounts with VAT, in the currency of the payment.
    "payments": rows(
        """
        payment_id!@payment:owned text id
        customer_id@customer text customer
        status! text status
        method text method
        amount! decimal amount.value
        currency! text amount.currency
        is_order! boolean is_order
        created_at! timestamp createdAt
        paid_at timestamp paid_at
        """,
        key="payment_id",
    ),
    "refunds": rows(
        """
        refund_id! text id
        payment_id!@payment:belonging text paymentId
        status! text status
        amount! decimal amount.value
        currency! text amount.currency
        is_order! boolean is_order
        created_at! timestamp createdAt
        """,
        key="refund_id",
    ),
    # Every movement of the balance; `deducted` is what Mollie kept of it.
    "balance_transactions": rows(
        """
        transaction_id! text id
        transaction_type! text type
        result! decimal resultAmount.value
        deducted decimal deducted
        currency! text resultAmount.currency
        created_at! timestamp createdAt
        """,
        key="transaction_id",
    ),
}
