"""Finds every number of a page again: an independent reader of references, of printed numbers and of what is no number.

It shares no code with `reports`: it reads the released database with SQL of its own and the printed text with Babel.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
from babel import Locale
from babel.numbers import get_decimal_symbol, parse_decimal
from lxml import html

KEYS = {
    "rpt_income_statement": ("grain", "period", "line"),
    "rpt_balance_sheet": ("period", "line"),
    "rpt_cash_flow": ("grain", "period", "line"),
    "rpt_sources": ("source",),
    "rpt_benchmarks": ("benchmark",),
    "rpt_version_differences": ("metric", "from_version", "to_version", "grain", "period", "scope", "step"),
    "rpt_scenarios": ("scenario", "variant", "metric"),
    "rpt_scenario_drivers": ("scenario", "driver"),
    "rpt_forecasts": ("metric", "version", "purpose", "period"),
    "rpt_channel_budget": ("scope",),
    "rpt_covenants": ("covenant", "period"),
    "rpt_budget": ("grain", "period", "line"),
    "rpt_restatements": ("since", "metric", "version", "was_version", "grain", "period", "scope"),
}
IN_PERCENT = ("%", "procentpunt", "pp")
UNCHANGED = ("gelijk", "unchanged")
IN_UNIT = ("value", "previous_value", "last_year_value", "target_value", "expected_value", "interval_low")


@dataclass
class Released:
    """One release, read by reference."""

    folder: Path
    found: dict[str, Decimal | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection = duckdb.connect(str(self.folder / "kerncijfers.duckdb"), read_only=True)
        self.facts = json.loads((self.folder / "release.json").read_text(encoding="utf-8"))
        rows = self.connection.execute("select metric, version, unit, decimals from reporting.rpt_metrics").fetchall()
        self.units = {f"{metric}@{version}": unit for metric, version, unit, _ in rows}
        # A change of an amount is told in percent, and of a share in points, both with one decimal at least.
        self.decimals = {
            f"{metric}@{version}": max(decimals, 1) + 2 if unit in ("percent", "currency", "count") else decimals
            for metric, version, unit, decimals in rows
        }

    def number(self, reference: str) -> Decimal | None:
        """The number a reference names, or the difference of two."""
        if reference not in self.found:
            found = [self._one(part) for part in reference.split(" - ")]
            known = [number for number in found if number is not None]
            self.found[reference] = 2 * known[0] - sum(known) if len(known) == len(found) else None
        return self.found[reference]

    def _one(self, reference: str) -> Decimal | None:
        if reference.startswith("-"):
            lost = self._one(reference[1:])
            return None if lost is None else -lost
        head, *rest = reference.split("/")
        parts = [unquote(part) for part in rest]
        if head == "release.json":
            value: Any = self.facts
            for part in parts:
                value = value[part]
            return Decimal(value)
        *keys, column = parts
        assert re.fullmatch(r"[a-z_0-9]+", column), reference
        if "@" in head:
            metric, _, version = head.partition("@")
            of = dict(zip(("grain", "period", "scope"), keys, strict=True))
            return self._cell("rpt_metric_values", column, of | {"metric": metric, "version": version})
        return self._cell(head, column, dict(zip(KEYS[head], keys, strict=True)))

    def _cell(self, table: str, column: str, keys: dict[str, str]) -> Decimal | None:
        wheres, values = [], []
        for key, value in keys.items():
            first, between, last = value.partition("..")
            wheres.append(f"{key} between ? and ?" if between else f"{key} = ?")
            values += [first, last] if between else [value]
        rows = self.connection.execute(
            f"select {column} from reporting.{table} where {' and '.join(wheres)}", values
        ).fetchall()
        assert len(rows) == 1 or any(".." in value for value in keys.values()), (table, keys, len(rows))
        assert rows, (table, keys)
        return None if rows[0][0] is None else sum((Decimal(row[0]) for row in rows), Decimal(0))

    def words(self) -> list[str]:
        """Every text in the release that holds a digit, longest first."""
        found: set[str] = set()
        for table, column in self.connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'reporting' and data_type = 'VARCHAR' "
            "and table_name like 'rpt_%' and table_name not in ('rpt_metric_values', 'rpt_shared_parts', 'rpt_signals')"
        ).fetchall():
            rows = self.connection.execute(
                f'select distinct "{column}" from reporting.{table} where regexp_matches("{column}", \'[0-9]\')'
            ).fetchall()
            found |= {row[0] for row in rows if not re.fullmatch(r"[\d.]+", row[0])}
        rows = self.connection.execute(
            "select distinct target_reason from reporting.rpt_metric_values where target_reason is not null"
        ).fetchall()
        return sorted({" ".join(word.split()) for word in found | {row[0] for row in rows}}, key=len, reverse=True)


def mistakes(file: Path, release: Path) -> list[str]:
    """What is wrong with the numbers of a page: not found, another number, printed wrongly, not linked, or no reference."""
    released = Released(release)
    root: Any = html.parse(str(file), html.HTMLParser(encoding="utf-8")).getroot()
    locale = Locale.parse({"nl": "nl_NL", "en": "en_GB"}[root.get("lang")])
    places = _places(root, file)
    wrong: list[str] = []
    elements = root.xpath("//data")
    assert elements
    for element in elements:
        reference, shown = _whole(element), " ".join(element.text_content().split())
        value = released.number(reference)
        if value is None or Decimal(element.get("value")) != value:
            wrong.append(f"{reference} is {value}, not {element.get('value')}")
        elif not _printed(value, shown, locale, released.decimals.get(reference.split("/")[0], 0)):
            wrong.append(f"{reference} is {value}, printed as {shown}")
        elif not _in_its_unit(reference, shown, element, released):
            wrong.append(f"{reference} is printed without its unit: {shown}")
        for part in reference.split(" - "):
            entry = part.lstrip("-").split("/")[0].replace("@", "-").removesuffix(".json")
            if entry not in places:
                wrong.append(f"the appendix has no {entry}")
            elif not _leads_to(element, entry, places[entry]):
                wrong.append(f"nothing near {reference} leads to #{entry}")
    wrong += [f"no reference: {text}" for text in _left_over(root, released, locale)]
    return sorted(set(wrong))


def sizes(file: Path) -> tuple[int, int]:
    """The bytes of a page, and of what it is without its interaction: the script and the history only that shows."""
    page = file.read_bytes()
    return len(page), len(re.sub(rb"<script.*?</script>", b"", page, flags=re.DOTALL))


def _whole(element: Any) -> str:
    """Its reference, of which a row or article may say the beginning for all numbers in it."""
    holder = next(element.iterancestors("tr", "article"), None)
    base = None if holder is None else holder.get("data-of")
    parts = element.get("data-ref").split(" - ")
    return " - ".join(re.sub(r"^(-?)\./", rf"\g<1>{base}/", part) for part in parts)


def _places(root: Any, file: Path) -> dict[str, set[str]]:
    """Where each entry can be opened: on the page itself, or on a page of the release that it links to."""
    places = {id: {f"#{id}"} for id in root.xpath("//@id")}
    for link in {href for href in root.xpath("//a/@href") if ".html" in href}:
        page = (file.parent / link).read_text(encoding="utf-8")
        for id in re.findall(r"<article id=([^ >]+)", page):
            places.setdefault(id, set()).add(link)
    return places


def _printed(value: Decimal, shown: str, locale: Locale, decimals: int) -> bool:
    if shown in UNCHANGED:
        return abs(value) <= Decimal(1).scaleb(-decimals) / 2
    number = re.search(r"\d[\d.,]*", shown)
    assert number, shown
    printed = parse_decimal(number[0], locale=locale, strict=True) * (-1 if "−" in shown else 1)
    _, _, fraction = number[0].partition(get_decimal_symbol(locale))
    meant = value * 100 if any(sign in shown for sign in IN_PERCENT) else value
    return meant.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_EVEN) == printed


def _in_its_unit(reference: str, shown: str, element: Any, released: Released) -> bool:
    head, *_, column = reference.split("/")
    if " - " in reference or column not in IN_UNIT:
        return True
    sign = {"currency": "€", "percent": "%", "ratio": "×"}.get(released.units.get(head, ""), "")
    # A chart says once what its amounts are in.
    return sign in shown or any(
        sign in key.text_content() for key in element.xpath("ancestor::figure//*[@class='key']")
    )


def _leads_to(element: Any, entry: str, links: set[str]) -> bool:
    """Within the row, card, figure, sentence or definition that holds it, or the head of its column; the appendix is where it opens to."""
    for holder in element.iterancestors("tr", "li", "article", "figure", "p", "dl", "table", "section", "header"):
        if holder.get("id") in (entry, "definitions") or links & set(holder.xpath(".//a/@href")):
            return True
        if holder.tag in ("section", "header"):
            return False
    return False


def _left_over(root: Any, released: Released, locale: Locale) -> list[str]:
    for element in root.xpath(
        "//data | //*[local-name()='svg'] | //pre | //style | //title | //script | //*[@data-words]"
    ):
        element.tail = f" {element.tail or ''}"
        element.drop_tree()
    text = " ".join(" ".join(root.itertext()).replace("\u00a0", " ").replace("\u2060", "").split())
    for word in [str(released.facts["release"]), str(released.facts.get("commit") or ""), *released.words()]:
        text = text.replace(word, " ") if word else text
    names = [
        name.replace(".", "")
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for name in locale.months[context][width].values()
    ]
    months = "|".join(sorted(set(names), key=len, reverse=True))
    # What is no figure: dates, years and ages of cohorts, versions, the level of an interval, and the scale of an axis.
    exceptions = (
        rf"(\d{{1,2}} )?({months}) \d{{4}}(, \d\d:\d\d)?",
        r"\b20\d\d-Q[1-4]\b",
        r"\b20\d\d\b",
        r"\b(versie|version) \d+",
        r"\b(naar|to) (versie|version) \d+",
        r"\b\d+ (maand|maanden|month|months) later\b",
        r"\b(Na|After) \d+ (maanden|months)\b",
        r"95%:",
        r"× € ?1[.,]000",
        r"× € ?1 ?(mln|million|m)\b",
    )
    for exception in exceptions:
        text = re.sub(exception, " ", text, flags=re.IGNORECASE)
    return [text[max(0, found.start() - 40) : found.end() + 20] for found in re.finditer(r"\d[\d.,]*", text)]
