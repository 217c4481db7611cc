"""Companies that do not exist, one for each profile, with the inbox each would have. Writes files; knows nothing of dlt.

Data flow: what happened (`world` for the roaster, `companies` for the others) -> `ledger` (how it was booked, as
auditfiles) and `exports` (how the other systems wrote it down). `README.md` says which export equals which ledger account.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb

from ingestion.demo import exports, ledger, world
from ingestion.demo.companies import Parts, mkb, nonprofit, saas, services
from ingestion.demo.ledger import COMPANY, Year

__all__ = ["COMPANY", "DEFAULT_PROFILE", "PROFILES", "SMALL", "DemoTruth", "Shop", "Year", "write"]

DEFAULT_SEED = 20260101
DEFAULT_PROFILE = "ecommerce"
SMALL = {module.__name__.rpartition(".")[2]: module.COMPANY for module in (mkb, saas, services, nonprofit)}
PROFILES = (DEFAULT_PROFILE, *SMALL)
_YEARS = range(world.FIRST_YEAR, world.LAST_YEAR + 1)


@dataclass(frozen=True)
class Shop:
    """A year of the webshop, as the generator knows it. Amounts exclude VAT; surveys count answers."""

    orders: int
    sales: Decimal
    refunds: Decimal
    customers: int
    new_customers: int
    repeat_customers: int
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
    """What the generator knows about each year, to prove figures against. It is not written to the inbox.

    `core` has numerator and denominator of each core KPI of the profile; those of growth need a year before. Only the
    roaster has a `shop`.
    """

    books: Mapping[int, Year]
    core: Mapping[int, Mapping[str, Parts]]
    shop: Mapping[int, Shop] = field(default_factory=dict)


def write(
    inbox: Path,
    *,
    profile: str = DEFAULT_PROFILE,
    size: float = 1.0,
    seed: int = DEFAULT_SEED,
    progress: Callable[[str], None] | None = None,
) -> DemoTruth:
    """Write the inbox of the demo company of a profile. The same profile, size and seed give the same bytes.

    `size` scales what customers do: 1.0 of the roaster is about 18,000 orders and 600,000 visits in three years. The
    roaster's company.toml is the project's own; the others' is written into the inbox. `progress` is told each step.
    """
    say = progress or (lambda _: None)
    inbox.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        if profile == DEFAULT_PROFILE:
            return _write_roaster(connection, inbox, size, seed, say)
        company = SMALL[profile]
        say("Three years of what happens")
        world.begin(connection, seed=seed)
        company.build(connection, size)
        books = _write_books(connection, company.books, inbox, say)
        say("The exports of the other systems")
        for export in company.exports:
            export.write(connection, inbox)
        shutil.copyfile(Path(__file__).with_name("companies") / f"{profile}.toml", inbox / "company.toml")
        return DemoTruth(books, {year: company.truth(connection, year) for year in _YEARS[1:]})


def _write_roaster(
    connection: duckdb.DuckDBPyConnection, inbox: Path, size: float, seed: int, say: Callable[[str], None]
) -> DemoTruth:
    say("Three years of orders, visits, projects and answers")
    world.build(connection, size=size, seed=seed)
    books = _write_books(connection, ledger.ROASTER, inbox, say)
    say("The exports of webshop, website, advertising, CRM, surveys and hours")
    exports.write(connection, inbox, seed=seed)
    shutil.copytree(Path(__file__).with_name("notes"), inbox / "report", dirs_exist_ok=True)
    shop = {year: _shop(connection, year) for year in books}
    return DemoTruth(books, {year: _core(books, shop, year) for year in _YEARS[1:]}, shop)


def _write_books(
    connection: duckdb.DuckDBPyConnection, books: ledger.Books, inbox: Path, say: Callable[[str], None]
) -> dict[int, Year]:
    say("The books of 2023, 2024 and 2025")
    ledger.book(connection, books)
    return {year: ledger.write_year(connection, books, year, inbox / f"auditfile_{year}.xaf") for year in _YEARS}


def _core(books: Mapping[int, Year], shops: Mapping[int, Shop], year: int) -> dict[str, Parts]:
    """The roaster's core KPIs of a year."""
    now, before, shop = books[year], books[year - 1], shops[year]
    spent = sum(shop.ad_spend.values(), Decimal(0))
    return {
        "revenue_growth": (now.revenue - before.revenue, before.revenue),
        "contribution_margin": (now.revenue - now.cost_of_sales - spent, now.revenue),
        "conversion": (Decimal(shop.purchase_sessions), Decimal(shop.sessions)),
        "aov": (shop.sales, Decimal(shop.orders)),
        "repeat_purchase_rate": (Decimal(shop.repeat_customers), Decimal(shop.customers)),
        "mer": (shop.sales - shop.refunds, spent),
        "nps": (Decimal(100 * (shop.promoters - shop.detractors)), Decimal(shop.nps_answers)),
    }


def _shop(connection: duckdb.DuckDBPyConnection, year: int) -> Shop:
    def one(query: str) -> tuple:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row

    orders, sales = one(
        f"select count(*), sum(gross - discount) from orders where status = 'betaald' and year(day) = {year}"
    )
    (refunds,) = one(f"select sum(amount) from refunds where year(refunded_on) = {year}")
    customers, repeat_customers = one(
        f"""
        select count(*), count(*) filter (orders >= 2) from (
            select customer, count(*) as orders from orders where status = 'betaald' and year(day) = {year} group by customer
        )
        """
    )
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
    return Shop(
        orders, sales, refunds, customers, new_customers, repeat_customers, sessions, purchases, dict(spend), *answers
    )
