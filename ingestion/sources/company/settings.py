"""`[company]` in company.toml, or what an auditfile's header says in its place."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import list_currencies
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator


def slug(name: str) -> str:
    """A company's name as an id: lower case, ASCII letters and digits, joined by underscores."""
    ascii_name = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_name.replace(".", "")).strip("_")


class CompanySettings(BaseModel):
    """Who the company is. `vat_rate` is a fraction; `administrations` lists the companies in the books, if several."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    currency: Annotated[str, StringConstraints(to_upper=True)] = "EUR"
    time_zone: str = "Europe/Amsterdam"
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] = 1
    vat_rate: Annotated[Decimal, Field(ge=0, lt=1, max_digits=6, decimal_places=4)] = Decimal("0.21")
    profile: Annotated[str, StringConstraints(pattern=r"^(mkb|saas|ecommerce|services|nonprofit)$")] = "mkb"
    administrations: tuple[str, ...] = ()

    @property
    def company_id(self) -> str:
        """The name as an id."""
        return slug(self.name)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, currency: str) -> str:
        if currency not in list_currencies():
            raise ValueError(f"{currency!r} is not a currency code; write EUR, USD, GBP and the like")
        return currency

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, time_zone: str) -> str:
        if time_zone not in available_timezones():
            raise ValueError(f"{time_zone!r} is not a time zone; write Europe/Amsterdam and the like")
        return ZoneInfo(time_zone).key
