"""A shop changes its export overnight. Each change is refused in words that name what changed, or gives the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestion.errors import SourceError
from ingestion.sources.files import FileSpec, helpers
from tests.faults import record

pytestmark = pytest.mark.fault

SPEC = FileSpec.model_validate(
    {
        "name": "shop",
        "entity": "orders",
        "pattern": "orders*",
        "encoding": "utf-8",
        "delimiter": ";",
        "decimal": ",",
        "thousands": ".",
        "timestamp_format": "%d-%m-%Y",
        "key": ["order_id"],
        "ignore": ["Naam"],
        "totals_row": "Totaal",
        "columns": {
            "order_id": "Nummer",
            "ordered_at": "Datum",
            "gross_amount": "Bedrag",
            "tax_amount": "Btw",
            "channel": "Kanaal",
        },
        "values": {"currency": "EUR"},
        "computed": {
            "status": "case \"Status\" when 'betaald' then 'completed' when 'weg' then 'cancelled' "
            "else error('unknown status ' || \"Status\") end",
            "shipping_amount": "if(\"Munt\" = 'EUR', 0, error('another currency: ' || \"Munt\"))",
            "discount_amount": "if(coalesce(try_cast(replace(replace(\"Bedrag\", '.', ''), ',', '.') as double), 0) < 5000, 0, "
            "error('more than a basket of this shop can be: ' || \"Bedrag\"))",
        },
    }
)
GOOD = """Nummer;Datum;Bedrag;Btw;Kanaal;Status;Munt;Naam
001;05-03-2024;1.012,50;212,63;winkel;betaald;EUR;Jansen
002;17-03-2024;40,00;8,40;markt;weg;EUR;De Vries
003;28-03-2024;-12,25;-2,57;winkel;betaald;EUR;Bakker
Totaal;;1.040,25;218,46;;;;
"""
TRUTH = [
    ("001", date(2024, 3, 5), Decimal("1012.50"), Decimal("212.63"), "winkel", "completed", "EUR"),
    ("002", date(2024, 3, 17), Decimal("40.00"), Decimal("8.40"), "markt", "cancelled", "EUR"),
    ("003", date(2024, 3, 28), Decimal("-12.25"), Decimal("-2.57"), "winkel", "completed", "EUR"),
]
_COLUMNS = ("order_id", "ordered_at", "gross_amount", "tax_amount", "channel", "status", "currency")


def put(old: str, new: str, count: int = -1) -> Callable[[], bytes]:
    """The good file with something else in it."""
    assert old in GOOD
    return lambda: GOOD.replace(old, new, count).encode()


def each(change: Callable[[list[str]], list[str]], *, header: bool = True) -> Callable[[], bytes]:
    """The good file with its lines changed, cell by cell."""

    def changed() -> bytes:
        lines = [[str(cell) for cell in line.split(";")] for line in GOOD.splitlines()]
        return "\n".join(
            ";".join(change(cells) if header or place else cells) for place, cells in enumerate(lines)
        ).encode()

    return changed


def cell(column: int, change: Callable[[str], str]) -> Callable[[], bytes]:
    """The good file with every cell of a column below the header changed."""
    return each(lambda cells: [change(one) if at == column else one for at, one in enumerate(cells)], header=False)


# What is declared safe: the same rows come out.
SAFE: dict[str, Callable[[], bytes]] = {
    "columns in another order": each(lambda cells: [cells[0], *reversed(cells[1:])]),
    "a byte order mark": lambda: GOOD.encode("utf-8-sig"),
    "Windows line ends": put("\n", "\r\n"),
    "every cell in quotes": each(lambda cells: [f'"{one}"' for one in cells]),
    "spaces around the names": put("Bedrag", " Bedrag "),
    "spaces around the cells": put("winkel", " winkel "),
    "an amount with a euro sign": put(";40,00", ";€ 40,00"),
    "a minus behind the amount": put("-12,25;-2,57", "12,25-;2,57-"),
    "amounts without thousands separators": put("1.012,50", "1012,50"),
    "spaces between thousands": put("1.012,50", "1 012,50"),
    "more decimals of nothing": put("40,00", "40,0000"),
    "no line end at the end": lambda: GOOD.rstrip().encode(),
    "empty lines at the end": put("218,46;;;;\n", "218,46;;;;\n\n"),
    "two bytes for each letter": lambda: GOOD.encode("utf-16"),
    "an ignored column is empty": cell(7, lambda _: ""),
}
# What is refused, and what the refusal must name.
BLOCKED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a column has another name": (put("Bedrag", "Amount"), "Bedrag"),
    "a column is gone": (each(lambda cells: cells[:4] + cells[5:]), "Kanaal"),
    "an ignored column that is computed with is gone": (each(lambda cells: cells[:6] + cells[7:]), "Munt"),
    "a new column": (each(lambda cells: [*cells, "x"]), "x"),
    "a new column with addresses": (put("Naam\n", "Naam;E-mail\n", 1), "E-mail"),
    "a column twice": (each(lambda cells: [*cells, cells[2]]), "Bedrag"),
    "names in capitals": (put("Nummer;Datum", "NUMMER;DATUM"), "Nummer"),
    "no header": (GOOD.partition("\n")[2].encode, "Nummer"),
    "a title above the header": (("Export van maart\n" + GOOD).encode, "Nummer"),
    "commas between the cells": (put(";", "|"), "Nummer"),
    "tabs between the cells": (put(";", "\t"), "Nummer"),
    "a decimal point": (cell(2, lambda text: text.replace(".", "").replace(",", ".")), "Bedrag"),
    "amounts in thousands with three decimals": (put("40,00", "0,040001"), "Bedrag"),
    "words for an amount": (put(";40,00", ";veertig"), "veertig"),
    "dollars": (put(";40,00", ";$40,00"), "$40,00"),
    "a spreadsheet error": (put(";40,00", ";#N/A"), "#N/A"),
    "dates the other way around": (cell(1, lambda text: "-".join(reversed(text.split("-")))), "Datum"),
    "months before days": (put("17-03-2024", "03-17-2024"), "Datum"),
    "years of two digits": (put("-2024", "-24"), "Datum"),
    "a day that is not there": (put("28-03", "30-02"), "Datum"),
    "dates as numbers of a spreadsheet": (cell(1, lambda text: "45356" if text else ""), "45356"),
    "a null storm in a column that must have values": (cell(2, lambda _: ""), "Bedrag"),
    "a null storm in the key": (cell(0, lambda text: "" if text.isdigit() else text), "Nummer"),
    "a status nobody knows": (put("weg", "geretourneerd"), "geretourneerd"),
    "another currency": (put("markt;weg;EUR", "markt;weg;USD"), "USD"),
    "cents instead of euros": (
        cell(2, lambda text: f"{int(text.replace('.', '').replace(',', '')):d}" if text else ""),
        "basket",
    ),
    "cents instead of euros, but not in the total": (put("40,00", "4000"), "1.040,25"),
    "another encoding": (lambda: GOOD.replace("Jansen", "Jönsson").encode("cp1252"), "utf-8"),
    "a web page instead of the export": (lambda: b"<!doctype html><html>Log in</html>", "Nummer"),
    "nothing at all": (lambda: b"", "empty"),
    "a total that is another": (put("1.040,25", "1.040,24"), "1.040,24"),
    "rows less than the total says": (put("002;17-03-2024;40,00;8,40;markt;weg;EUR;De Vries\n", ""), "1.040,25"),
    "cut off in the middle of a row": (GOOD[: GOOD.index("markt")].encode, "line"),
    "a cell too many": (put("Bakker", "Bakker;x"), "line 4"),
    "a quote that is not closed": (put("markt", '"markt'), "line"),
    "a zero byte": (put("markt", "ma\0rkt"), "orders.csv"),
}


def read(content: bytes, folder: Path) -> list[tuple]:
    file = folder / "orders.csv"
    file.write_bytes(content)
    found = helpers.read(file, file.name, SPEC, folder / "work", time_zone="UTC")
    rows = [tuple(row[name] for name in _COLUMNS) for row in pq.read_table(found.parquet).to_pylist()]
    return [(row[0], row[1].date(), *row[2:]) for row in rows]


def test_the_export_as_it_was_declared_gives_the_truth(tmp_path: Path) -> None:
    assert read(GOOD.encode(), tmp_path) == TRUTH


@pytest.mark.parametrize("change", [*SAFE, *BLOCKED])
def test_another_export_is_refused_by_name_or_gives_the_same_rows(tmp_path: Path, change: str) -> None:
    make, named = (SAFE[change], None) if change in SAFE else BLOCKED[change]
    content, refusal, rows = make(), "", None
    assert content != GOOD.encode()
    try:
        rows = read(content, tmp_path)
    except SourceError as error:
        refusal = str(error)
    good = rows == TRUTH if named is None else named in refusal
    record.note("changes of an export: refused by name, or declared safe", [good])
    assert good, refusal or rows
