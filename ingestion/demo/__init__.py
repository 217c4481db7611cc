"""A company that does not exist, with the inbox it would have. Writes files; knows nothing of dlt or KPIs.

Data flow: `world` (what happened) -> `ledger` (how it was booked, as auditfiles) and `exports` (how the other systems
wrote it down). `README.md` says which export equals which ledger account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from ingestion.demo import exports, ledger, world
from ingestion.demo.ledger import COMPANY, Year

__all__ = ["COMPANY", "DemoTruth", "Shop", "Year", "write"]

DEFAULT_SEED = 20260101


@dataclass(frozen=True)
class Shop:
    """A year of the webshop, as the generator knows it. Amounts exclude VAT; surveys count answers."""

    orders: int
    sales: Decimal
    refunds: Decimal
    new_customers: int
    sessions: int
    purchase_sessions: int
    ad_spend: Mapping[str, Decimal]
    promoters: int
    detractors: int
    nps_answers: int
    satisfied: int
    csat_answers: int


@dataclass(frozen=True)
class DemoTruth:
    """What the generator knows about each year, to prove figures against. It is not written to the inbox."""

    books: Mapping[int, Year]
    shop: Mapping[int, Shop]


def write(
    inbox: Path, *, size: float = 1.0, seed: int = DEFAULT_SEED, progress: Callable[[str], None] | None = None
) -> DemoTruth:
    """Write the demo company's inbox. The same size and seed give the same bytes.

    `size` scales the webshop and what hangs on it: 1.0 is about 18,000 orders and 600,000 visits in three years.
    `progress` is told each step.
    """
    say = progress or (lambda _: None)
    inbox.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        say("Three years of orders, visits, projects and answers")
        world.build(connection, size=size, seed=seed)
        say("The books of 2023, 2024 and 2025")
        ledger.book(connection)
        books = {
            year: ledger.write_year(connection, year, inbox / f"auditfile_{year}.xaf")
            for year in range(world.FIRST_YEAR, world.LAST_YEAR + 1)
        }
        say("The exports of webshop, website, advertising, CRM, surveys and hours")
        exports.write(connection, inbox, seed=seed)
        return DemoTruth(books, {year: _shop(connection, year) for year in books})


def _shop(connection: duckdb.DuckDBPyConnection, year: int) -> Shop:
    def one(query: str) -> tuple:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row

    orders, sales = one(
        f"select count(*), sum(gross - discount) from orders where status = 'betaald' and year(day) = {year}"
    )
    (refunds,) = one(f"select sum(amount) from refunds where year(refunded_on) = {year}")
    (new_customers,) = one(
        f"""
        select count(*) from (select min(day) as first from orders where status = 'betaald' group by customer)
        where year(first) = {year}
        """
    )
    sessions, purchases = one(
        f"select count(*), count(*) filter (has_purchase) from sessions where year(started_at) = {year}"
    )
    spend = connection.execute(
        f"select channel, sum(cost) from ad_spend where year(day) = {year} group by channel order by channel"
    ).fetchall()
    answers = one(
        f"""
        select count(*) filter (survey = 'nps' and score >= 9), count(*) filter (survey = 'nps' and score <= 6),
            count(*) filter (survey = 'nps'), count(*) filter (survey = 'csat' and score >= 4),
            count(*) filter (survey = 'csat')
        from answers where year(answered_at) = {year}
        """
    )
    return Shop(orders, sales, refunds, new_customers, sessions, purchases, dict(spend), *answers)
