"""Opening hours in company.toml: what they become, and what is refused in words."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError

from ingestion.sources import company
from ingestion.sources.company import CompanySettings, SupportSettings
from orchestration import company as company_file
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths

DECLARED = """
open_on = ["goede vrijdag", 2025-05-05]
closed_on = [2025-12-24]

[[schedules]]
monday = ["08:30-12:30", "13:00-24:00"]

[[schedules]]
since = 2025-03-01
saturday = ["09:00-13:00"]
"""


def read(toml: str) -> SupportSettings:
    return SupportSettings.model_validate(tomllib.loads(toml))


def test_a_schedule_holds_until_the_day_before_the_next(tmp_path: Path) -> None:
    company.deliver(
        CompanySettings(name="Servicepunt B.V."),
        tmp_path / "w.duckdb",
        tmp_path / "work",
        account_mapping=None,
        targets=None,
        support=read(DECLARED),
    )
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.sql("select * from raw_company.opening_hours order by all").fetchall() == [
            (date(1900, 1, 1), date(2025, 2, 28), 1, 510, 750),
            (date(1900, 1, 1), date(2025, 2, 28), 1, 780, 1440),
            (date(2025, 3, 1), date(9999, 12, 31), 6, 540, 780),
        ]
        assert connection.sql(
            "select count(*) from raw_company.closed_days where closed_on = '2025-12-24'"
        ).fetchall() == [(1,)]


def test_holidays_are_closed_but_for_what_is_named() -> None:
    closed = {row["closed_on"] for row in read(DECLARED).closed_days()}
    assert {date(2019, 4, 22), date(2024, 4, 1), date(2025, 4, 21), date(2038, 4, 26)} <= closed, "Easter Mondays"
    assert not {date(2019, 4, 19), date(2024, 3, 29), date(2025, 4, 18)} & closed, "Good Friday is named in open_on"
    assert {date(year, 12, 25) for year in range(1990, 2100)} <= closed
    assert date(2025, 5, 5) not in closed
    assert date(2020, 5, 5) in closed
    assert date(2025, 12, 24) in closed
    assert read('holidays = "none"\n[[schedules]]\nmonday = ["09:00-17:00"]').closed_days() == []


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[[schedules]]\nmonday = ["9-17"]', "09:00-17:30"),
        ('[[schedules]]\nmonday = ["17:00-09:00"]', "end after they begin"),
        ('[[schedules]]\nmonday = ["24:30-24:45"]', "end after they begin"),
        ('[[schedules]]\nmonday = ["13:00-17:00", "09:00-12:00"]', "monday overlap"),
        ("[[schedules]]\nsince = 2025-01-01", "no weekday has hours"),
        ("schedules = []", "no \\[\\[support.schedules\\]\\]"),
        ('[[schedules]]\nmonday = ["09:00-17:00"]\n[[schedules]]\ntuesday = ["09:00-17:00"]', "follow each other"),
        ('holidays = "XX"\n[[schedules]]\nmonday = ["09:00-17:00"]', "no holidays are known of 'XX'"),
        (
            'open_on = ["Sinterklaas"]\n[[schedules]]\nmonday = ["09:00-17:00"]',
            "'Sinterklaas' is no holiday of NL; known:",
        ),
        ('open_on = [2025-12-24]\n[[schedules]]\nmonday = ["09:00-17:00"]', "2025-12-24 is no holiday of NL"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused_in_words(toml: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        read(toml)


def test_company_toml_says_where_a_schedule_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text('[[support.schedules]]\nmonday = ["9-17"]', encoding="utf-8")
    with pytest.raises(KerncijfersError, match=r"support\.schedules\[1\]\.monday\[1\]: write opening hours as"):
        company_file.read(Paths(data=tmp_path, inbox=tmp_path, company=file))
