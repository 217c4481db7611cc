"""Cells of a workbook, .xlsx or .ods, that hold no value though they are not empty. The reader gives both as empty."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

_BOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_OPEN_DOCUMENT = "content.xml"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_KIND = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value-type"
_KIND_OF_LIBREOFFICE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_ID = re.compile(r"\}id$")
# What lxml, zipfile and a sheet that is not where the workbook says it is raise.
UNREADABLE = (
    etree.XMLSyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
)
_SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def without_value(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Line, column (from 0) and what is there: an error such as #DIV/0!, or a formula that was never worked out.

    Of a workbook in another form there is nothing to say. Raises one of `UNREADABLE` for a damaged one.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        there = archive.namelist()
        if _BOOK in there and (place := _place(archive, sheet)) in there:
            with archive.open(place) as part:
                yield from _cells(part)
        elif _OPEN_DOCUMENT in there:
            with archive.open(_OPEN_DOCUMENT) as part:
                yield from _cells_of_open_document(part, sheet)


def _place(archive: zipfile.ZipFile, sheet: str) -> str:
    """Where in the archive the cells of a sheet are."""
    parser = etree.XMLParser(**_SAFE)
    book, relations = (etree.fromstring(archive.read(name), parser) for name in (_BOOK, _RELATIONS))
    [found] = [one for one in book.iter("{*}sheet") if one.get("name") == sheet]
    [number] = [value for name, value in found.attrib.items() if _ID.search(name)]
    [target] = [one.get("Target") for one in relations.iter("{*}Relationship") if one.get("Id") == number]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _cells(part: IO[bytes]) -> Iterator[tuple[int, int, str]]:
    line = column = 0
    for event, element in etree.iterparse(part, events=("start", "end"), tag=("{*}row", "{*}c"), **_SAFE):
        is_row = element.tag.endswith("}row")
        if event == "start":
            if is_row:
                line, column = int(element.get("r") or line + 1), 0
            continue
        if is_row:
            element.clear()
            continue
        reference = element.get("r")
        column = _number(reference) if reference else column
        value, kind = element.findtext("{*}v"), element.get("t")
        if kind == "e":
            yield line, column, value or "an error"
        elif not value and kind != "str" and element.find("{*}f") is not None:  # a text may be worked out to be empty
            yield line, column, "a formula without a value"
        column += 1


def _cells_of_open_document(part: IO[bytes], sheet: str) -> Iterator[tuple[int, int, str]]:
    line, is_chosen = 1, False
    tags = (f"{_TABLE}table", f"{_TABLE}table-row")
    for event, element in etree.iterparse(part, events=("start", "end"), tag=tags, **_SAFE):
        if element.tag == tags[0]:
            line, is_chosen = 1, event == "start" and element.get(f"{_TABLE}name") == sheet
        elif event == "end":
            column = 0
            for cell in element.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell") if is_chosen else ():
                after = column + int(cell.get(f"{_TABLE}number-columns-repeated") or 1)
                if cell.get(_KIND_OF_LIBREOFFICE) == "error":
                    yield from ((line, at, cell.findtext("{*}p") or "an error") for at in range(column, after))
                elif cell.get(f"{_TABLE}formula") and not cell.get(_KIND):
                    yield from ((line, at, "a formula without a value") for at in range(column, after))
                column = after
            line += int(element.get(f"{_TABLE}number-rows-repeated") or 1)
            element.clear()


def _number(reference: str) -> int:
    """The column of a cell: A1 is 0, AB7 is 27."""
    found = 0
    for letter in reference.rstrip("0123456789"):
        found = found * 26 + ord(letter) - 64
    return found - 1
