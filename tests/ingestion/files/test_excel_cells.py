"""A cell of Excel that shows an error, or a formula nobody worked out, is no empty cell."""

from __future__ import annotations

import random
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
