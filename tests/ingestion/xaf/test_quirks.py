"""Files with the quirks of real exporters load, and mean what they mean."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from ingestion.errors import SourceError
from ingestion.sources import xaf
from tests.ingestion.xaf.conftest import ACCOUNTS, NAMESPACES, Book, Books, Journal, Line, Transaction, sale

SALE = [("1300", "121.00"), ("8000", "-121.00")]


@pytest.mark.parametrize("version", list(NAMESPACES))
def test_every_version_is_read_and_named(books: Books, version: str) -> None:
    books.put("a.xaf", Book(version=version))
    assert books.deliver().warnings == ()
    assert books.rows("select xaf_version from auditfiles") == [(version,)]
    assert books.signed_lines() == SALE


@pytest.mark.parametrize(
    ("namespace", "version"),
    [("http://www.auditfiles.nl/XAF/4.0", "4.0"), ("http://www.odb.belastingdienst.nl/XAF/4.0", "4.0"), ("", "3.2")],
)
def test_a_namespace_that_does_not_exist_is_no_obstacle(books: Books, namespace: str, version: str) -> None:
    books.put("a.xaf", Book(namespace=namespace))
    books.deliver()
    assert books.rows("select xaf_version from auditfiles") == [(version,)]
    assert books.signed_lines() == SALE


@pytest.mark.parametrize(
    ("encoding", "declaration", "comment"),
    [
        ("utf-8-sig", '<?xml version="1.0" encoding="utf-8"?>\r\n', "<!--Created by Exact\r\n-->\r\n"),
        ("iso-8859-1", '<?xml version="1.0" encoding="ISO-8859-1"?>\n', ""),
        ("utf-16", '<?xml version="1.0" encoding="UTF-16"?>\n', ""),
        ("utf-8", "", ""),
    ],
)
def test_encodings_marks_comments_and_missing_declarations_are_read(
    books: Books, encoding: str, declaration: str, comment: str
) -> None:
    book = Book(company="Café Één B.V.", declaration=declaration, comment=comment)
    books.put("a.xaf", book.xml().replace("\n", "\r\n"), encoding)
    books.deliver()
    assert books.rows("select company_name, company_id from auditfiles") == [("Café Één B.V.", "cafe_een_bv")]
    assert books.signed_lines() == SALE


def test_elements_in_any_order_with_comments_between_are_read(books: Books) -> None:
    book = Book(reverse=True, changes=(("<amnt>121.00", "<!-- x --><amnt>12<!-- y -->1.00"),))
    books.put("a.xaf", book)
    # Journal and transaction properties may come after what is in them.
    text = (books.inbox / "a.xaf").read_text()
    fields = "<jrnID>M</jrnID><desc>x</desc><jrnTp>M</jrnTp>"
    books.put("a.xaf", text.replace(fields, "").replace("</journal>", f"{fields}</journal>"))
    books.deliver()
    assert books.rows("select distinct journal_id, transaction_number, period_number from transaction_lines") == [
        ("M", "1", 3)
    ]
    assert books.signed_lines() == SALE


def test_a_negative_debit_is_a_credit(books: Books) -> None:
    refund = Transaction((Line("1300", "-50", "D"), Line("8000", "-50.0", "C")), nr="2")
    books.put("a.xaf", Book(journals=(Journal((sale(), refund)),)))
    delivery = books.deliver()
    assert books.signed_lines() == [*SALE, ("1300", "-50.00"), ("8000", "50.00")]
    assert "as written" in delivery.warnings[0]
    assert books.rows("select total_debit from auditfiles") == [(Decimal("71.00"),)]


def test_what_is_odd_about_a_file_is_said_again_while_the_file_is_there(books: Books) -> None:
    refund = Transaction((Line("1300", "-50", "D"), Line("8000", "-50.0", "C")), nr="2")
    books.put("a.xaf", Book(journals=(Journal((sale(), refund)),)))
    first = books.deliver()
    again = books.deliver()
    assert [file.status for file in again.files] == ["unchanged"]
    assert again.warnings == first.warnings != ()
    books.put("a.xaf", Book())
    assert books.deliver().warnings == ()


@pytest.mark.parametrize(
    ("totals", "named"),
    [
        (("3", "171.00", "171.00"), "counted as a credit"),
        (("3", "221.00", "121.00"), "without their sign"),
        (("3", "121.00", "-121.00"), "as written"),
    ],
)
def test_control_totals_may_count_negative_amounts_in_one_of_the_known_ways(
    books: Books, totals: tuple[str, str, str], named: str
) -> None:
    lines = (Line("1300", "171", "D"), Line("8000", "-50", "D"), Line("0500", "121", "C"))
    books.put("a.xaf", Book(journals=(Journal((Transaction(lines),)),), totals=totals))
    assert named in books.deliver().warnings[0]


@pytest.mark.parametrize(("credit", "warned"), [("1000", False), ("-1000", False), ("0.00", True)])
def test_an_opening_balance_without_sides_is_signed(books: Books, credit: str, warned: bool) -> None:
    opening = (Line("1000", "1000", None), Line("0500", "-1000", None))
    declared = "<linesCount>2</linesCount><totalDebit>{}</totalDebit><totalCredit>{}</totalCredit>\n<obLine>"
    change = (declared.format("0.00", "0.00"), declared.format("1000", credit))
    books.put("a.xaf", Book(opening=opening, changes=(change,)))
    assert bool(books.deliver().warnings) == warned
    assert books.rows("select account_id, amount from opening_balances order by line_sequence") == [
        ("1000", Decimal(1000)),
        ("0500", Decimal(-1000)),
    ]
    assert books.rows("select has_opening_balance from auditfiles") == [(True,)]


def test_an_opening_balance_inside_and_outside_the_transactions_is_kept_as_it_is(books: Books) -> None:
    opening = Transaction((Line("1000", "10"), Line("0500", "10", "C")), period="0", date="2024-01-01")
    journals = (Journal((opening,), id="O", type="O"), Journal((sale(period="13"), sale(nr="2", period="55"))))
    books.put("a.xaf", Book(journals=journals, opening=(Line("1000", "10.00"), Line("0500", "10.00", "C"))))
    books.deliver()
    assert books.rows(
        "select journal_type, period_number, count(*) from transaction_lines group by all order by 2"
    ) == [("O", 0, 2), ("M", 13, 2), ("M", 55, 2)]
    assert books.rows("select count(*), sum(amount) from opening_balances") == [(2, Decimal(0))]


def test_what_is_missing_is_left_empty(books: Books) -> None:
    book = Book(currency=None, start=None, end=None, journals=(Journal((sale(period=None, date=None),), type=None),))
    books.put("a.xaf", book)
    warnings = books.deliver().warnings
    assert [text.split(": ")[1] for text in warnings] == [
        "the header has no start or end date; the calendar year 2024 is assumed.",
        "no curCode; euros are assumed.",
    ]
    assert books.rows("select distinct period_number, transaction_date, journal_type from transaction_lines") == [
        (None, None, None)
    ]
    assert books.rows("select currency, fiscal_year_start, fiscal_year_end from auditfiles") == [
        ("EUR", date(2024, 1, 1), date(2024, 12, 31))
    ]


def test_transaction_numbers_come_back_in_other_journals_and_even_in_the_same(books: Books) -> None:
    halves = (
        Transaction((Line("1300", "100"),), nr="7"),
        Transaction((Line("8000", "100", "C"),), nr="7"),
    )
    books.put("a.xaf", Book(journals=(Journal((sale(), sale()), id="A"), Journal((sale(), *halves), id="B"))))
    (warning,) = books.deliver().warnings
    assert "2 transactions balance only together" in warning
    assert books.rows("select count(*), count(distinct line_sequence) from transaction_lines") == [(8, 8)]


@pytest.mark.parametrize(
    ("year", "start", "end", "kept"),
    [
        ("2023-2024", "2023-07-01", "2024-06-30", "2023-2024"),
        ("2024", "2023-07-01", "2024-06-30", "2024"),
        ("2004", "2015-01-01", "2015-12-31", "2015"),
    ],
)
def test_the_fiscal_year_is_the_one_of_its_dates(books: Books, year: str, start: str, end: str, kept: str) -> None:
    books.put("a.xaf", Book(year=year, start=start, end=end))
    delivery = books.deliver()
    assert books.rows("select fiscal_year, cast(fiscal_year_start as varchar) from auditfiles") == [(kept, start)]
    assert any("it is kept as" in text for text in delivery.warnings) == (kept != year)


def test_transactions_dated_outside_the_fiscal_year_load_with_a_warning(books: Books) -> None:
    books.put("a.xaf", Book(year="2004", start="2004-01-01", end="2004-12-31"))
    assert "dated outside the fiscal year" in books.deliver().warnings[0]


def test_a_file_without_control_totals_loads_with_a_warning(books: Books) -> None:
    books.put("a.xaf", Book(totals=None))
    assert "no control totals" in books.deliver().warnings[0]
    assert books.signed_lines() == SALE


GLOBE = Journal(
    (Transaction((Line("8000", "100", "C"),)), Transaction((Line("8000", "20", "C"),), nr="2")), "V", "S", "1300"
)


@pytest.mark.parametrize("totals", [("2", "0", "120.00"), ("4", "120.00", "120.00")])
def test_counter_entries_implied_by_the_offset_account_are_added(books: Books, totals: tuple[str, str, str]) -> None:
    books.put("a.xaf", Book(version="3.1", journals=(GLOBE,), totals=totals))
    assert "one was added to each transaction" in books.deliver().warnings[0]
    assert books.signed_lines() == [("8000", "-100.00"), ("1300", "100.00"), ("8000", "-20.00"), ("1300", "20.00")]
    assert books.rows("select count(distinct line_sequence), max(line_sequence) from transaction_lines") == [(4, 4)]


def test_counter_entries_that_are_elsewhere_in_the_file_are_not_added_again(books: Books) -> None:
    counters = Journal((Transaction((Line("1000", "120"),), nr="9"),), "K", "C", "1300")
    books.put("a.xaf", Book(version="3.1", journals=(GLOBE, counters)))
    assert "the file does as a whole" in books.deliver().warnings[0]
    assert len(books.signed_lines()) == 3


@pytest.mark.parametrize(
    "journal",
    [
        Journal((*GLOBE.transactions, sale(nr="3")), "V", "S", "1300"),
        Journal((*GLOBE.transactions, Transaction((Line("1300", "5"),), nr="3")), "V", "S", "1300"),
        Journal(GLOBE.transactions, "V", "S", None),
    ],
)
def test_an_offset_account_excuses_nothing_when_the_journal_balances_otherwise(books: Books, journal: Journal) -> None:
    books.put("a.xaf", Book(version="3.1", journals=(journal,)))
    with pytest.raises(SourceError, match="Transaction 1 of journal V does not balance"):
        books.deliver()


def test_rgs_codes_come_from_every_place_exporters_put_them(books: Books) -> None:
    places = {
        "1": ("B", "<RGScode>BLimBan</RGScode><leadReference>BVorDeb</leadReference>"),
        "2": ("B", "<leadReference>BEivGokGea</leadReference><leadDescription>Voorraden</leadDescription>"),
        "3": (
            "B",
            "<taxonomy><taxoRef>rgs</taxoRef><entryPoint><conceptRef>rgs-i_BLimKas</conceptRef></entryPoint></taxonomy>",
        ),
        "4": ("B", "<leadCode>BVorDeb</leadCode>"),
        "5": ("B", "<leadCode>16</leadCode><leadDescription>Liquide middelen</leadDescription>"),
        "6": ("P", "<leadDescription>Voorraden</leadDescription>"),
        "7": ("P", "<leadCode>43</leadCode><leadDescription>Omzet</leadDescription>"),
        "8": ("P", ""),
    }
    taxonomies = (
        "<taxonomies><taxonomy><taxoRef>rgs</taxoRef><taxoElement><txCd>WOmzNop</txCd><txClusCd>x</txClusCd>"
        "<glAccID>8</glAccID></taxoElement></taxonomy></taxonomies>"
    )
    accounts = tuple((account, "x", kind, extra) for account, (kind, extra) in places.items())
    books.put("a.xaf", Book(accounts=(*ACCOUNTS, *accounts), after_accounts=taxonomies))
    books.deliver()
    assert books.rows(
        "select account_id, rgs_code, rgs_source from ledger_accounts where length(account_id) = 1 order by 1"
    ) == [
        ("1", "BLimBan", "RGScode"),
        ("2", "BEivGokGea", "leadReference"),
        ("3", "BLimKas", "taxonomy"),
        ("4", "BVorDeb", "leadCode"),
        ("5", "BLim", "leadDescription"),
        ("6", None, None),
        ("7", None, None),
        ("8", "WOmzNop", "taxonomy"),
    ]


def test_group_names_are_the_official_ones(shared_data: object) -> None:
    import csv
    from pathlib import Path

    from ingestion.sources.xaf import settings

    with (Path(str(shared_data)) / "rgs/rgs_mkb_3_7.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["nivo"] == "2"]
    official = {}
    for row in rows:
        for name in row["omschrijving_kort"].casefold().split(" - "):
            official[name] = row["rgs_code"]
    assert {name: official.get(name) for name in settings.RGS_GROUPS} == settings.RGS_GROUPS


def test_accounts_that_are_neither_balance_nor_result_follow_their_rgs_code(books: Books) -> None:
    mixed = (("M1", "x", "M", "<leadReference>WOmz</leadReference>"), ("M2", "x", "M", ""))
    books.put("a.xaf", Book(accounts=(*ACCOUNTS, *mixed)))
    assert "2 accounts are neither" in books.deliver().warnings[0]
    assert books.rows("select account_type from ledger_accounts where account_id like 'M%' order by account_id") == [
        ("P",),
        ("B",),
    ]


@pytest.mark.parametrize("packing", ["gz", "zip"])
def test_packed_files_are_read(books: Books, packing: str) -> None:
    content = Book().xml().encode()
    if packing == "gz":
        books.put("a.xaf.gz", gzip.compress(content))
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("2024/a.xaf", content)
            archive.writestr("leesmij.txt", "x")
        books.put("a.zip", buffer.getvalue())
    assert [path.name for path in xaf.find(books.inbox)] == [f"a.{'xaf.gz' if packing == 'gz' else 'zip'}"]
    books.deliver()
    assert books.signed_lines() == SALE


def _exact_globe_parts(comments: bool) -> tuple[str, str, str]:
    """Master data, then two parts with transactions, each an auditfile with its own header."""
    two = sale(nr="2")
    whole = Book(version="3.1", journals=(Journal((sale(),)), Journal((two,), id="N")))
    totals = ("4", "242.00", "242.00")
    first = whole.but(journals=(), totals=None, comment="<!-- Vervolgbestand 1 van 3 -->\n" if comments else "")
    parts = [
        whole.but(
            journals=(journal,),
            totals=totals,
            accounts=(),
            comment=f"<!-- Vervolgbestand {number} van 3 -->\n" if comments else "",
        )
        for number, journal in enumerate(whole.journals, 2)
    ]
    return first.xml(), parts[0].xml(), parts[1].xml()


@pytest.mark.parametrize("comments", [True, False])
def test_the_parts_of_a_split_auditfile_are_one(books: Books, comments: bool) -> None:
    for number, text in enumerate(_exact_globe_parts(comments)):
        books.put(f"export_{number}.XAF", text)
    delivery = books.deliver()
    assert books.signed_lines() == SALE * 2
    assert books.rows("select files, lines_count from auditfiles") == [(3, 4)]
    assert [(file.file, file.rows) for file in delivery.files] == [
        ("export_0.XAF", 0),
        ("export_1.XAF", 2),
        ("export_2.XAF", 2),
    ]
    assert {file.status for file in books.deliver().files} == {"unchanged"}


@pytest.mark.parametrize("missing", [0, 1, 2])
@pytest.mark.parametrize("comments", [True, False])
def test_a_missing_part_refuses_the_whole(books: Books, missing: int, comments: bool) -> None:
    for number, text in enumerate(_exact_globe_parts(comments)):
        if number != missing:
            books.put(f"export_{number}.XAF", text)
    with pytest.raises(SourceError):
        books.deliver()


def test_a_document_cut_in_pieces_is_read_as_one_with_the_right_lines(books: Books) -> None:
    text = Book(journals=(Journal((sale(), sale(nr="2"))),)).xml()
    cut = text.index("<transaction><nr>2")
    books.put("groot.xaf", text[:cut])
    books.put("groot_2.xaf", f'<?xml version="1.0"?>\n<!-- Vervolgbestand 2 van 2 -->\n{text[cut:]}')
    books.deliver()
    assert books.signed_lines() == SALE * 2
    assert books.rows("select file_name, file_line from transaction_lines where transaction_number = '2'") == [
        ("groot_2.xaf", 4),
        ("groot_2.xaf", 5),
    ]
    (books.inbox / "groot_2.xaf").unlink()
    with pytest.raises(SourceError, match="broken off"):
        books.deliver()


def test_numbered_downloads_of_the_same_year_are_not_added_up(books: Books) -> None:
    books.put("export_0.xaf", Book())
    books.put("export_1.xaf", Book(journals=(Journal((sale(), sale(nr="2"))),)))
    delivery = books.deliver()
    assert books.signed_lines() == SALE * 2
    assert "exports of the same year; export_1.xaf is used" in delivery.warnings[0]
    assert [file.status for file in delivery.files] == ["ignored", "loaded"]
    assert [file.status for file in books.deliver().files] == ["ignored", "unchanged"]


def test_the_same_year_again_replaces_itself_and_leaves_other_years(books: Books) -> None:
    old = Book(year="2023", start="2023-01-01", end="2023-12-31")
    opening = (Line("1000", "5"), Line("0500", "5", "C"))
    books.put("2023.xaf", old)
    books.put("2024.xaf", Book(opening=opening))
    books.deliver()
    books.put("2024.xaf", Book(journals=(Journal((sale("242.00"),)),), created="2025-03-01"))
    delivery = books.deliver()
    assert [(file.file, file.status) for file in delivery.files] == [("2023.xaf", "unchanged"), ("2024.xaf", "loaded")]
    assert books.signed_lines() == [*SALE, ("1300", "242.00"), ("8000", "-242.00")]
    # The new export has no opening balance; the one of the old export is gone.
    assert books.rows("select count(*) from opening_balances") == [(0,)]


def test_of_two_exports_of_a_year_the_newest_counts(books: Books) -> None:
    books.put("b.xaf", Book(created="2025-01-01"))
    books.put("a.xaf", Book(created="2025-02-01", journals=(Journal((sale("1.00"),)),)))
    delivery = books.deliver()
    assert books.signed_lines() == [("1300", "1.00"), ("8000", "-1.00")]
    assert "a.xaf is newer" in delivery.warnings[0]


def test_two_companies_are_refused_unless_listed(books: Books) -> None:
    books.put("a.xaf", Book())
    books.put("b.xaf", Book(company="Ander Bedrijf B.V."))
    with pytest.raises(SourceError, match="more than the one company"):
        books.deliver()
    with pytest.raises(SourceError, match="does not list"):
        books.deliver(administrations=["de_proef_bv"])
    assert books.deliver(administrations=["de_proef_bv", "Ander Bedrijf B.V."]).tables["transaction_lines"] == 4


def test_an_empty_inbox_makes_empty_tables(books: Books) -> None:
    books.put("notes.xml", "<notes/>")
    assert set(books.deliver().tables.values()) == {0}
    assert len(books.deliver().tables) == 5


def test_the_header_is_read_without_loading_anything(books: Books) -> None:
    header = xaf.read_header(books.put("a.xaf", Book(version="4.0")))
    assert (header.company_id, header.fiscal_year, header.version, header.currency) == (
        "de_proef_bv",
        "2024",
        "4.0",
        "EUR",
    )
    assert header.date_created == date(2025, 2, 1)


def test_one_transaction_of_very_many_lines_does_not_lose_any(
    books: Books, monkeypatch: pytest.MonkeyPatch, new_books: Callable[[str], Books]
) -> None:
    from ingestion.sources.xaf import settings

    monkeypatch.setattr(settings, "BATCH_LINES", 7)
    lines = tuple(Line("1300", "1", nr=str(i)) for i in range(50))
    many = Transaction((*lines, Line("8000", "50", "C")), nr="9")
    books.put("a.xaf", Book(journals=(Journal((sale(), many, sale(nr="10"))),)))
    books.deliver()
    assert books.rows("select transaction_number, count(*) from transaction_lines group by all order by 2, 1") == [
        ("1", 2),
        ("10", 2),
        ("9", 51),
    ]
