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
    "divisions": rows(
        """
        division! text Code
        currency! text Currency
        """
    ),
}
