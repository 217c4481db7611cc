"""Cells of an Excel workbook that hold no value though they are not empty. The reader gives both kinds as empty."""

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

    Of a workbook in another form than .xlsx there is nothing to say. Raises one of `UNREADABLE` for a damaged one.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if _BOOK not in (there := archive.namelist()):
            return
        place = _place(archive, sheet)
        if place in there:
            with archive.open(place) as part:
                yield from _cells(part)


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


def _number(reference: str) -> int:
    """The column of a cell: A1 is 0, AB7 is 27."""
    found = 0
    for letter in reference.rstrip("0123456789"):
        found = found * 26 + ord(letter) - 64
    return found - 1
