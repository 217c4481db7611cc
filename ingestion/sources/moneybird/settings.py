"""`[sources.moneybird]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class MoneybirdSettings(Settings):
    """Which administration, and from which month on its books are read."""

    administration: Annotated[str, StringConstraints(pattern=r"^\d+$")] = Field(
        description="The number of the administration: the digits in its address"
    )
    since: date = Field(description="The first day of the first fiscal year, such as 2024-01-01")
    base_url: str = "https://moneybird.com/api/v2"


TABLES = {
    # A fiscal year is twelve months from `since`, and is called after the calendar year in which it ends.
    "periods": rows(
        """
        fiscal_year! text fiscal_year
        period_number! integer period_number
        start_on! date start_on
        end_on! date end_on
        """
    ),
    "accounts": rows(
        """
        account_id! text id
        name! text name
        account_type! text account_type
        is_balance_sheet! boolean is_balance_sheet
        rgs_code text rgs_code
        """
    ),
    # Debit and credit of a month, and what an account began and ended it with, debit-positive.
    "account_months": rows(
        """
        month! date month
        month_end! date month_end
        account_id! text account_id
        debit! decimal debit
        credit! decimal credit
        opening! decimal opening
        closing! decimal closing
        is_first_month! boolean is_first_month
        currency! text currency
        """,
        windows="month",
    ),
}
