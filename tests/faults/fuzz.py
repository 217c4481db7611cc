"""Mutates files of four kinds and reads them, in a process with limits: `python -m tests.faults.fuzz KIND FROM UNTIL`.

Each case is decided by its number alone. What is refused must be refused in words; what is accepted must add up to what
another reader finds in the same bytes. Prints the number of each case before it is read, so that a process that dies
says where, and one JSON line at the end.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import zipfile
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pyarrow.parquet as pq
import requests

from ingestion.connect import fields, http
from ingestion.errors import SourceError
from ingestion.sources import xaf
from ingestion.sources.files import helpers
from ingestion.sources.files.settings import FileSpec
from ingestion.sources.xaf import inbox, sets
from orchestration.errors import in_words

SECONDS, MEGABYTES = 60, 1000
_SPECIAL = [
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n", b'"', b"'", b";", b",", b"<", b">", b"&", b"]]>"),
    *(
        b"-",
        b"--",
        b"1e309",
        b"NaN",
        b"Infinity",
        b"0x1F",
        b"99999999999999999999",
        b"-0",
        b"1.234,56",
        b"\xe2\x80\xae",
    ),
    *(
        b"<!DOCTYPE a>",
        b"<![CDATA[",
        b"&#0;",
        b"&a;",
        b"=cmd|' /C calc'!A0",
        b"../../x",
        b"{{7*7}}",
        b"\xc3\x28",
        b"[" * 5000,
    ),
    *(b"{" * 3000, b"<a>" * 3000, b"null", b"true", b"2024-02-30", b"0000-00-00", b"9999-12-31", b"\xed\xa0\x80"),
]

_SPEC: dict[str, Any] = {
    "name": "shop",
    "entity": "orders",
    "pattern": "*",
    "key": ["order_id"],
    "columns": {"order_id": "id", "ordered_at": "at", "gross_amount": "amount", "channel": "channel"},
    "values": {"currency": "EUR"},
}
_JSON = fields.rows("id! text id\namount! decimal amount.value\nday date day\npaid boolean paid", key="id")


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """A few edits: flips, cuts, copies, other digits, and what often goes wrong put in somewhere."""
    content = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        if not content:
            break
        at, length = chance.randrange(len(content)), chance.choice((1, 2, 8, 64, 512))
        match chance.randrange(8):
            case 0:
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                del content[at : at + length]
            case 2:
                content[at:at] = content[at : at + length]
            case 3:
                content[at:at] = chance.choice(_SPECIAL)
            case 4:
                content[at : at + length] = chance.choice(_SPECIAL)
            case 5:
                del content[at:]
            case 6:
                digits = [place for place, byte in enumerate(content) if 48 <= byte <= 57]
                if digits:
                    content[chance.choice(digits)] = 48 + chance.randrange(10)
            case _:
                other = chance.randrange(len(content))
                content[at : at + length], content[other : other + length] = (
                    content[other : other + length],
                    content[at : at + length],
                )
    return bytes(content)


def _csv_seed(chance: random.Random) -> bytes:
    rows = [
        f"{n},2024-0{n % 9 + 1}-1{n % 9} 10:0{n % 9},{n * 37 % 500}.{n % 100:02},shop"
        for n in range(chance.randrange(1, 30))
    ]
    if rows and chance.random() < 0.3:
        rows[0] = '"0","2024-01-01 10:00","12.50","a, ""quoted"" one"'
    return "\n".join(["id,at,amount,channel", *rows, ""]).encode()


def read_csv(content: bytes, folder: Path) -> None:
    """Accepted rows are those that Python's csv finds, to the cent."""
    file = folder / "shop.csv"
    file.write_bytes(content)
    read = helpers.read(file, file.name, FileSpec(**_SPEC), folder / "work", time_zone="UTC")
    table = pq.read_table(read.parquet, columns=["gross_amount"])
    text = content.decode("utf-8-sig")
    found = [row for row in csv.DictReader(io.StringIO(text, newline="")) if any(row.values())]
    expected = sum((Decimal(_plain(row["amount"])) for row in found), Decimal())
    got = sum((amount for amount in table["gross_amount"].to_pylist()), Decimal())
    assert (table.num_rows, got) == (len(found), expected), f"{table.num_rows} rows {got}, {len(found)} rows {expected}"


def _plain(amount: str) -> str:
    text = amount.replace("€", "").replace("EUR", "").replace("\u2212", "-").strip()
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1].strip()}"
    return f"-{text[:-1].strip()}" if text.endswith("-") else text.replace(" ", "")


def _xml_seed(chance: random.Random) -> bytes:
    lines, total = [], Decimal()
    for number in range(chance.randrange(1, 12)):
        amount = Decimal(chance.randrange(1, 99999)) / 100
        total += amount
        for account, side in (("1100", "D"), ("8000", "C")):
            lines.append(
                f"<transaction><nr>{number}{side}</nr><periodNumber>3</periodNumber><trDt>2024-03-05</trDt><trLine><nr>1</nr>"
                f"<accID>{account}</accID><amnt>{amount}</amnt><amntTp>{side}</amntTp></trLine></transaction>"
                if chance.random() < 0
                else f"<trLine><nr>{number}{side}</nr><accID>{account}</accID><amnt>{amount}</amnt><amntTp>{side}</amntTp></trLine>"
            )
    body = f"<transaction><nr>1</nr><periodNumber>3</periodNumber><trDt>2024-03-05</trDt>{''.join(lines)}</transaction>"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<auditfile xmlns="http://www.auditfiles.nl/XAF/3.2"><header>'
        "<fiscalYear>2024</fiscalYear><startDate>2024-01-01</startDate><endDate>2024-12-31</endDate><curCode>EUR</curCode>"
        "</header><company><companyName>Bakkerij</companyName><generalLedger>"
        "<ledgerAccount><accID>1100</accID><accDesc>Bank</accDesc><accTp>B</accTp></ledgerAccount>"
        "<ledgerAccount><accID>8000</accID><accDesc>Omzet</accDesc><accTp>P</accTp></ledgerAccount></generalLedger>"
        f"<transactions><linesCount>{len(lines)}</linesCount><totalDebit>{total}</totalDebit><totalCredit>{total}</totalCredit>"
        f"<journal><jrnID>1</jrnID><desc>Bank</desc><jrnTp>B</jrnTp>{body}</journal></transactions></company></auditfile>"
    ).encode()


def read_xml(content: bytes, folder: Path) -> None:
    """Accepted lines are those that Python's own XML reader finds, and they balance."""
    file = folder / "books.xaf"
    file.write_bytes(content)
    units = inbox.units(file)
    found = sets.auditfiles([sets.part_of(unit, folder) for unit in units])
    for number, auditfile in enumerate(found):
        checked = xaf.read(auditfile, folder / f"read{number}")
        [lines] = list((folder / f"read{number}").rglob("transaction_lines*.parquet"))
        amounts = pq.read_table(lines, columns=["amount"])["amount"].to_pylist()
        there = [element for element in _tree(content).iter() if element.tag.rpartition("}")[2] == "trLine"]
        assert len(amounts) == len(there), f"{len(amounts)} lines, {len(there)} in the file"
        assert sum(amounts) == 0, f"accepted, and the lines add up to {sum(amounts)}"
        assert checked.rows


def _tree(content: bytes) -> ElementTree.Element:
    """As Python reads it, also in an encoding of which its XML reader knows the name only: one flipped bit makes utf-7."""
    try:
        return ElementTree.fromstring(content)
    except ValueError:
        declared = re.match(rb'<\?xml[^>]* encoding="([\w-]+)"', content)
        assert declared is not None
        return ElementTree.fromstring(content.decode(declared[1].decode()))


def _excel_seed(chance: random.Random) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["id", "at", "amount", "channel"])
    for number in range(chance.randrange(1, 12)):
        sheet.append([f"o{number}", f"2024-03-{number + 1:02} 10:00:00", chance.randrange(99999) / 100, "shop"])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def mutated_excel(seed: bytes, chance: random.Random) -> bytes:
    """Half of the time the package itself; else one of the XML texts in it, so that the package stays whole."""
    if chance.random() < 0.5:
        return mutated(seed, chance)
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(seed)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = chance.choice(
            [name for name in names if "sheet" in name or "shared" in name or name == chance.choice(names)]
        )
        for name in names:
            content = old.read(name)
            new.writestr(name, mutated(content, chance) if name == chosen else content)
    return target.getvalue()


def read_excel(content: bytes, folder: Path) -> None:
    """Accepted rows are those that openpyxl finds, where it can read the file too."""
    file = folder / "shop.xlsx"
    file.write_bytes(content)
    spec = FileSpec(**{**_SPEC, "format": "excel"})
    read = helpers.read(file, file.name, spec, folder / "work", time_zone="UTC")
    got = pq.read_table(read.parquet, columns=["gross_amount"])["gross_amount"].to_pylist()
    try:
        rows = list(
            openpyxl.load_workbook(io.BytesIO(content), data_only=True).worksheets[0].iter_rows(values_only=True)
        )
        names = [str(name) for name in rows[0]]
        there = [row[names.index("amount")] for row in rows[1:] if any(cell is not None for cell in row)]
        expected = [Decimal(repr(value) if isinstance(value, float) else str(value)) for value in there]
    except Exception:
        return  # refused by the other reader: nothing to compare with
    assert [math.isclose(a, b, abs_tol=1e-4) for a, b in zip(got, expected, strict=True)].count(False) == 0, (
        f"{got}, {expected}"
    )


def _json_seed(chance: random.Random) -> bytes:
    rows = [
        {
            "id": f"o{n}",
            "amount": {"value": chance.randrange(99999) / 100},
            "day": "2024-03-05",
            "paid": n % 2 == 0,
            "x": [n],
        }
        for n in range(chance.randrange(1, 20))
    ]
    return json.dumps({"orders": rows, "more": False}).encode()


def read_json(content: bytes, folder: Path) -> None:
    """Accepted rows are those of the list, to the last decimal."""
    response = requests.Response()
    response.status_code, response._content = 200, content
    response.headers["Content-Type"] = "application/json"
    try:
        body = http._parsed(response)()
    except http.Retry:
        raise SourceError("the answer is not JSON") from None
    rows = http.at(body, "orders", "The system")
    table = fields.arrow("orders", _JSON, rows)
    other = json.loads(content, parse_float=Decimal)["orders"]
    expected = [Decimal(str(row["amount"]["value"]).strip()).quantize(Decimal("0.0001")) for row in other]
    assert [value.quantize(Decimal("0.0001")) for value in table["amount"].to_pylist()] == expected


KINDS: dict[
    str, tuple[Callable[[random.Random], bytes], Callable[[bytes, random.Random], bytes], Callable[[bytes, Path], None]]
] = {
    "xml": (_xml_seed, mutated, read_xml),
    "csv": (_csv_seed, mutated, read_csv),
    "json": (_json_seed, mutated, read_json),
    "excel": (_excel_seed, mutated_excel, read_excel),
}


def peak_megabytes() -> float:
    """Of this process; `ru_maxrss` would also count the one that started it, which a large test run makes large."""
    [line] = [line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if "VmHWM" in line]
    return int(line.split()[1]) / 1000


def main(kind: str, first: int, last: int) -> None:
    """Runs the cases and prints what was accepted, what was refused and what was bad."""
    make, mutate, read = KINDS[kind]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000_000, 100_000_000))
    accepted, refused, bad = 0, 0, list[str]()
    for number in range(first, last):
        print(number, flush=True)
        chance = random.Random(f"{kind} {number}")
        content = mutate(make(chance), chance) if number % 50 else make(chance)
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        signal.alarm(SECONDS)
        try:
            read(content, folder)
            accepted += 1
        except Exception as error:
            if in_words(error) is None or isinstance(error, (AssertionError, InvalidOperation)):
                bad.append(f"{kind} {number}: {type(error).__name__}: {error}"[:400])
            elif number % 50 == 0:
                bad.append(f"{kind} {number}: a good file was refused: {error}"[:400])
            else:
                refused += 1
        finally:
            signal.alarm(0)
            shutil.rmtree(folder, ignore_errors=True)
    most = peak_megabytes()
    if most > MEGABYTES:
        bad.append(f"{kind}: {most:.0f} MB")
    print(json.dumps({"accepted": accepted, "refused": refused, "bad": bad, "megabytes": round(most)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
