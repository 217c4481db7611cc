"""What can't be trusted is refused in one clear sentence, and leaves nothing behind."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from ingestion.errors import SourceError
from ingestion.sources.xaf import settings
from tests.ingestion.xaf.conftest import Book, Books, Journal, Line, Transaction, sale

pytestmark = pytest.mark.fault

XML = Book().xml()
BOMB = '<!DOCTYPE auditfile [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>\n'


def _zip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xaf", content)
    return buffer.getvalue()


REFUSED = {
    "truncated": ("a.xaf", XML[:-200].encode(), "a.xaf, line [0-9]+: The file is broken off"),
    "truncated in a tag": ("a.xaf", XML[: XML.index("<amntTp>") + 4].encode(), "broken off"),
    "empty": ("a.xaf", b"", "a.xaf: The file is empty"),
    "only a mark and spaces": ("a.xaf", b"\xef\xbb\xbf \r\n", "is empty"),
    "empty xml": ("a.xml", b"", "is empty"),
    "binary": ("a.xaf", bytes(range(256)) * 20, "not XML"),
    "encrypted": ("a.xac", b"\x8c\x0d\x04\x03" * 100, "encrypted"),
    "doctype": ("a.xaf", XML.replace("<auditfile", BOMB + "<auditfile").encode(), "line 2: The file has a DOCTYPE"),
    "doctype utf-16": (
        "a.xaf",
        XML.replace("UTF-8", "UTF-16").replace("<auditfile", BOMB + "<auditfile").encode("utf-16"),
        "DOCTYPE",
    ),
    "doctype with an entity in use": (
        "a.xaf",
        XML.replace("<auditfile", BOMB + "<auditfile").replace("De Proef", "&b;").encode(),
        "DOCTYPE",
    ),
    "undeclared entity": ("a.xaf", XML.replace("De Proef", "&b;").encode(), "not well-formed"),
    "wrong encoding": ("a.xaf", XML.replace("Debiteuren", "Debiteuren é").encode("iso-8859-1"), "line 8.*encoding"),
    "unknown encoding": ("a.xaf", XML.replace("UTF-8", "rot13").encode(), "encoding"),
    "bare ampersand": ("a.xaf", XML.replace("Kas", "Kas & bank").encode(), "line 7: The XML is not well-formed"),
    "crossed tags": (
        "a.xaf",
        XML.replace("</period", "</perio", 1).replace("</nr>", "</n>", 1).encode(),
        "well-formed",
    ),
    "huge text": ("a.xaf", XML.replace("Kas", "x" * 11_000_000).encode(), "too large"),
    "too deep": ("a.xaf", XML.replace("Kas", "<a>" * 400 + "</a>" * 400).encode(), "too deep"),
    "other xml": ("a.xaf", b"<notes><note/></notes>", "first element is <notes>"),
    "xaf 3.0": ("a.xaf", Book(namespace="http://www.auditfiles.nl/XAF/3.0").xml().encode(), "This is XAF 3.0"),
    "clair 2": (
        "a.xaf",
        XML.replace("<header>", "<header><auditfileVersion>CLAIR2.00.00</auditfileVersion>").encode(),
        "CLAIR2.00.00",
    ),
    "adf": ("a.adf", b"CLAIR1.00.00" + b" " * 200, "ADF auditfile"),
    "no company": ("a.xaf", Book(company=None).xml().encode(), "names no company"),
    "no year": ("a.xaf", Book(year=None, start=None).xml().encode(), "no startDate or endDate"),
    "a start that is no date": ("a.xaf", Book(start="1-1-2024").xml().encode(), "value '1-1-2024'.*startDate"),
    "truncated gzip": ("a.xaf.gz", gzip.compress(XML.encode() * 50)[:-20], "damaged or incomplete"),
    "damaged zip": ("a.zip", b"PK\x03\x04" + b"x" * 300, "damaged or incomplete"),
    "comma": ("a.xaf", XML.replace("<amnt>121.00", "<amnt>121,00").encode(), "line 16, value '121,00'.*amount"),
    "cents in three": ("a.xaf", XML.replace("<amnt>121.00", "<amnt>121.005").encode(), "two decimals"),
    "no amount": ("a.xaf", XML.replace("<amnt>121.00</amnt>", "").encode(), "no amount"),
    "side": ("a.xaf", XML.replace("<amntTp>D", "<amntTp>X").encode(), "value 'X'.*neither D nor C"),
    "period": ("a.xaf", XML.replace("<periodNumber>3", "<periodNumber>maart").encode(), "value 'maart'"),
    "date": ("a.xaf", XML.replace("<trDt>2024-03-01", "<trDt>2024-02-30").encode(), "value '2024-02-30'"),
    "totals that are no number": ("a.xaf", Book(totals=("two", "1", "1")).xml().encode(), "linesCount is not a number"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_can_not_be_read_is_refused_in_one_sentence(books: Books, case: str) -> None:
    name, content, message = REFUSED[case]
    books.put(name, content)
    with pytest.raises(SourceError, match=message) as refusal:
        books.deliver()
    # A reader sees no trace of the parser, only the sentence.
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    assert "Traceback" not in str(refusal.value)


@pytest.mark.parametrize(
    ("totals", "message"),
    [
        (("3", "121.00", "121.00"), r"linesCount 3, but the lines give 2 \(difference -1\)"),
        (("2", "121.01", "121.00"), r"totalDebit 121.01, but the lines give 121.00 \(difference -0.01\)"),
        (("2", "121.00", "1121.00"), r"totalCredit 1,121.00, but the lines give 121.00"),
    ],
)
def test_wrong_control_totals_are_refused_with_the_difference(
    books: Books, totals: tuple[str, str, str], message: str
) -> None:
    books.put("a.xaf", Book(totals=totals))
    with pytest.raises(SourceError, match=f"a.xaf, line 12: The control totals of the transactions.*{message}"):
        books.deliver()


def test_wrong_totals_of_the_opening_balance_are_refused(books: Books) -> None:
    book = Book(opening=(Line("1000", "10"), Line("0500", "10", "C")), totals=("2", "121.00", "121.00"))
    books.put("a.xaf", book)
    with pytest.raises(SourceError, match=r"control totals of the opening balance.*difference -111\.00"):
        books.deliver()


def test_a_transaction_that_does_not_balance_is_named_with_line_and_difference(books: Books) -> None:
    wrong = Transaction((Line("1300", "100.00"), Line("8000", "90.00", "C")), nr="2024-17")
    books.put("a.xaf", Book(journals=(Journal((sale(), wrong), id="VRK"),)))
    with pytest.raises(
        SourceError,
        match=r"a.xaf, line 19: Transaction 2024-17 of journal VRK does not balance: debit 100.00, credit 90.00, "
        r"difference 10.00",
    ):
        books.deliver()


def test_a_changed_amount_names_the_transaction_and_the_totals(books: Books) -> None:
    books.put("a.xaf", XML.replace("<amnt>121.00", "<amnt>120.00", 1))
    with pytest.raises(SourceError, match=r"does not balance.*difference -1.00.*totalDebit 121.00 against 120.00"):
        books.deliver()


def test_lines_on_accounts_that_are_not_listed_are_refused_with_the_amount(books: Books) -> None:
    odd = Transaction((Line("4999", "30.00"), Line("1300", "30.00", "C")), nr="5")
    books.put("a.xaf", Book(journals=(Journal((sale(), odd)),)))
    with pytest.raises(SourceError, match=r"line 20, value '4999'.*4999 with 30.00 on 1 line\."):
        books.deliver()


def test_another_currency_than_the_company_reports_in_is_refused(books: Books) -> None:
    books.put("a.xaf", Book(currency="USD"))
    with pytest.raises(SourceError, match="in USD, but the company reports in EUR"):
        books.deliver(currency="EUR")


@pytest.mark.parametrize("packed", [lambda b: ("a.xaf.gz", gzip.compress(b)), lambda b: ("a.zip", _zip(b))])
def test_a_decompression_bomb_is_refused(books: Books, packed: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RATIO_APPLIES_FROM", 1024**2)
    name, content = packed(XML.encode() + b" " * 20_000_000)  # type: ignore[operator]
    books.put(name, content)
    with pytest.raises(SourceError, match="unpacks to more than"):
        books.deliver()


def test_a_refusal_leaves_everything_as_it_was(books: Books) -> None:
    books.put("2023.xaf", Book(year="2023", start="2023-01-01", end="2023-12-31"))
    books.deliver()
    before = books.warehouse.read_bytes()
    # The good file comes before the bad one, and is not loaded either.
    books.put("2024.xaf", Book())
    books.put("2025.xaf", Book(year="2025", start="2025-01-01", end="2025-12-31", totals=("9", "1", "1")))
    with pytest.raises(SourceError):
        books.deliver()
    assert books.warehouse.read_bytes() == before
    assert not (books.work / "xaf").exists()


def test_no_message_shows_a_name_or_an_address(books: Books) -> None:
    relation = "<customerSupplier><custSupID>1</custSupID><custSupName>J. Geheim & Zn</custSupName></customerSupplier>"
    books.put("a.xaf", Book(relations=relation))
    with pytest.raises(SourceError) as refusal:
        books.deliver()
    assert "Geheim" not in str(refusal.value)
