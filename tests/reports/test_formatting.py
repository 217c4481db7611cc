"""Numbers and dates as a Dutch and an English reader expect them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from reports.data import texts
from reports.formatting import Formatter

NL = Formatter("nl", "EUR", texts("nl"))
EN = Formatter("en", "EUR", texts("en"))


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "dutch", "english"),
    [
        ("1234567.89", "currency", 2, "€ 1.234.567,89", "€1,234,567.89"),
        ("1234567.89", "currency", 0, "€ 1.234.568", "€1,234,568"),
        ("-304220.09", "currency", 0, "−€ 304.220", "−€304,220"),
        ("-0.001", "currency", 0, "€ 0", "€0"),
        ("0.1234", "percent", 1, "12,3%", "12.3%"),
        ("-0.0005", "percent", 1, "0,0%", "0.0%"),
        ("0.0264", "percent", 2, "2,64%", "2.64%"),
        ("3.2", "ratio", 2, "3,20×", "3.20×"),
        ("20.075", "days", 0, "20 dagen", "20 days"),
        ("10", "points", 0, "+10", "+10"),
        ("-12", "points", 0, "−12", "−12"),
        ("18532", "count", 0, "18.532", "18,532"),
    ],
)
def test_a_value_reads_as_its_language_writes_it(
    value: str, unit: str, decimals: int, dutch: str, english: str
) -> None:
    assert NL.value(Decimal(value), unit, decimals).replace("\u00a0", " ") == dutch
    assert EN.value(Decimal(value), unit, decimals).replace("\u00a0", " ") == english


@pytest.mark.parametrize(
    ("difference", "growth", "unit", "dutch", "english"),
    [
        ("100", "0.125", "currency", "+12,5%", "+12.5%"),
        ("-0.004", None, "percent", "−0,4 procentpunt", "−0.4 pp"),
        ("0", "0", "currency", "gelijk", "unchanged"),
        ("0.0004", None, "percent", "gelijk", "unchanged"),
        ("0.004", "0.0004", "currency", "gelijk", "unchanged"),
        ("-1.2", None, "points", "−1 punt", "−1 point"),
        ("1", None, "days", "+1 dag", "+1 day"),
        ("-9", None, "points", "−9 punten", "−9 points"),
        ("5", None, "currency", None, None),
        (None, None, "percent", None, None),
    ],
)
def test_a_share_changes_in_points_and_an_amount_in_percent(
    difference: str | None, growth: str | None, unit: str, dutch: str | None, english: str | None
) -> None:
    changed = [
        words.change(
            None if difference is None else Decimal(difference), None if growth is None else Decimal(growth), unit, 0
        )
        for words in (NL, EN)
    ]
    assert [text and text.replace("\u00a0", " ") for text in changed] == [dutch, english]


def test_an_absent_value_says_its_reason() -> None:
    assert NL.value(None, "currency", 0, "source_absent") == "de bron is niet aangeleverd"
    assert EN.value(None, "currency", 0, "no_base") == "no earlier period to compare with"


def test_dates_are_written_out() -> None:
    assert (NL.day(date(2026, 3, 31)), EN.day(date(2026, 3, 31))) == ("31 maart 2026", "31 March 2026")
    assert (NL.month(date(2026, 3, 31)), NL.month(date(2026, 3, 31), short=True)) == ("maart 2026", "mrt 2026")


def test_both_languages_say_everything() -> None:
    dutch, english = texts("nl"), texts("en")
    assert dutch.keys() == english.keys()
    assert [key for key in dutch if not str(dutch[key]).strip() or not str(english[key]).strip()] == []
    same = {key for key in dutch if dutch[key] == english[key]}
    assert same <= {
        "status",
        "observations",
        "times",
        "was",
        "ones",
        "commit",
        "sql",
        "unit_currency",
        "target_cumulative",
        "target_level",
        "benchmark_line",
        "statistic_norm",
        "ops_disk_dagster",
        "ops_disk_inbox",
    }, same
