"""The demo company's released KPIs equal what its generator knows of each year."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest
from lxml import html

from ingestion import demo
from orchestration.company import RetentionSection
from tests.end_to_end.conftest import Company, Released
from tests.reports.recompute import sizes

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def released(released_company: Released) -> tuple[Company, demo.DemoTruth]:
    return released_company("ecommerce")


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_every_year_gives_the_figures_it_was_made_with(released: tuple[Company, demo.DemoTruth], year: int) -> None:
    company, truth = released
    books, shop = truth.books[year], truth.shop[year]
    expected = {
        "revenue": books.revenue,
        "cost_of_sales": books.cost_of_sales,
        "ebitda": books.ebitda,
        "net_profit": books.net_profit,
        "cash": books.closing_cash,
        "orders": Decimal(shop.orders),
        "net_sales": shop.sales - shop.refunds,
    }
    assert {metric: company.value(metric, str(year)) for metric in expected} == expected

    def parts(metric: str, *more: str) -> tuple[Decimal, Decimal]:
        value = company.released(metric, str(year), *more)
        return Decimal(value["numerator"]), Decimal(value["denominator"])

    assert parts("solvency")[0] == books.equity
    assert parts("conversion") == (shop.purchase_sessions, shop.sessions)
    assert parts("refund_rate") == (shop.refunds, shop.sales)
    assert parts("nps") == (100 * (shop.promoters - shop.detractors), shop.nps_answers)
    assert parts("csat") == (shop.satisfied, shop.csat_answers)
    assert parts("cac") == (sum(shop.ad_spend.values()), shop.new_customers)
    for channel, cost in shop.ad_spend.items():
        assert parts("cpa", "--scope", f"channel:{channel}")[0] == cost


def test_growth_compares_with_the_year_before(released: tuple[Company, demo.DemoTruth]) -> None:
    company, truth = released
    base = truth.books[2024].revenue
    assert company.value("revenue_growth", "2025") == pytest.approx((truth.books[2025].revenue - base) / base)


def test_a_quarter_equals_its_months_and_a_year_its_quarters(released: tuple[Company, demo.DemoTruth]) -> None:
    company, _ = released
    for metric in ("revenue", "operating_cash_flow", "net_sales"):
        months = [company.value(metric, f"2024-{month:02}", grain="month") or 0 for month in range(7, 10)]
        assert company.value(metric, "2024-Q3", grain="quarter") == sum(months)
        quarters = [company.value(metric, f"2024-Q{quarter}", grain="quarter") or 0 for quarter in range(1, 5)]
        assert company.value(metric, "2024") == sum(quarters)
    assert company.value("revenue", "2024-12", grain="ttm") == company.value("revenue", "2024")


def test_an_old_version_stays_beside_the_new_one(released: tuple[Company, demo.DemoTruth]) -> None:
    company, _ = released
    newest, first = company.released("aov", "2025"), company.released("aov", "2025", "--version", "1")
    assert (newest["version"], first["version"]) == (2, 1)
    assert newest["denominator"] == first["denominator"]
    assert newest["value"] != first["value"]


def test_a_second_refresh_without_changes_loads_nothing_and_gives_the_same_numbers(
    released: tuple[Company, demo.DemoTruth],
) -> None:
    company, _ = released
    before = company.released("revenue", "2025")
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    after = company.released("revenue", "2025")
    assert after["release"] > before["release"]
    assert {**after, "release": None} == {**before, "release": None}
    facts = json.loads((company.data / "current" / "release.json").read_text(encoding="utf-8"))
    assert facts["tests"]["failed"] == 0


def test_nothing_that_identifies_a_person_is_loaded(released: tuple[Company, demo.DemoTruth]) -> None:
    company, _ = released
    # Compression hides bytes, so the values themselves are searched.
    with duckdb.connect() as warehouse:
        # Views name the database they were made in.
        warehouse.execute(f"attach '{company.marts()}' as warehouse (read_only)")
        warehouse.execute("use warehouse")
        columns = warehouse.sql(
            """
            select table_schema, table_name, column_name from information_schema.columns
            where data_type = 'VARCHAR' and table_catalog = 'warehouse'
            """
        ).fetchall()
        assert len(columns) > 100
        found = [
            column
            for *table, column in columns
            if warehouse.sql(
                f"""
                select 1 from "{table[0]}"."{table[1]}"
                where "{column}" like '%@example.nl' or "{column}" like '%levering was te laat%'
                    or "{column}" like 'Medewerker _' limit 1
                """
            ).fetchall()
        ]
    assert found == []


def test_g6_exactly_those_customers_can_be_found_who_are_within_the_term_and_the_figures_above_count_all(
    released: tuple[Company, demo.DemoTruth],
) -> None:
    company, _ = released
    terms = RetentionSection(people={"default": 25}).terms(datetime.now(UTC), "Europe/Amsterdam")
    assert terms is not None
    with duckdb.connect(str(company.marts()), read_only=True) as warehouse:
        warehouse.execute("set TimeZone = 'Europe/Amsterdam'")
        found = warehouse.execute(
            """
            with days as (
                select customer_id, ordered_at::date as day from raw_files.orders
                union all select customer_id, created_at::date from raw_files.customers
                union all select customer_id, responded_at::date from raw_files.survey_responses
                union all select customer_id, coalesce(ended_on, current_date) from raw_files.subscriptions
            )
            select distinct left(customer_id, 2), max(day) >= $1 from days where customer_id is not null
            group by customer_id
            """,
            [terms.since["orders"]],
        ).fetchall()
    assert set(found) == {("p1", True), ("a1", False)}


def test_every_released_report_is_small_with_all_its_sql(released: tuple[Company, demo.DemoTruth]) -> None:
    company, _ = released
    measured = {file.name: sizes(file) for file in (company.data / "current").glob("*.*.html")}
    assert len(measured) == 6
    assert {name: size for name, size in measured.items() if size[0] > 1_500_000 or size[1] > 500_000} == {}


def test_the_sql_a_page_shows_with_a_number_is_the_sql_that_made_it(
    released: tuple[Company, demo.DemoTruth],
) -> None:
    company, _ = released
    page = html.parse(company.data / "current" / "management.en.html")
    shown = {article.get("id"): article.findtext(".//pre") for article in page.findall(".//article")}
    metrics = {anchor: sql for anchor, sql in shown.items() if re.fullmatch(r"[a-z0-9_]+-\d+", anchor or "")}
    assert len(metrics) > 20
    with duckdb.connect() as connection:
        connection.execute(f"attach '{company.marts()}' as warehouse (read_only); use warehouse; set timezone = 'UTC'")
        for anchor, sql in metrics.items():
            name = "metric_" + anchor.replace("-", "_v")
            assert sql, f"{anchor} shows no SQL"
            different = f"(({sql}) except all from metrics.{name}) union all (from metrics.{name} except all ({sql}))"
            assert connection.sql(different).fetchall() == [], anchor


def test_a_release_says_how_things_stood_and_the_page_is_signed_with_the_rest(
    released: tuple[Company, demo.DemoTruth],
) -> None:
    company, _ = released
    folder = company.data / "current"
    page = html.parse(folder / "status.html")
    rows = {row.findtext("th"): [cell.text for cell in row.findall("td")] for row in page.findall(".//tbody/tr")}
    assert {"Boekhouding (auditfile)", "Bestellingen webshop", "Building and testing the metrics"} <= rows.keys()
    assert "status.html" in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    checked = company.run("status", "--data", str(company.data), "--inbox", str(company.inbox), "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
