"""CDNOW's purchases go in as declared orders and come out as customer lifetime value, with the published model."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.end_to_end.conftest import Company, MakeCompany

pytestmark = pytest.mark.integration

DECLARATION = Path(__file__).parents[1] / "ingestion" / "files" / "declarations" / "cdnow.toml"


OBJECTIONS = """
[[files]]
name = "bezwaren"
entity = "objections"
pattern = "objections.csv"
key = ["customer_id"]

[files.columns]
customer_id = "klant"
"""


def cdnow_lines(shared_data: Path, day: str, customers: int) -> list[str]:
    """The purchases of CDNOW's sample until a day (YYYYMMDD), of its first so many customers."""
    lines = (shared_data / "cdnow" / "CDNOW_sample.txt").read_text(encoding="ascii").splitlines(keepends=True)
    return [line for line in lines if line.split()[2] <= day and int(line.split()[1]) <= customers]


def cdnow_until(
    day: str,
    customers: int,
    make_company: MakeCompany,
    shared_data: Path,
    folder: Path,
    *beside: Path,
    declaration: Path = DECLARATION,
) -> Company:
    """CDNOW's sample as it was on a day, with files beside it; refreshed."""
    file = folder / "CDNOW_sample.txt"
    file.write_text("".join(cdnow_lines(shared_data, day, customers)), encoding="ascii")
    company = make_company(file, *beside, company=declaration)
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return company


def fits(company: Company) -> dict[str, dict[str, Any]]:
    """What is released about each fit, by its day."""
    with duckdb.connect(str(company.data / "current" / "kerncijfers.duckdb"), read_only=True) as released:
        found = released.sql("select * from reporting.rpt_customer_lifetime_fits order by fit_date")
        return {str(row[0]): dict(zip(found.columns, row, strict=True)) for row in found.fetchall()}


@pytest.fixture(scope="module")
def september(make_company: MakeCompany, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The 39 weeks the paper fits."""
    return cdnow_until("19970930", 2357, make_company, shared_data, tmp_path_factory.mktemp("september"))


def test_the_fit_is_the_published_one_but_for_customers_who_never_paid(september: Company) -> None:
    fit = fits(september)["1997-09-30"]
    # Of the paper's 2,357 customers eight bought for nothing only: they are no customers of ours.
    assert (fit["customer_count"], fit["history_days"]) == (2349, 272)
    published = {"r": 0.2426, "alpha": 4.4135, "a": 0.7929, "b": 2.4258, "p": 6.2488, "q": 3.7446, "v": 15.4477}
    assert {name: float(fit[name]) for name in published} == pytest.approx(published, rel=0.02)
    assert float(fit["correlation"]) == pytest.approx(0.114, abs=0.001)


def test_the_value_is_the_sum_over_customers_of_what_the_model_expects(september: Company) -> None:
    value = september.released("clv", "1997-09", grain="month")
    assert (value["reason"], value["n"], Decimal(value["denominator"])) == (None, 2349, 2349)
    with duckdb.connect(str(september.marts()), read_only=True) as warehouse:
        (expected,) = warehouse.sql(
            "select sum(expected_value::decimal(18, 6)) from marts.fct_customer_lifetime_values"
        ).fetchall()[0]
    assert Decimal(value["numerator"]) == expected
    assert (
        september.released("clv_margin", "1997-09", grain="month")["reason"] == "source_absent"
    )  # no books, no margin


def test_no_customer_can_be_read_from_what_is_released(september: Company) -> None:
    with duckdb.connect(str(september.data / "current" / "kerncijfers.duckdb"), read_only=True) as released:
        columns = released.sql("select distinct column_name from duckdb_columns() where not internal").fetchall()
    assert {"customer_id", "expected_order_value"} & {name for (name,) in columns} == set()


def test_the_check_compares_with_the_orders_that_came(
    make_company: MakeCompany, shared_data: Path, tmp_path: Path
) -> None:
    company = cdnow_until("19980630", 2357, make_company, shared_data, tmp_path)
    june = fits(company)["1998-06-30"]
    assert (str(june["check_date"]), june["check_customer_count"], june["reason"]) == ("1997-12-31", 2349, None)
    with duckdb.connect(str(company.marts()), read_only=True) as warehouse:
        (actual,) = warehouse.sql(
            """
            select count(distinct customer_id || order_date) from marts.fct_orders
            where is_counted and order_date > date '1997-12-31' and gross_amount > 0
            """
        ).fetchall()[0]
    assert june["check_actual_orders"] == actual
    assert abs(float(june["check_expected_orders"]) - actual) < 0.15 * actual
    assert company.released("clv", "1997")["value"] is not None


def test_g14_who_objects_is_in_no_fit_but_in_every_sum_and_fewer_than_300_others_get_no_value_but_a_reason(
    make_company: MakeCompany, shared_data: Path, tmp_path: Path
) -> None:
    """Of 310 customers 15 object: what is left is too few to expect anything of."""
    declaration = tmp_path / "objecting.toml"
    declaration.write_text(DECLARATION.read_text(encoding="utf-8") + OBJECTIONS, encoding="utf-8")
    objections = tmp_path / "objections.csv"
    everybody = cdnow_lines(shared_data, "19970930", 310)
    numbers = list(dict.fromkeys(line.split()[0] for line in everybody))
    objections.write_text("\n".join(["klant", *numbers[:15], ""]), encoding="ascii")
    company = cdnow_until("19970930", 310, make_company, shared_data, tmp_path, objections, declaration=declaration)
    value = company.released("clv", "1997-09", grain="month")
    assert (value["value"], value["reason"]) == (None, "insufficient_n")
    paying = {line.split()[0] for line in everybody if Decimal(line.split()[4])}
    with duckdb.connect(str(company.marts()), read_only=True) as warehouse:
        counted = warehouse.sql(
            "select count(distinct customer_id), sum(gross_amount) from marts.fct_orders"
        ).fetchone()
        [fitted] = warehouse.sql(
            "select count(distinct customer_id) from marts.fct_customer_lifetime_values"
        ).fetchall()
    assert counted == (310, sum(Decimal(line.split()[4]) for line in everybody))
    assert fitted == (len(paying - set(numbers[:15])),)


def test_before_nine_months_it_is_too_early(make_company: MakeCompany, shared_data: Path, tmp_path: Path) -> None:
    company = cdnow_until("19970831", 2357, make_company, shared_data, tmp_path)
    value = company.released("clv", "1997-08", grain="month")
    assert (value["value"], value["reason"]) == (None, "not_yet_mature")
