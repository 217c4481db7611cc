"""The company's settings, account mapping and targets: loaded as written, refused in words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError

from ingestion.errors import SourceError
from ingestion.sources import company
from ingestion.sources.company import CompanySettings, KpiChoices, slug

SETTINGS = CompanySettings(name="Café 't Hoekje B.V.")


def load(tmp_path: Path, mapping: str | None = None, targets: str | None = None) -> dict[str, list[tuple]]:
    paths = []
    for name, content in (("mapping.csv", mapping), ("targets.csv", targets)):
        path = tmp_path / name
        if content is not None:
            path.write_text(content, encoding="utf-8")
        paths.append(path if content is not None else None)
    company.deliver(SETTINGS, tmp_path / "w.duckdb", tmp_path / "work", account_mapping=paths[0], targets=paths[1])
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        return {
            table: connection.sql(f"select * from raw_company.{table}").fetchall()
            for table in ("settings", "account_mapping", "targets")
        }


def test_settings_become_one_row(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found["settings"] == [
        ("cafe_t_hoekje_bv", "Café 't Hoekje B.V.", "EUR", "Europe/Amsterdam", 1, Decimal("0.2100"), "mkb")
    ]
    assert found["account_mapping"] == found["targets"] == []


def test_mapping_and_targets_are_loaded_as_written(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "company_id,account_id,rgs_code\ncafe,0310,BEivGokGea\n",
        "company_id,metric,version,grain,period,scope,type,start_value,target_value,upper_value,tolerance,pacing,reason\n"
        "cafe,revenue,,year,2025,,cumulative,,100000.50,,,seasonal,Begroting\n"
        "cafe,mer,1,month,2025,total,band,,5,8,0.5,,\n",
    )
    assert found["account_mapping"] == [("cafe", "0310", "BEivGokGea")]
    assert found["targets"] == [
        (
            "cafe",
            "revenue",
            None,
            "year",
            "2025",
            None,
            "cumulative",
            None,
            Decimal("100000.5"),
            None,
            None,
            "seasonal",
            "Begroting",
            2,
        ),
        (
            "cafe",
            "mer",
            1,
            "month",
            "2025",
            "total",
            "band",
            None,
            Decimal(5),
            Decimal(8),
            Decimal("0.5"),
            None,
            None,
            3,
        ),
    ]


def test_columns_that_may_be_empty_may_be_left_out(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        targets="metric,company_id,grain,period,type,target_value\nrevenue,cafe,year,2025,cumulative,100\n",
    )
    assert found["targets"] == [
        ("cafe", "revenue", None, "year", "2025", None, "cumulative", None, Decimal(100), None, None, None, None, 2)
    ]


def test_a_column_that_is_not_known_is_not_passed_over(tmp_path: Path) -> None:
    heading = "company_id,metric,grain,period,type,target_value,tolerence"
    with pytest.raises(SourceError, match=r"line 1: column tolerence is not known.*The first line must be company_id"):
        load(tmp_path, targets=f"{heading}\nc,revenue,year,2025,floor,1,2\n")


def test_the_choice_of_kpis_becomes_one_row_per_metric(tmp_path: Path) -> None:
    core = ("revenue", "ebitda_margin", "cash", "leads", "nps")
    kpis = KpiChoices(core=core, add=("mrr",), leave_out=("csat",), owners={"cash": "Penningmeester"})
    company.deliver(SETTINGS, tmp_path / "w.duckdb", tmp_path, account_mapping=None, targets=None, kpis=kpis)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        rows = connection.sql("select * from raw_company.kpi_choices order by metric").fetchall()
    assert rows == [
        ("cash", 3, False, False, "Penningmeester"),
        ("csat", None, False, True, None),
        ("ebitda_margin", 2, False, False, None),
        ("leads", 4, False, False, None),
        ("mrr", None, True, False, None),
        ("nps", 5, False, False, None),
        ("revenue", 1, False, False, None),
    ]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("company_id,account_id\nc,1\n", "rgs_code is missing"),
        ("company_id,account_id,rgs_code\nc,1,\n", "line 2, column rgs_code: this cell is empty"),
    ],
)
def test_a_mapping_that_can_t_be_used_names_line_and_column(tmp_path: Path, mapping: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        load(tmp_path, mapping)


def test_a_comma_in_a_text_does_not_cut_it_off(tmp_path: Path) -> None:
    heading = "company_id,metric,grain,period,type,target_value,reason"
    with pytest.raises(SourceError, match=r"line 2: this line has more cells.*between quotes"):
        load(tmp_path, targets=f"{heading}\nc,revenue,year,2025,cumulative,1,Budget, second version\n")


def test_a_target_that_is_no_number_is_named(tmp_path: Path) -> None:
    header = "company_id,metric,grain,period,type,target_value\n"
    with pytest.raises(SourceError, match="line 2, column target_value, value 'veel'"):
        load(tmp_path, targets=header + "c,revenue,year,2025,cumulative,veel\n")


@pytest.mark.parametrize(
    ("field", "value"),
    [("currency", "XYZ"), ("time_zone", "Amsterdam"), ("fiscal_year_start_month", 13), ("vat_rate", "21")],
)
def test_settings_that_can_t_be_true_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        CompanySettings(**{"name": "x", field: value})


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Toro Rosso BV", "toro_rosso_bv"), ("Voorbeeld & Zonen B.V.", "voorbeeld_zonen_bv"), ("Analys.io", "analysio")],
)
def test_a_name_becomes_an_id(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_scenarios_are_loaded_as_written_and_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.csv"
    header = "company_id,scenario,place,label_nl,label_en,driver,change\n"
    file.write_text(header + "c,worst,1,Klant weg,Customer lost,revenue_pct,-0.3\n", encoding="utf-8")
    warehouse = tmp_path / "w.duckdb"
    company.deliver(SETTINGS, warehouse, tmp_path / "work", account_mapping=None, targets=None, scenarios=file)
    with duckdb.connect(str(warehouse)) as connection:
        rows = connection.execute("select scenario, label_nl, driver, change from raw_company.scenarios").fetchall()
    assert rows == [("worst", "Klant weg", "revenue_pct", Decimal("-0.3"))]
    file.write_text(header + "c,worst,1,Klant weg,Customer lost,revenue_pct,veel\n", encoding="utf-8")
    with pytest.raises(SourceError, match="not a number"):
        company.deliver(SETTINGS, warehouse, tmp_path / "work", account_mapping=None, targets=None, scenarios=file)
