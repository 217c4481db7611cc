"""Real exports come out with the figures that others computed, and as an independent reader sees them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import pyxaf

from ingestion import privacy
from tests.ingestion.xaf.conftest import Books

pytestmark = pytest.mark.integration

RESULT = """
    select -sum(lines.amount)
    from transaction_lines as lines
    inner join ledger_accounts using (company_id, fiscal_year, account_id)
    where account_type = 'P'
"""
REAL_FILES = (
    "xaf/ExactOnline_V32_2016.xaf",
    "xaf/Twinfield_V31_2016.xaf",
    "xaf_pyxaf/pyxaf_testgen_3.2.xaf",
    "xaf_pyxaf/pyxaf_testgen_4.0.xaf",
)


def _balance(books: Books, prefix: str) -> Decimal:
    ((amount,),) = books.rows(
        "select sum(amount) from transaction_lines inner join ledger_accounts "
        f"using (company_id, fiscal_year, account_id) where rgs_code like '{prefix}%'"
    )
    return amount


def test_exact_online_gives_its_known_figures(books: Books, shared_data: Path) -> None:
    shutil.copy(shared_data / "xaf/ExactOnline_V32_2016.xaf", books.inbox)
    delivery = books.deliver()
    assert delivery.warnings == ()
    assert delivery.tables["transaction_lines"] == 167
    assert books.rows("select company_id, total_debit, total_credit, lines_count from auditfiles") == [
        ("toro_rosso_bv", Decimal("999954.06"), Decimal("999954.06"), 167)
    ]
    assert books.rows("select sum(greatest(amount, 0)), sum(amount) from transaction_lines") == [
        (Decimal("999954.06"), Decimal(0))
    ]
    assert books.rows(RESULT) == [(Decimal("121301.02"),)]
    assert _balance(books, "WOmz") == Decimal("-213180.24")
    assert _balance(books, "WKpr") == Decimal("12151.42")
    assert _balance(books, "BLimBan") == Decimal("396704.46")
    assert _balance(books, "BVorDebHad") == Decimal("-304220.09")
    # The stock accounts have no code in leadReference, only the name of their group.
    assert books.rows(
        "select rgs_code, count(*) from ledger_accounts where rgs_source = 'leadDescription' group by 1"
    ) == [("BVrd", 3)]


def test_twinfield_gives_its_known_figures(books: Books, shared_data: Path) -> None:
    shutil.copy(shared_data / "xaf/Twinfield_V31_2016.xaf", books.inbox)
    books.deliver()
    assert books.rows("select xaf_version, lines_count, total_debit, total_credit from auditfiles") == [
        ("3.1", 181, Decimal("2255799.42"), Decimal("2255799.42"))
    ]
    assert books.rows(RESULT) == [(Decimal("-81587.00"),)]
    assert books.rows("select count(*) from ledger_accounts where rgs_code is not null") == [(0,)]
    # The opening balance stands inside the transactions, and periods go up to 55.
    assert books.rows("select count(*) from opening_balances") == [(0,)]
    assert books.rows("select min(period_number), max(period_number) from periods") == [(0, 55)]


def test_the_same_ledger_as_3_2_and_4_0_gives_identical_lines(
    new_books: Callable[[str], Books], shared_data: Path
) -> None:
    lines = """
        select line_sequence, journal_id, transaction_number, line_number, account_id, period_number,
            transaction_date, effective_date, amount, customer_supplier_id
        from transaction_lines order by line_sequence
    """
    accounts = "select account_id, account_type, rgs_code from ledger_accounts order by 1"
    opening = "select account_id, amount from opening_balances order by line_sequence"
    read = []
    for version in ("3.2", "4.0"):
        one = new_books(version)
        shutil.copy(shared_data / f"xaf_pyxaf/pyxaf_testgen_{version}.xaf", one.inbox)
        one.deliver()
        assert one.rows("select total_debit, xaf_version from auditfiles") == [(Decimal("38260.42"), version)]
        read.append((one.rows(lines), one.rows(accounts), one.rows(opening)))
    assert read[0] == read[1]


@pytest.mark.parametrize("name", REAL_FILES)
def test_pyxaf_reads_the_same_lines(books: Books, shared_data: Path, name: str) -> None:
    file = shared_data / name
    shutil.copy(file, books.inbox)
    books.deliver()
    key = privacy.key()

    def known(relation: str) -> str:
        return key.pseudonym(relation, "relation")

    with pyxaf.open(file) as other:
        expected = [
            (line.account_id, line.signed_amount, line.effective_date, line.relation_id and known(line.relation_id))
            for line in other.lines()
        ]
        opening = {(line.account_id, line.signed_amount) for line in other.opening_balance("element").lines}
    ours = books.rows(
        "select account_id, amount, effective_date, customer_supplier_id from transaction_lines order by line_sequence"
    )
    assert ours == expected
    assert set(books.rows("select account_id, amount from opening_balances")) == opening


def test_names_and_addresses_are_not_loaded(books: Books, shared_data: Path) -> None:
    shutil.copy(shared_data / "xaf/ExactOnline_V32_2016.xaf", books.inbox)
    books.deliver()
    columns = [
        f"{table}.{column}"
        for table, column in books.rows(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'raw_xaf' and data_type = 'VARCHAR' and table_name not like '\\_dlt%' escape '\\'"
        )
    ]
    for column in columns:
        table, name = column.split(".")
        assert not books.rows(f"select 1 from {table} where {name} ilike '%Picasso%' or {name} ilike '%straat%'"), (
            column
        )
