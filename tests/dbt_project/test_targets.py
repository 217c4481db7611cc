"""Targets, statuses and intervals: the project's own SQL on small tables, against worked cases and SciPy."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from tests.cases import check
from tests.dbt_project.replay import Built

pytestmark = pytest.mark.integration

COLOURS = {"on_track": "green", "at_risk": "yellow", "off_track": "red"}
LEVELS = (95, 80)
MODELS = ("int_targets_paced", "int_targets_by_period", "int_metric_intervals", "int_metric_statuses")
Rows = list[dict[str, Any]]
KEY = {"version": 1, "grain": "month", "period": "2024-01"}


@pytest.fixture(scope="module")
def poisson_limits(project_root: Path) -> Callable[[np.ndarray], pa.Table]:
    """The function of the Python model."""
    file = project_root / "dbt_project" / "models" / "reporting" / "targets" / "int_poisson_limits.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.limits


class Warehouse:
    """A warehouse in memory with the tables a test needs; whatever else the models read is empty."""

    EMPTY = """
        create table reporting.rpt_metrics (metric varchar, version integer, class varchar, better varchar, interval_method varchar);
        create table staging.stg_company__settings (company_id varchar, fiscal_year_start_month integer);
        create table staging.stg_company__targets (
            precedence integer, written_in varchar, metric varchar, version integer, grain varchar, period varchar, scope varchar,
            type varchar, start_value decimal(28, 6), target_value decimal(28, 6), upper_value decimal(28, 6),
            tolerance decimal(28, 6), pacing varchar, reason varchar);
        create table raw_company.targets (company_id varchar, line_number bigint);
        create table marts.dim_period (period_grain varchar, period varchar, period_start date, period_end date);
        create table marts.fct_survey_by_period (
            period_grain varchar, period varchar, survey varchar, promoter_count bigint, detractor_count bigint,
            promoter_respondent_count bigint, detractor_respondent_count bigint);
        create table reporting.int_metric_values (
            metric varchar, version integer, grain varchar, period varchar, previous_period varchar, scope varchar default 'total',
            is_partial boolean default false, is_stale boolean default false, numerator decimal(28, 6),
            denominator decimal(28, 6) default 1, n bigint, value decimal(28, 10), reason varchar);
        create table reporting.int_poisson_limits (events bigint, low_95 double, high_95 double, low_80 double, high_80 double);
    """

    def __init__(self, built: Built) -> None:
        self.built = built
        self.connection = built.connect()
        self.connection.execute(self.EMPTY)

    def add(self, table: str, rows: Rows) -> Warehouse:
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))
        return self

    def build(self, *models: str) -> Warehouse:
        for model in models:
            self.connection.execute(f"create table reporting.{model} as {self.built.sql(model)}")
        return self

    def rows(self, query: str) -> Rows:
        found = self.connection.execute(query)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def warehouse(built: Built) -> Iterator[Warehouse]:
    made = Warehouse(built)
    yield made
    made.connection.close()


def judged(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """The status of every value with a target, by metric; a year goes before its months."""
    warehouse.build(*MODELS)
    rows = warehouse.rows("select * from reporting.int_metric_statuses where target_type is not null order by grain")
    return {row["metric"]: row for row in rows}


@pytest.mark.case
def test_fin_04_and_05_are_judged_from_target_to_status(warehouse: Warehouse) -> None:
    cases = {
        "FIN-04": ("cumulative", 0, 1_000_000, 700_000, "up"),
        "FIN-05": ("level", Decimal("0.05"), Decimal("0.03"), Decimal("0.038"), "down"),
    }
    warehouse.add(
        "marts.dim_period",
        [{"period_grain": "month", "period": "2024-01", "period_start": "2024-01-01", "period_end": "2024-01-31"}],
    )
    for case, (kind, start, target, actual, better) in cases.items():
        of = {"metric": case, **KEY}
        warehouse.add(
            "reporting.rpt_metrics",
            [{"metric": case, "version": 1, "class": "flow", "better": better, "interval_method": "none"}],
        )
        warehouse.add(
            "staging.stg_company__targets",
            [{**of, "precedence": 1, "scope": "total", "type": kind, "start_value": start, "target_value": target}],
        )
        warehouse.add("reporting.int_metric_values", [{**of, "numerator": actual, "value": actual}])
    found = judged(warehouse)
    for case in cases:
        check(case, "achievement", found[case]["achievement"], of="int_metric_statuses")
        check(case, "status", COLOURS[found[case]["status"]], of="int_metric_statuses")


@pytest.mark.case
def test_fin_06_a_year_in_progress_is_judged_by_days_and_by_season(warehouse: Warehouse) -> None:
    """30 September is day 183 of the 366 from April 2023 to March 2024; two earlier years had 40 % and 44 % in by then."""
    sums = {(2021, 5): 400, (2021, 11): 600, (2022, 6): 880, (2022, 12): 1120, (2023, 9): 52_000}
    months = [(2021 + (place + 3) // 12, (place + 3) % 12 + 1) for place in range(30)]
    warehouse.connection.execute(
        """
        insert into marts.dim_period
        select 'year', year || '/' || (year + 1), make_date(year, 4, 1), make_date(year + 1, 3, 31) from range(2021, 2024) t(year)
        """
    )
    for year, month in months:
        warehouse.connection.execute(
            "insert into marts.dim_period select 'month', $1, make_date($2, $3, 1), last_day(make_date($2, $3, 1))",
            [f"{year}-{month:02}", year, month],
        )
    for pacing in ("linear", "seasonal"):
        of = {"metric": pacing, "version": 1}
        warehouse.add("reporting.rpt_metrics", [{**of, "class": "flow", "better": "up", "interval_method": "none"}])
        warehouse.add(
            "staging.stg_company__targets",
            [
                {
                    **{**of, "version": None, "precedence": 1, "grain": "year", "period": "2023/2024"},
                    **{"scope": "total", "type": "cumulative", "target_value": 120_000, "pacing": pacing},
                }
            ],
        )
        for year, month in months:
            amount = sums.get((year, month), 0)
            period = f"{year}-{month:02}"
            warehouse.add(
                "reporting.int_metric_values",
                [{**of, "grain": "month", "period": period, "numerator": amount, "value": amount}],
            )
        warehouse.add(
            "reporting.int_metric_values",
            [{**of, "grain": "year", "period": "2023/2024", "numerator": 52_000, "value": 52_000, "is_partial": True}],
        )
    found = judged(warehouse)
    for pacing, forecast in (("linear", "straight_line_forecast"), ("seasonal", "seasonal_forecast")):
        row = found[pacing]
        assert (row["grain"], row["pacing"], row["judged_through"]) == ("year", pacing, "2023-09")
        check("FIN-06", f"expected_{pacing}", row["expected_value"], of="int_metric_statuses")
        check("FIN-06", f"ach_{pacing}", row["achievement"], of="int_metric_statuses")
        check("FIN-06", f"status_{pacing}", COLOURS[row["status"]], of="int_metric_statuses")
        check("FIN-06", forecast, row[forecast], of="int_metric_statuses")


def intervals(warehouse: Warehouse, method: str, values: Rows) -> Rows:
    """The intervals of values of one metric, in the order of the values."""
    warehouse.add("reporting.rpt_metrics", [{"metric": method, "version": 1, "interval_method": method}])
    warehouse.add(
        "reporting.int_metric_values",
        [{"metric": method, **KEY, "period": f"{place:05}", **value} for place, value in enumerate(values)],
    )
    warehouse.build("int_metric_intervals")
    return warehouse.rows("select * from reporting.int_metric_intervals order by period")


def test_wilson_equals_scipy_from_none_to_all(warehouse: Warehouse) -> None:
    pairs = [(k, n) for n in (1, 2, 5, 10, 100) for k in range(n + 1)] + [(0, 50_000), (1, 50_000), (1337, 50_000)]
    values = [{"numerator": k, "denominator": n, "n": n, "value": Decimal(k) / n} for k, n in pairs]
    found = intervals(warehouse, "wilson", [*values, {"numerator": 0, "denominator": 0, "n": 0, "value": None}])
    assert len(found) == len(pairs), "nothing of nothing has no interval"
    for (k, n), row in zip(pairs, found, strict=True):
        for level in LEVELS:
            expected = stats.binomtest(k, n).proportion_ci(level / 100, "wilson")
            got = (row[f"low_{level}"], row[f"high_{level}"])
            assert [float(end) for end in got] == pytest.approx([expected.low, expected.high], abs=1e-9), (k, n)
            assert 0 <= got[0] < got[1] <= 1


def test_poisson_limits_leave_exactly_half_the_rest_on_each_side(poisson_limits: Callable[..., pa.Table]) -> None:
    counts = np.array([0, 1, 2, 3, 10, 24, 183, 872, 100_000])
    table = poisson_limits(counts)
    for level in LEVELS:
        tail = (1 - level / 100) / 2
        low, high = table[f"low_{level}"].to_numpy(), table[f"high_{level}"].to_numpy()
        assert low[0] == 0
        assert stats.poisson.sf(counts[1:] - 1, low[1:]) == pytest.approx(tail, rel=1e-9)
        assert stats.poisson.cdf(counts, high) == pytest.approx(tail, rel=1e-9)


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors"), [(162, 108, 54), (5, 3, 2), (9, 1, 0), (1, 0, 999), (20, 0, 20)]
)
def test_nps_is_as_unsure_as_its_answers_differ(
    warehouse: Warehouse, promoters: int, passives: int, detractors: int
) -> None:
    answers = np.repeat([100, 0, -100], [promoters, passives, detractors])
    add_survey(warehouse, "00000", promoters, detractors)
    [row] = intervals(
        warehouse, "nps", [{"numerator": int(answers.sum()), "denominator": answers.size, "value": answers.mean()}]
    )
    for level in LEVELS:
        half = stats.norm.ppf(0.5 + level / 200) * answers.std() / np.sqrt(answers.size)
        expected = np.clip([answers.mean() - half, answers.mean() + half], -100, 100)
        assert [float(row[f"low_{level}"]), float(row[f"high_{level}"])] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("promoters", "detractors"), [(12, 0), (0, 12), (0, 0)])
def test_twelve_equal_answers_are_not_certain(warehouse: Warehouse, promoters: int, detractors: int) -> None:
    add_survey(warehouse, "00000", promoters, detractors)
    score = 100 * (promoters - detractors) // 12
    [row] = intervals(warehouse, "nps", [{"numerator": 12 * score, "denominator": 12, "value": score}])
    assert -100 <= row["low_95"] <= score <= row["high_95"] <= 100
    assert row["high_95"] - row["low_95"] > row["high_80"] - row["low_80"] > 20


def add_survey(warehouse: Warehouse, period: str, promoters: int, detractors: int) -> None:
    counts = {"promoter_count": promoters, "detractor_count": detractors}
    counts |= {"promoter_respondent_count": promoters, "detractor_respondent_count": detractors}
    warehouse.add(
        "marts.fct_survey_by_period", [{"period_grain": "month", "period": period, "survey": "nps", **counts}]
    )


@pytest.mark.case
def test_saas_01_says_how_unsure_churn_and_the_worth_of_a_customer_are(warehouse: Warehouse) -> None:
    [churn] = intervals(warehouse, "wilson", [{"numerator": 4, "denominator": 100, "n": 100, "value": 0.04}])
    check("SAAS-01", "logo_churn_wilson95_lo", churn["low_95"], of="int_metric_intervals")
    check("SAAS-01", "logo_churn_wilson95_hi", churn["high_95"], of="int_metric_intervals")


@pytest.mark.case
def test_saas_01_says_what_a_customer_is_worth_at_either_end_of_churn(warehouse: Warehouse) -> None:
    margin = Decimal(11250) / 107 * 100 * Decimal("0.8")
    [worth] = intervals(
        warehouse, "inverse_wilson", [{"numerator": margin, "denominator": 4, "n": 100, "value": margin / 4}]
    )
    check("SAAS-01", "ltv_gm_at_churn_hi", worth["low_95"], of="int_metric_intervals")
    check("SAAS-01", "ltv_gm_at_churn_lo", worth["high_95"], of="int_metric_intervals")


@pytest.mark.case
def test_nps_02_has_the_published_standard_error(warehouse: Warehouse) -> None:
    add_survey(warehouse, "00000", 162, 54)
    value = Decimal(10800) / 324
    [row] = intervals(warehouse, "nps", [{"numerator": 10800, "denominator": 324, "value": value}])
    error = float(row["high_95"] - row["low_95"]) / 2 / stats.norm.ppf(0.975)
    check("NPS-02", "nps", (row["low_95"] + row["high_95"]) / 2, of="int_metric_intervals")
    check("NPS-02", "se_points", error, of="int_metric_intervals")
    check("NPS-02", "var", (error / 100) ** 2 * 324, of="int_metric_intervals")


@pytest.mark.case
def test_mkt_01_says_how_unsure_the_cost_of_a_sale_is(
    warehouse: Warehouse, poisson_limits: Callable[..., pa.Table]
) -> None:
    """Cost and approved conversions of the three campaigns of KAG_conversion_data.csv."""
    campaigns = {916: ("149.710001", 24), 936: ("2893.369999", 183), 1178: ("55662.149959", 872)}
    limits = poisson_limits(np.array([sales for _, sales in campaigns.values()]))  # noqa: F841 - DuckDB reads it by name
    warehouse.connection.execute("insert into reporting.int_poisson_limits by name select * from limits")
    costs = [
        {"numerator": Decimal(cost), "denominator": sales, "n": sales, "value": Decimal(cost) / sales}
        for cost, sales in campaigns.values()
    ]
    found = intervals(warehouse, "poisson", costs)
    for campaign, cost, row in zip(campaigns, costs, found, strict=True):
        check("MKT-01", f"{campaign}_cpa", cost["value"], of="int_metric_intervals")
        check("MKT-01", f"{campaign}_cpa_lo", row["low_95"], of="int_metric_intervals")
        check("MKT-01", f"{campaign}_cpa_hi", row["high_95"], of="int_metric_intervals")


GOOD = {"metric": "revenue", "grain": "year", "period": "2025", "type": "cumulative", "target_value": 100}
FLOOR = {**GOOD, "type": "floor"}
LEVEL = {**GOOD, "type": "level", "metric": "churn", "grain": "month"}
BAND = {**GOOD, "type": "band", "metric": "churn"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({**GOOD, "metric": "revenu"}, "targets.csv, line 2 (revenu, year 2025, total): there is no KPI of this name"),
        ({**GOOD, "version": 7}, "this KPI has no version 7"),
        ({**GOOD, "grain": "week"}, "grain must be month, quarter, year or ttm"),
        ({**GOOD, "type": "minimum"}, "type minimum is not known. Write cumulative, level, floor, ceiling or band"),
        ({**GOOD, "type": None}, "type (empty) is not known"),
        ({**GOOD, "pacing": "monthly"}, "pacing monthly is not known"),
        ({**GOOD, "period": "FY25"}, "period FY25 is not a period of this grain. Write 2025 for a year"),
        ({**FLOOR, "grain": "month", "period": "jan-25"}, "Write 2025-01 for a month, or 2025 for a year"),
        ({**FLOOR, "grain": "month", "period": "2025-13"}, "period 2025-13 is not a period"),
        ({**FLOOR, "grain": "quarter", "period": "2025-01"}, "Write 2025-Q1 for a quarter, or 2025 for a year"),
        ({**FLOOR, "period": None}, "period (empty) is not a period"),
        ({**GOOD, "target_value": None}, "target_value is empty"),
        (LEVEL, "a level starts somewhere: fill start_value"),
        (BAND, "a band has two edges: fill upper_value"),
        ({**BAND, "upper_value": 99}, "upper_value is below target_value"),
        ({**FLOOR, "upper_value": 200}, "upper_value belongs to a band only"),
        ({**FLOOR, "start_value": 1}, "start_value belongs to level and cumulative only"),
        ({**FLOOR, "tolerance": -1}, "tolerance is below zero"),
        ({**GOOD, "tolerance": 1}, "at risk below 90 % and off track below 75 %"),
        ({**FLOOR, "pacing": "linear"}, "a floor holds in every period: empty pacing"),
        ({**LEVEL, "start_value": 200, "pacing": "seasonal"}, "only the sum of a year has a season"),
        ({**GOOD, "metric": "churn"}, "this KPI does not add up over time (ratio)"),
        ({**LEVEL, "start_value": 50}, "less of this KPI is better, but the target is above its start"),
        ({**GOOD, "start_value": 150}, "more of this KPI is better, but the target is below its start"),
    ],
)
def test_a_target_that_can_t_be_judged_is_refused_in_words(
    warehouse: Warehouse, row: dict[str, Any], words: str
) -> None:
    [message] = problems(warehouse, [row])
    assert words in message
    assert message.startswith("targets.csv, line 2 (")


@pytest.mark.parametrize(
    "row",
    [
        GOOD,
        {**GOOD, "version": 1, "pacing": "seasonal", "start_value": 50},
        {**FLOOR, "grain": "month", "tolerance": 5},
        {**FLOOR, "grain": "month", "period": "2025-12"},
        {**FLOOR, "grain": "quarter", "period": "2025-Q4"},
        {**FLOOR, "grain": "ttm", "period": "2025-12"},
        {**LEVEL, "start_value": 200, "pacing": "end"},
        {**BAND, "upper_value": 200, "tolerance": 1},
    ],
)
def test_a_target_that_can_be_judged_is_not_refused(warehouse: Warehouse, row: dict[str, Any]) -> None:
    assert problems(warehouse, [row]) == []


def test_two_rows_for_one_key_are_refused_but_a_file_goes_before_the_seed(warehouse: Warehouse) -> None:
    twice = problems(warehouse, [GOOD, {**GOOD, "target_value": 200}, {**GOOD, "period": "2026"}])
    assert [message.endswith("this target is written 2 times. Keep one.") for message in twice] == [True, True]
    warehouse.connection.execute("update staging.stg_company__targets set precedence = target_value / 100")
    assert warehouse.rows(warehouse.built.sql("every_target_can_be_judged")) == []


def test_a_row_of_another_company_and_a_year_of_another_name_are_not_passed_over(warehouse: Warehouse) -> None:
    warehouse.add("raw_company.targets", [{"company_id": "bakery", "line_number": 9}])
    assert problems(warehouse, []) == ["targets.csv, line 9: company_id bakery is not this company. Write cafe."]
    warehouse.connection.execute("update staging.stg_company__settings set fiscal_year_start_month = 4")
    warehouse.connection.execute("truncate raw_company.targets")
    [message] = problems(warehouse, [GOOD], again=True)
    assert "Write 2025/2026 for a year" in message


def problems(warehouse: Warehouse, rows: Rows, *, again: bool = False) -> list[str]:
    """What the data test says of targets of a company with revenue (a flow) and churn (a ratio, less is better)."""
    if not again:
        warehouse.add("staging.stg_company__settings", [{"company_id": "cafe", "fiscal_year_start_month": 1}])
        for metric, kind, better in (("revenue", "flow", "up"), ("churn", "ratio", "down")):
            warehouse.add("reporting.rpt_metrics", [{"metric": metric, "version": 1, "class": kind, "better": better}])
    written = {"precedence": 1, "written_in": "targets.csv, line 2", "scope": "total"}
    warehouse.add("staging.stg_company__targets", [{**written, **row} for row in rows])
    return [row["message"] for row in warehouse.rows(warehouse.built.sql("every_target_can_be_judged"))]
