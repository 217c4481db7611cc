"""`[sources.stripe]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class StripeSettings(Settings):
    """From which day on invoices are read; the key says of which account."""

    since: date = Field(description="The first day of which invoices are read, such as 2024-01-01")
    version: str = "2025-09-30.clover"
    base_url: str = "https://api.stripe.com"


TABLES = {
    "subscriptions": rows(
        """
        subscription_id! text id
        customer_id!@customer text customer
        status! text status
        ended_at timestamp endedAt
        """,
        recalled_by="subscription_id",
        open_until="ended_at",
    ),
    # What was invoiced for an item of a subscription over its period, in the currency's own unit. Tax that is in the
    # amount is in included_tax.
    "invoice_lines": rows(
        """
        line_id! text id
        invoice_id! text invoice
        invoice_status! text status
        subscription_id! text subscription
        item_id! text item
        customer_id!@customer text customer
        price_id text price
        currency! text currency
        amount! decimal amount
        discount! decimal discount
        included_tax! decimal includedTax
        period_start! timestamp start
        period_end! timestamp end
        """,
        key="line_id",
    ),
}
