"""`[company]` and `[kpis]` in company.toml, or what an auditfile's header says in place of the former."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import list_currencies
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

FEWEST_CORE, MOST_CORE = 5, 7


def slug(name: str) -> str:
    """A company's name as an id: lower case, ASCII letters and digits, joined by underscores."""
    ascii_name = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_name.replace(".", "")).strip("_")


class KpiChoices(BaseModel):
    """Where the company differs from its profile. Metrics are named by id; `owners` says who answers for one.

    `core` replaces the profile's core KPIs, in this order; `add` and `leave_out` change what supports them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    core: Annotated[tuple[str, ...], Field(max_length=MOST_CORE)] = ()
    add: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    owners: dict[str, Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]] = {}

    @field_validator("core")
    @classmethod
    def _enough_core(cls, core: tuple[str, ...]) -> tuple[str, ...]:
        if core and len(core) < FEWEST_CORE:
            raise ValueError(f"{len(core)} core KPIs are too few: name {FEWEST_CORE} to {MOST_CORE}")
        if twice := sorted({metric for metric in core if core.count(metric) > 1}):
            raise ValueError(f"{', '.join(twice)} stands here twice")
        return core

    @model_validator(mode="after")
    def _one_place_each(self) -> Self:
        if both := sorted(set(self.leave_out) & {*self.core, *self.add}):
            raise ValueError(f"{', '.join(both)} can't be left out and chosen at once")
        return self

    @property
    def metrics(self) -> set[str]:
        """Every metric that is named."""
        return {*self.core, *self.add, *self.leave_out, *self.owners}

    def rows(self) -> list[dict[str, object]]:
        """One row per metric that is named: its place among the core KPIs, if added or left out, and its owner."""
        return [
            {
                "metric": metric,
                "core_place": self.core.index(metric) + 1 if metric in self.core else None,
                "is_added": metric in self.add,
                "is_left_out": metric in self.leave_out,
                "owner": self.owners.get(metric),
            }
            for metric in sorted(self.metrics)
        ]


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
