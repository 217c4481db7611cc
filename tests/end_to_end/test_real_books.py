"""Real auditfiles give their own figures to the cent, through the command line alone."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import Company, MakeCompany

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def exact(make_company: MakeCompany, shared_data: Path) -> Company:
    """A person with nothing but an Exact Online auditfile."""
    company = make_company(shared_data / "xaf" / "ExactOnline_V32_2016.xaf")
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return company


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("revenue", "213180.24"),
        ("cost_of_sales", "12151.42"),
        ("net_profit", "121301.02"),
        # 5110 Afschrijvingskosten gebouwen 5,000.00 is the file's only depreciation.
        ("ebitda", "126301.02"),
    ],
)
def test_the_exact_online_books_give_their_own_figures(exact: Company, metric: str, expected: str) -> None:
    assert exact.value(metric, "2016") == Decimal(expected)


def test_the_exact_online_lines_are_all_there_and_balance(exact: Company) -> None:
    with duckdb.connect(str(exact.marts()), read_only=True) as warehouse:
        lines, debit, credit = warehouse.sql(
            """
            select count(*), sum(greatest(amount, 0)), -sum(least(amount, 0)) from raw_xaf.transaction_lines
            """
        ).fetchall()[0]
        balances = dict(
            warehouse.sql(
                """
                select account_id, balance from marts.fct_balances_monthly
                where month_end = date '2016-12-31' and account_id in ('1100', '1300')
                """
            ).fetchall()
        )
    assert lines == 167
    assert debit == credit == Decimal("999954.06")
    assert balances == {"1100": Decimal("396704.46"), "1300": Decimal("-304220.09")}


def test_a_company_with_only_books_gets_its_name_and_year_from_the_auditfile(exact: Company) -> None:
    html = (exact.data / "current" / "management.nl.html").read_text(encoding="utf-8")
    assert "Toro Rosso BV" in html
    assert re.search(r"213\.180", html), "net revenue of the year stands in the report"


def test_what_only_a_webshop_can_tell_is_absent_with_its_reason(exact: Company) -> None:
    for metric in ("orders", "conversion", "roas", "nps"):
        released = exact.released(metric, "2016")
        assert (released["value"], released["reason"]) == (None, "source_absent"), metric


def test_debtors_in_credit_have_no_payment_days(exact: Company) -> None:
    released = exact.released("dso", "2016")
    assert (released["value"], released["reason"]) == (None, "negative_base")


def test_growth_without_an_earlier_year_has_no_base(exact: Company) -> None:
    released = exact.released("revenue_growth", "2016")
    assert (released["value"], released["reason"]) == (None, "no_base")


def test_books_without_rgs_codes_are_stopped_mapped_and_released(make_company: MakeCompany, shared_data: Path) -> None:
    twinfield = make_company(shared_data / "xaf" / "Twinfield_V31_2016.xaf")

    stopped = twinfield.refresh()
    assert stopped.returncode == 1
    assert "Account 1300 Debiteuren carries 893042.59" in stopped.stderr
    assert "kerncijfers accounts" in stopped.stderr
    assert not (twinfield.data / "current").exists()

    proposed = twinfield.run("accounts", "--inbox", str(twinfield.inbox), "--data", str(twinfield.data), "--write")
    assert proposed.returncode == 0, proposed.stderr

    released = twinfield.refresh()
    assert released.returncode == 0, released.stdout + released.stderr
    assert twinfield.value("net_profit", "2016") == Decimal("-81587.00")
    # 8010, 8020, 8022 and 8028: 16,000 + 11,000 + 1,612 + 20,000.
    assert twinfield.value("revenue", "2016") == Decimal("48612.00")
    with duckdb.connect(str(twinfield.marts()), read_only=True) as warehouse:
        lines, debit = warehouse.sql(
            "select count(*), sum(greatest(amount, 0)) from raw_xaf.transaction_lines"
        ).fetchall()[0]
        opening = warehouse.sql(
            "select count(*) from intermediate.int_opening_balances where opening_source = 'opening_entries'"
        ).fetchall()[0][0]
    assert (lines, debit) == (181, Decimal("2255799.42"))
    assert opening > 0, "the opening balance stands inside the transactions"


@pytest.mark.parametrize("version", ["3.2", "4.0"])
def test_the_same_ledger_gives_the_same_figures_in_both_formats(
    make_company: MakeCompany, shared_data: Path, version: str
) -> None:
    company = make_company(shared_data / "xaf_pyxaf" / f"pyxaf_testgen_{version}.xaf")
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(company.marts()), read_only=True) as warehouse:
        [(debit,)] = warehouse.sql("select total_debit from raw_xaf.auditfiles").fetchall()
    assert debit == Decimal("38260.42")
    assert company.value("revenue", "2024") == Decimal("31620.19")
