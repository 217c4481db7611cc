"""A small writer of auditfiles with the quirks of real exporters, and fixtures that deliver them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import duckdb
import pytest

from ingestion.pipeline import Delivery
from ingestion.sources import xaf

NAMESPACES = {
    "3.1": "http://www.auditfiles.nl/XAF/3.1",
    "3.2": "http://www.auditfiles.nl/XAF/3.2",
    "3.2.1": ("http://www.odb.belastingdienst.nl/Belastingdienst/BCPP/1.0/structures/XmlAuditfileFinancieel3.2.1"),
    "4.0": "http://www.odb.belastingdienst.nl/Belastingdienst/BCPP/1.1/structures/XmlauditfileXAF_4.0",
}


@dataclass(frozen=True)
class Line:
    """A transaction line as written; `side` None leaves amntTp out."""

    account: str
    amount: str
    side: str | None = "D"
    nr: str = "1"
    extra: str = ""

    def xml(self) -> str:
        side = "" if self.side is None else f"<amntTp>{self.side}</amntTp>"
        return (
            f"<trLine><nr>{self.nr}</nr><accID>{escape(self.account)}</accID><docRef/>"
            f"<effDate>2024-03-01</effDate><amnt>{self.amount}</amnt>{side}{self.extra}</trLine>\n"
        )


@dataclass(frozen=True)
class Transaction:
    """A transaction as written; None leaves an element out."""

    lines: tuple[Line, ...]
    nr: str = "1"
    period: str | None = "3"
    date: str | None = "2024-03-01"

    def xml(self) -> str:
        fields = _elements(nr=self.nr, periodNumber=self.period, trDt=self.date)
        return f"<transaction>{fields}\n{''.join(line.xml() for line in self.lines)}</transaction>\n"


@dataclass(frozen=True)
class Journal:
    """A journal as written."""

    transactions: tuple[Transaction, ...]
    id: str = "M"
    type: str | None = "M"
    offset: str | None = None

    def xml(self) -> str:
        fields = _elements(jrnID=self.id, desc="x", jrnTp=self.type, offsetAccID=self.offset)
        return f"<journal>{fields}\n{''.join(t.xml() for t in self.transactions)}</journal>\n"


def _elements(**fields: str | None) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items() if text is not None)


def sale(amount: str = "121.00", **changes: Any) -> Transaction:
    """Debtors to revenue."""
    lines = (Line("1300", amount, "D"), Line("8000", amount, "C", nr="1:1"))
    return Transaction(lines, **changes)


ACCOUNTS = (
    ("1000", "Kas", "B", "<leadReference>BLimKasKas</leadReference>"),
    ("1300", "Debiteuren", "B", "<leadReference>BVorDebHad</leadReference>"),
    ("0500", "Kapitaal", "B", ""),
    ("8000", "Omzet", "P", "<leadReference>WOmzNopOlh</leadReference>"),
)


@dataclass(frozen=True)
class Book:
    """An auditfile. Control totals are those of the lines unless `totals` says otherwise; None leaves them out."""

    journals: tuple[Journal, ...] = (Journal((sale(),)),)
    version: str = "3.2"
    namespace: str | None = None
    company: str | None = "De Proef B.V."
    year: str | None = "2024"
    start: str | None = "2024-01-01"
    end: str | None = "2024-12-31"
    currency: str | None = "EUR"
    created: str | None = "2025-02-01"
    accounts: tuple[tuple[str, str, str, str], ...] = ACCOUNTS
    after_accounts: str = ""
    opening: tuple[Line, ...] = ()
    totals: tuple[str, str, str] | str | None = "of the lines"
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
    comment: str = ""
    relations: str = ""
    reverse: bool = False
    changes: tuple[tuple[str, str], ...] = field(default=())

    def but(self, **changes: Any) -> Book:
        """The same with changes."""
        return replace(self, **changes)

    def _totals(self, lines: Iterable[Line]) -> str:
        if self.totals is None:
            return ""
        if isinstance(self.totals, tuple):
            count, debit, credit = self.totals
        else:
            kept = list(lines)
            sums = {side: sum(_cents(line.amount) for line in kept if line.side == side) for side in "DC"}
            count, debit, credit = str(len(kept)), _euros(sums["D"]), _euros(sums["C"])
        return _elements(linesCount=count, totalDebit=debit, totalCredit=credit)

    def xml(self) -> str:
        header = _elements(
            fiscalYear=self.year,
            startDate=self.start,
            endDate=self.end,
            curCode=self.currency,
            dateCreated=self.created,
            softwareDesc="proef",
        )
        ledger = "".join(
            f"<ledgerAccount>{_elements(accID=account, accDesc=name, accTp=kind)}{extra}</ledgerAccount>\n"
            for account, name, kind, extra in self.accounts
        )
        lines = [
            line for journal in self.journals for transaction in journal.transactions for line in transaction.lines
        ]
        opening = "".join(
            f"<obLine>{_elements(nr=line.nr, accID=line.account, amnt=line.amount, amntTp=line.side)}</obLine>\n"
            for line in self.opening
        )
        sections = [
            _elements(companyName=self.company),
            f"<customersSuppliers>{self.relations}</customersSuppliers>\n",
            f"<generalLedger>\n{ledger}{self.after_accounts}</generalLedger>\n",
            f"<openingBalance>\n{self._totals(self.opening)}\n{opening}</openingBalance>\n" if self.opening else "",
            f"<transactions>\n{self._totals(lines)}\n{''.join(j.xml() for j in self.journals)}</transactions>\n",
        ]
        company = f"<company>\n{''.join(reversed(sections) if self.reverse else sections)}</company>\n"
        head = f"<header>{header}</header>\n"
        body = company + head if self.reverse else head + company
        namespace = NAMESPACES[self.version] if self.namespace is None else self.namespace
        text = f'{self.declaration}{self.comment}<auditfile xmlns="{namespace}">\n{body}</auditfile>\n'
        for old, new in self.changes:
            assert old in text, old
            text = text.replace(old, new)
        return text


def _cents(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    whole, _, decimals = text.lstrip("+-").partition(".")
    return sign * (int(whole or "0") * 100 + int((decimals + "00")[:2]))


def _euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class Books:
    """An inbox, a warehouse, and what was delivered into it."""

    def __init__(self, root: Path) -> None:
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.warehouse = root / "warehouse.duckdb"
        self.work = root / "work"
        self.work.mkdir()

    def put(self, name: str, content: Book | str | bytes, encoding: str = "utf-8") -> Path:
        """Write a file into the inbox."""
        text = content.xml() if isinstance(content, Book) else content
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    def deliver(self, **options: Any) -> Delivery:
        """Deliver the inbox."""
        return xaf.deliver(self.inbox, self.warehouse, self.work, **options)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse, with raw_xaf as the default schema."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("use raw_xaf")
            return connection.execute(query).fetchall()

    def signed_lines(self) -> list[tuple[str, str]]:
        """(account, debit-positive amount) of all lines in order."""
        return [
            (account, str(amount))
            for account, amount in self.rows(
                "select account_id, amount from transaction_lines order by fiscal_year, line_sequence"
            )
        ]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """An empty inbox with a warehouse."""
    return Books(tmp_path)


@pytest.fixture
def new_books(tmp_path: Path) -> Callable[[str], Books]:
    """More inboxes, by name."""

    def make(name: str) -> Books:
        (tmp_path / name).mkdir()
        return Books(tmp_path / name)

    return make
