"""`[sources.afas]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows

_Name = Annotated[str, StringConstraints(pattern=r"^\w{1,64}$")]
Kind = Literal["transactions", "accounts", "periods", "balances"]
GET_CONNECTORS: dict[Kind, str] = {
    "transactions": "Profit_Transactions",
    "accounts": "Profit_Accounts",
    "periods": "Profit_periods_per_administration",
    "balances": "Profit_Period_balance",
}


class AfasSettings(Settings):
    """Which administration of which environment, and how the company's own GetConnectors name their fields."""

    environment: Annotated[str, StringConstraints(pattern=r"^\d+$")] = Field(
        description="The number of the environment: the digits before .rest.afas.online"
    )
    unit: Annotated[int, Field(gt=0)] = Field(description="The number of the administration")
    since_year: Annotated[int, Field(ge=1990, le=2100)] = Field(description="The first fiscal year, such as 2024")
    balance_types: Annotated[
        list[str],
        BeforeValidator(lambda value: value.replace(",", " ").split() if isinstance(value, str) else value),
        Field(min_length=1),
    ] = Field(description="The account types (field Type of Profit_Accounts) of the balance sheet, such as 3,4")
    server: Literal["rest", "resttest", "restaccept"] = "rest"
    # Other names of GetConnectors, and of fields: the standard name, and the company's own.
    connectors: dict[Kind, _Name] = Field(default_factory=dict)
    fields: dict[_Name, _Name] = Field(default_factory=dict)
    rgs_field: str = ""
    take: Annotated[int, Field(ge=1, le=10_000)] = 5_000
    reconcile: bool = True
    base_url: str = ""

    @property
    def address(self) -> str:
        """Where the API is."""
        return self.base_url or f"https://{self.environment}.{self.server}.afas.online"


TABLES = {
    "periods": rows(
        """
        fiscal_year! text Year
        period_number! integer Period
        start_on! date DateFrom
        end_on! date DateTo
        is_blocked! boolean Blocked
        """
    ),
    "accounts": rows(
        """
        account_code! text Account
        description text Description
        account_type! text Type
        is_balance_sheet! boolean is_balance_sheet
        rgs_code text rgs_code
        """
    ),
    "transaction_lines": rows(
        """
        fiscal_year! text Year
        period_number! integer Period
        entry_number! text EntryNo
        line_number! integer SeqNo
        journal_code text JournalId
        account_code! text AccountNo
        debit decimal AmtDebit
        credit decimal AmtCredit
        booked_on! date EntryDate
        """,
        windows="fiscal_year period_number",
    ),
}
BALANCES = ("UnitId", "Year", "Period", "AccountNr", "Debit", "Credit")
DATES = ("DateFrom", "DateTo", "EntryDate")
