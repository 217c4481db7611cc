"""Any balanced ledger written as an auditfile comes back as exactly the same signed lines."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.sources import xaf
from ingestion.sources.xaf import inbox, sets
from tests.ingestion.xaf.conftest import NAMESPACES, Book, Journal, Line, Transaction

ACCOUNTS = ("0310", "310", "1300", "8000", " spatie", "Ré&<1>")
amounts = st.integers(-(10**12), 10**12)


def _line(account: str, cents: int, negative: bool, nr: str) -> Line:
    """The same signed amount, written as a positive or a negative one."""
    side = "D" if (cents >= 0) != negative else "C"
    written = -abs(cents) if negative else abs(cents)
    text = f"{'-' if written < 0 else ''}{abs(written) // 100}.{abs(written) % 100:02d}"
    return Line(account, text.removesuffix(".00") if abs(written) % 3 else text, side, nr)


@st.composite
def transactions(draw: st.DrawFn) -> tuple[Transaction, list[tuple[str, Decimal]]]:
    """A balanced transaction, and its lines as account and debit-positive amount."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(ACCOUNTS), amounts, st.booleans()), min_size=1, max_size=6))
    drawn.append((draw(st.sampled_from(ACCOUNTS)), -sum(cents for _, cents, _ in drawn), draw(st.booleans())))
    lines = tuple(_line(account, cents, negative, f"1:{i}") for i, (account, cents, negative) in enumerate(drawn))
    number = draw(st.sampled_from(["1", "2", "VRK.1", "1"]))
    period = str(draw(st.integers(0, 55)))
    return Transaction(lines, number, period), [(account.strip(), Decimal(cents) / 100) for account, cents, _ in drawn]


@given(
    journals=st.lists(st.lists(transactions(), max_size=4), min_size=1, max_size=3),
    version=st.sampled_from(list(NAMESPACES)),
    reverse=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "iso-8859-1", "utf-16"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_balanced_ledger_comes_back_unchanged(
    journals: list[list[tuple[Transaction, list[tuple[str, Decimal]]]]], version: str, reverse: bool, encoding: str
) -> None:
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    book = Book(
        journals=tuple(Journal(tuple(t for t, _ in each), id=str(i)) for i, each in enumerate(journals)),
        accounts=tuple((account.replace("&", "&"), "x", "B", "") for account in ACCOUNTS),
        version=version,
        reverse=reverse,
        declaration=f'<?xml version="1.0" encoding="{declared}"?>\n',
    )
    expected = [line for journal in journals for _, lines in journal for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.xaf"
        file.write_bytes(book.xml().encode(encoding))
        (unit,) = inbox.units(file)
        checked = xaf.read(sets.single(sets.part_of(unit, Path(folder))), Path(folder) / "out")
        table = pq.read_table(checked.tables["transaction_lines"]).sort_by("line_sequence")
    assert list(zip(table["account_id"].to_pylist(), table["amount"].to_pylist(), strict=True)) == expected
