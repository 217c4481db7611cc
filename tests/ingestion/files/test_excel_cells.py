"""A cell of a workbook that shows an error, or a formula nobody worked out, is no empty cell."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ingestion.errors import SourceError
from ingestion.sources import files
from ingestion.sources.files import FileSpec

SPEC = FileSpec.model_validate(
    {
        "name": "spend",
        "entity": "ad_spend",
        "pattern": "spend.xlsx",
        "format": "excel",
        "sheet": "Uitgaven",
        "columns": {"spend_date": "Dag", "channel": "Kanaal", "cost": "Kosten", "conversions": "Verkopen"},
        "values": {"currency": "EUR"},
        "ignore": ["Notitie"],
    }
)


def deliver(folder: Path, cell: str, content: str, kind: str) -> int:
    """Loads a sheet, the second of its workbook, with something else in one cell."""
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].append(["#REF!"])
    sheet = workbook.create_sheet("Uitgaven")
    sheet.append(["Dag", "Kanaal", "Kosten", "Verkopen", "Notitie"])
    for number in range(2, 30):
        sheet.append([f"2024-01-{number:02}", "google_ads", 12.5, random.Random(number).randrange(9), ""])
    sheet[cell] = content
    sheet[cell].data_type = kind
    (folder / "inbox").mkdir()
    workbook.save(folder / "inbox" / "spend.xlsx")
    delivery = files.deliver([SPEC], folder / "inbox", folder / "w.duckdb", folder / "work", time_zone="UTC")
    return delivery.tables["ad_spend"]


@pytest.mark.parametrize(
    ("cell", "content", "kind", "said"),
    [
        ("D7", "#DIV/0!", "e", "line 7, column Verkopen: this cell holds #DIV/0!"),
        ("B29", "#N/A", "e", "line 29, column Kanaal: this cell holds #N/A"),
        ("C3", "=1+1", "f", "line 3, column Kosten: this cell holds a formula without a value"),
    ],
)
def test_a_cell_that_holds_no_value_is_refused_by_its_place(
    tmp_path: Path, cell: str, content: str, kind: str, said: str
) -> None:
    with pytest.raises(SourceError) as refused:
        deliver(tmp_path, cell, content, kind)
    assert said in str(refused.value)


@pytest.mark.parametrize(("cell", "content"), [("E5", "#REF!"), ("AB5", "#REF!")])
def test_an_error_where_nothing_is_read_stops_nothing(tmp_path: Path, cell: str, content: str) -> None:
    assert deliver(tmp_path, cell, content, "e") == 28


# As LibreOffice writes them: what is alike beside or below each other is written once.
ERROR = (
    '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
    'calcext:value-type="error"{}><text:p>#DIV/0!</text:p></table:table-cell>'
)
UNWORKED = '<table:table-cell table:formula="of:=1+1"/>'
NUMBER = '<table:table-cell office:value-type="float" office:value="12.5"><text:p>12,5</text:p></table:table-cell>'
EMPTY = '<table:table-cell table:number-columns-repeated="2"/>'
EMPTY_TEXT = '<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string" office:string-value=""/>'


def text(*words: str) -> str:
    return "".join(
        f'<table:table-cell office:value-type="string"><text:p>{word}</text:p></table:table-cell>' for word in words
    )


def deliver_open_document(folder: Path, fourth: str) -> int:
    """Loads a sheet, the second of its workbook, of which three rows are alike before the fourth."""
    rows = [
        text("Dag", "Kanaal", "Kosten", "Verkopen", "Notitie"),
        text("2024-01-02", "google_ads") + NUMBER + EMPTY,
        fourth,
    ]
    repeated = ["", ' table:number-rows-repeated="3"', ""]
    lines = "".join(
        f"<table:table-row{often}>{row}</table:table-row>" for often, row in zip(repeated, rows, strict=True)
    )
    other = f'<table:table table:name="Andere"><table:table-row>{ERROR.format("")}</table:table-row></table:table>'
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    (folder / "inbox").mkdir()
    with zipfile.ZipFile(folder / "inbox" / "spend.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content{spaces} "
            'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
            f"<office:body><office:spreadsheet>{other}"
            f'<table:table table:name="Uitgaven">{lines}</table:table>{other.replace("Andere", "Derde")}'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    spec = SPEC.model_copy(update={"pattern": "spend.ods"})
    delivery = files.deliver([spec], folder / "inbox", folder / "w.duckdb", folder / "work", time_zone="UTC")
    return delivery.tables["ad_spend"]


@pytest.mark.parametrize(
    ("fourth", "said"),
    [
        (text("2024-01-05", "bing") + ERROR.format("") + EMPTY, "line 5, column Kosten: this cell holds #DIV/0!"),
        (
            text("2024-01-05", "bing") + NUMBER + ERROR.format(' table:number-columns-repeated="2"'),
            "line 5, column Verkopen: this cell holds #DIV/0!",
        ),
        (text("2024-01-05", "bing") + NUMBER + UNWORKED, "line 5, column Verkopen: this cell holds a formula without"),
    ],
    ids=["an error", "errors alike", "an unworked formula"],
)
def test_a_cell_of_an_open_document_that_holds_no_value_is_refused_by_its_place(
    tmp_path: Path, fourth: str, said: str
) -> None:
    with pytest.raises(SourceError) as refused:
        deliver_open_document(tmp_path, fourth)
    assert said in str(refused.value)


def test_errors_of_an_open_document_where_nothing_is_read_and_a_formula_that_gives_no_text_stop_nothing(
    tmp_path: Path,
) -> None:
    fourth = text("2024-01-05", "bing") + NUMBER + EMPTY_TEXT + ERROR.format(' table:number-columns-repeated="3"')
    assert deliver_open_document(tmp_path, fourth) == 4
