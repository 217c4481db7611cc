"""Real shop data go in through declared files, with configuration only, and give their published figures."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import Company, MakeCompany

pytestmark = pytest.mark.integration

DECLARATIONS = Path(__file__).parents[1] / "ingestion" / "files" / "declarations"


def released(make_company: MakeCompany, file: Path, declaration: str) -> Company:
    company = make_company(file, company=DECLARATIONS / f"{declaration}.toml")
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return company


@pytest.fixture(scope="module")
def uci(make_company: MakeCompany, shared_data: Path) -> Company:
    """UCI Online Retail: 541,909 lines, every column text."""
    file = shared_data / "uci_online_retail" / "online_retail_all_varchar.parquet"
    return released(make_company, file, "uci_online_retail")


def test_every_line_of_the_shop_is_loaded(uci: Company) -> None:
    with duckdb.connect(str(uci.marts()), read_only=True) as warehouse:
        assert warehouse.sql("select count(*) from raw_files.order_lines").fetchall() == [(541909,)]


def test_sales_before_and_after_cancellations_match_the_published_sums(uci: Company) -> None:
    refunds = uci.released("refund_rate", "all", grain="all")
    assert round(uci.value("net_sales", "all", grain="all") or 0, 2) == Decimal("9747747.93")
    assert round(uci.value("gross_sales", "all", grain="all") or 0, 2) == Decimal("10644560.42")
    assert round(Decimal(refunds["numerator"]), 2) == Decimal("896812.49")


def test_identified_customers_match_the_published_figures(uci: Company) -> None:
    scope = ("--scope", "customer:identified")
    repeat = uci.released("repeat_purchase_rate", "all", grain="all")
    assert round(uci.value("gross_sales", "all", *scope, grain="all") or 0, 2) == Decimal("8911407.90")
    assert uci.value("orders", "all", *scope, grain="all") == 18532
    assert round(uci.value("aov", "all", *scope, grain="all") or 0, 2) == Decimal("480.87")
    assert Decimal(repeat["denominator"]) == 4338
    assert round(Decimal(repeat["value"]), 4) == Decimal("0.6558")
    assert round(uci.value("revenue_concentration", "all", grain="all") or 0, 4) == Decimal("0.1726")


def test_cdnow_orders_revenue_and_repeat_rate_match_a_plain_count(make_company: MakeCompany, shared_data: Path) -> None:
    file = shared_data / "cdnow" / "CDNOW_sample.txt"
    cdnow = released(make_company, file, "cdnow")
    orders, revenue, repeat, customers = duckdb.sql(
        f"""
            with lines as (
                select regexp_split_to_array(trim(line), '\\s+') as c
                from read_csv('{file}', columns = {{'line': 'varchar'}}, delim = '\\t', header = false)
            ),
            purchases as (
                select c[1] as customer, c[3] as day, cast(c[5] as decimal(12, 2)) as amount from lines
            ),
            paid as (select * from purchases where amount > 0),
            buyers as (select customer, count(*) as purchases from paid group by customer)
            select
                (select count(*) from paid),
                (select sum(amount) from paid),
                (select count(*) from buyers where purchases >= 2),
                (select count(*) from buyers)
            """
    ).fetchall()[0]
    rate = cdnow.released("repeat_purchase_rate", "all", grain="all")
    assert cdnow.value("orders", "all", grain="all") == orders
    assert cdnow.value("gross_sales", "all", grain="all") == revenue
    assert (Decimal(rate["numerator"]), Decimal(rate["denominator"])) == (repeat, customers)


def test_online_shoppers_convert_as_published(make_company: MakeCompany, shared_data: Path) -> None:
    file = shared_data / "online_shoppers" / "online_shoppers_intention.csv"
    shoppers = released(make_company, file, "online_shoppers")
    conversion = shoppers.released("conversion", "all", grain="all")
    assert (Decimal(conversion["numerator"]), Decimal(conversion["denominator"])) == (1908, 12330)
    assert round(Decimal(conversion["value"]), 4) == Decimal("0.1547")
