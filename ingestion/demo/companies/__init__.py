"""The smaller companies, one for each profile but the roaster's: what happened, how it was booked, what was exported.

Every module has a `COMPANY`; the `.toml` beside it is the company.toml that declares its exports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from ingestion.demo.exports import Export
from ingestion.demo.ledger import ACCOUNTS, LABEL, MONTHS, Books, Event, purchase

# Numerator and denominator of a KPI of one year.
Parts = tuple[Decimal, Decimal]
Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class SmallCompany:
    """`build(connection, size)` makes the tables, `exports` write them; `truth(connection, year)` knows the core KPIs."""

    books: Books
    build: Callable[[Connection, float], None]
    exports: Sequence[Export]
    truth: Callable[[Connection, int], Mapping[str, Parts]]


def chart(**own: tuple[str, str, str]) -> dict[str, tuple[str, str, str]]:
    """A chart of accounts: the roaster's without its stock, revenue and direct costs, and a company's own (`a8000=...`)."""
    shared = {account: line for account, line in ACCOUNTS.items() if account[0] not in "378" and account != "1200"}
    return dict(sorted((shared | {account[1:]: line for account, line in own.items()}).items()))


def overhead(rent: str, office: str, advice: str, vat: str = "0.21") -> list[Event]:
    """Rent, office and accountant, every month. The costs may use `age`: years since 2023."""
    return [
        *purchase("day", f"'HUUR-' || {LABEL}", MONTHS, rent, "4100", vat, "C004"),
        *purchase("day + 9", f"'KANT-' || {LABEL}", MONTHS, office, "4400", vat, "C005"),
        *purchase("day + 19", f"'ACC-' || {LABEL}", MONTHS, advice, "4500", vat, "C006"),
    ]


def one(connection: Connection, query: str) -> tuple[Decimal, ...]:
    """The numbers in the only row of a query; an absent sum is zero."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return tuple(Decimal(0) if number is None else Decimal(str(number)) for number in row)


def turnover(connection: Connection, year: int, *accounts: str) -> Decimal:
    """What accounts that begin with one of these brought in during a year, credit-positive."""
    booked = " or ".join(f"starts_with(account, '{account}')" for account in accounts)
    (amount,) = one(connection, f"select -sum(amount) from postings where year(day) = {year} and ({booked})")
    return amount


def balance(connection: Connection, books: Books, year: int, *accounts: str) -> Decimal:
    """What balance sheet accounts that begin with one of these closed a year with, debit-positive."""
    opened = sum(
        (Decimal(amount) for account, amount in books.opening.items() if account.startswith(accounts)), Decimal(0)
    )
    booked = " or ".join(f"starts_with(account, '{account}')" for account in accounts)
    (moved,) = one(connection, f"select sum(amount) from postings where year(day) <= {year} and ({booked})")
    return opened + moved
