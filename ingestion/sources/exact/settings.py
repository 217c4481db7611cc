"""`[sources.exact]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class ExactSettings(Settings):
    """Which division, and in which country's Exact it is."""

    division: Annotated[int, Field(gt=0)] = Field(description="The number of the division, in the address of Exact")
    country: Literal["nl", "be", "de", "fr", "es", "uk"] = "nl"
    # What the app has no permission for, or the division no module.
    leave_out: tuple[Literal["open_items", "invoices"], ...] = ()
    base_url: str = ""

    @property
    def address(self) -> str:
        """Where the API is."""
        domain = "co.uk" if self.country == "uk" else self.country
        return self.base_url or f"https://start.exactonline.{domain}"


TABLES = {
    # Amounts are in the division's currency and debit-positive.
    "transaction_lines": rows(
        """
        line_id! text ID
        entry_id! text EntryID
        entry_number! text EntryNumber
        line_number! integer LineNumber
        journal_code text JournalCode
        account_code! text GLAccountCode
        customer_supplier_id@relation:link text Account
        fiscal_year! text FinancialYear
        period_number! integer FinancialPeriod
        entry_type! integer Type
        status! integer Status
        booked_on! date Date
        due_on date DueDate
        amount! decimal AmountDC
        """,
        key="line_id",
    ),
    "gl_accounts": rows(
        """
        account_guid! text ID
        account_code! text Code
        description text Description
        balance_type! text BalanceType
        account_kind! integer Type
        """
    ),
    "gl_mappings": rows(
        """
        account_guid! text GLAccount
        scheme_code text GLSchemeCode
        classification_code! text ClassificationCode
        """
    ),
    "periods": rows(
        """
        fiscal_year! text FinYear
        period_number! integer FinPeriod
        start_on! date StartDate
        end_on! date EndDate
        """
    ),
    # What Exact itself says each account moved in each period.
    "reporting_balances": rows(
        """
        fiscal_year! text ReportingYear
        period_number! integer ReportingPeriod
        account_code! text GLAccountCode
        amount! decimal Amount
        """
    ),
    # What is still to be received and paid. Exact has no list of another day, so each day's list stays.
    "open_items": rows(
        """
        snapshot_on! date snapshot_on
        kind! text kind
        item_id! text HID
        customer_supplier_id@relation:link text AccountId
        entry_number text EntryNumber
        invoice_number text InvoiceNumber
        currency! text CurrencyCode
        amount! decimal Amount
        invoiced_on date InvoiceDate
        due_on date DueDate
        """,
        windows="snapshot_on",
    ),
    # Line 0 is the invoice itself; amounts are in the division's currency, those of lines without VAT.
    "invoices": rows(
        """
        line_id! text ID
        invoice_id! text InvoiceID
        invoice_number text InvoiceNumber
        line_number! integer LineNumber
        customer_supplier_id@relation:link text InvoiceTo
        invoice_type! integer Type
        status! integer Status
        invoiced_on date InvoiceDate
        due_on date DueDate
        amount decimal AmountDC
        vat_amount decimal VATAmountDC
        """,
        key="line_id",
    ),
    "divisions": rows(
        """
        division! text Code
        currency! text Currency
        """
    ),
}
