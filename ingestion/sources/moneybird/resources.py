"""Reads the general ledger of one Moneybird administration, month by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

import requests

from ingestion.connect.connector import Page
from ingestion.connect.daily import DAY, add_months, yesterday
from ingestion.connect.fields import decimal
from ingestion.connect.http import Api, Clock, Policy, Retry, bearer
from ingestion.errors import SourceError
from ingestion.sources.moneybird.settings import MoneybirdSettings

_BALANCE_SHEET = {
    "non_current_assets": True,
    "current_assets": True,
    "equity": True,
    "non_current_liabilities": True,
    "current_liabilities": True,
    "provisions": True,
    "temporary": True,
    "revenue": False,
    "direct_costs": False,
    "expenses": False,
    "other_income_expenses": False,
}
_LONG_AGO = 1_000_000_000


def _judge(response: requests.Response, now: float) -> None:
    """Moneybird gives the moment, in seconds since 1970, where others give the seconds to wait."""
    if response.status_code != 429:
        return
    said = response.headers.get("Retry-After") or response.headers.get("RateLimit-Reset") or ""
    if not said.isdigit():
        return
    wait = float(said) - now if int(said) > _LONG_AGO else float(said)
    raise Retry("the requests of these five minutes are used up", max(0.0, wait))


class Moneybird:
    """An administration that can be read."""

    def __init__(self, settings: MoneybirdSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        # 150 requests in five minutes, which twelve years of months stay within. A token is shared with whatever else
        # uses it: what is over is refused with the moment at which it goes on.
        self._api = Api(
            "Moneybird",
            settings.base_url,
            bearer(secrets["MONEYBIRD_TOKEN"]),
            policy=Policy(per_minute=150, judge=_judge, longest_wait=600),
            clock=self._clock,
        )

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    @cached_property
    def _administration(self) -> dict[str, Any]:
        found = self._api.get("administrations.json")
        for row in found:
            if str(row["id"]) == self._settings.administration:
                return row
        raise SourceError(
            f"Moneybird: this token does not see administration {self._settings.administration}, "
            f"but {', '.join(str(row['id']) for row in found) or 'none'}.",
            advice="Correct the number under [sources.moneybird], or make the token in the right administration.",
        )

    def check(self) -> str:
        """The administration, when the token may read its ledger."""
        found = self._administration
        since = self._settings.since
        if since.day != 1:
            raise SourceError(
                f"Moneybird gives whole months, and {since} is not the first of one.",
                advice="Set since under [sources.moneybird] to the first day of a fiscal year.",
            )
        return f"{found['name']}, amounts in {found['currency']}, from {since}"

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        """Every month anew: Moneybird has no sign of what was booked in an old one, and a month is one question."""
        self.check()
        pages = {"periods": self._periods, "accounts": self._accounts, "account_months": self._months}
        yield from pages[table]()

    def _periods(self) -> Iterator[Page]:
        first, last = self._settings.since, self._last_day
        while first <= last:
            after = add_months(first, 12)
            months = [add_months(first, number) for number in range(13)]
            yield Page(
                [
                    {
                        "fiscal_year": str((after - DAY).year),
                        "period_number": number,
                        "start_on": start,
                        "end_on": end - DAY,
                    }
                    for number, (start, end) in enumerate(pairwise(months), start=1)
                ]
            )
            first = after

    @property
    def _last_day(self) -> date:
        return yesterday(self.now(), self._administration["time_zone"])

    def _accounts(self) -> Iterator[Page]:
        found = self._api.get(f"{self._settings.administration}/ledger_accounts.json")
        for row in found:
            if row["account_type"] not in _BALANCE_SHEET:
                raise SourceError(
                    f"Moneybird: ledger account {row['name']} has type {row['account_type']}, "
                    "of which it is not known whether it is on the balance sheet.",
                    advice="Nothing was loaded. Give the account another type in Moneybird, or report this.",
                )
            row["is_balance_sheet"] = _BALANCE_SHEET[row["account_type"]]
            row["rgs_code"] = (row.get("taxonomy_item") or {}).get("code")
        yield Page(found)

    def _months(self) -> Iterator[Page]:
        last = self._last_day
        month, came = self._settings.since, 0
        months = (last.year - month.year) * 12 + last.month - month.month + 1
        before: dict[str, Decimal] = {}
        for number in range(1, months + 1):
            rows = self._month(month, before)
            before = {row["account_id"]: row["closing"] for row in rows}
            came += len(rows)
            yield Page(rows, windows=[(month.isoformat(),)], total=came * months // number)
            month = add_months(month, 1)

    def _month(self, month: date, before: Mapping[str, Decimal]) -> list[dict[str, Any]]:
        end = add_months(month, 1) - DAY
        period = f"{month:%Y%m%d}..{end:%Y%m%d}"
        found = self._api.get(f"{self._settings.administration}/reports/general_ledger.json", period=period)
        parts = {name: found[name] for name in ("debit_sums", "credit_sums", "start_balance", "final_balance")}
        rows = []
        for account in sorted(set().union(*parts.values())):
            debit, credit, opening, closing = (_amount(part, account, name) for name, part in parts.items())
            self._require_sum(account, month, opening + debit - credit, closing)
            rows.append(
                {
                    "month": month,
                    "month_end": end,
                    "account_id": account,
                    "debit": debit,
                    "credit": credit,
                    "opening": opening,
                    "closing": closing,
                    "is_first_month": month == self._settings.since,
                    "currency": self._administration["currency"],
                }
            )
        # Where an account goes on with another amount than it ended with, something was booked between two questions.
        for row in rows:
            started = before.get(row["account_id"], row["opening"])
            if row["opening"] not in (started, Decimal(0)):
                self._require_sum(row["account_id"], month, started, row["opening"])
        return rows

    def _require_sum(self, account: str, month: date, counted: Decimal, said: Decimal) -> None:
        if counted != said:
            raise SourceError(
                f"Moneybird: in {month:%Y-%m} ledger account {account} adds up to {counted:,.2f}, "
                f"but Moneybird says {said:,.2f}.",
                advice="Nothing of this was loaded. Somebody may have booked meanwhile: fetch again.",
            )

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Moneybird's own balances are compared instead."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """A month is read as a whole."""
        return


def _amount(part: Mapping[str, Any], account: str, name: str) -> Decimal:
    """An account that has none is left out."""
    try:
        return decimal(part.get(account, "0"))
    except (ValueError, TypeError, ArithmeticError):
        raise SourceError(
            f"Moneybird: {name} of ledger account {account} is not a number.",
            value=str(part[account]),
            advice="Nothing of this was loaded. Moneybird changed what it answers; report this.",
        ) from None
