"""Alert rules: the worked case, and how often they cry wolf on a KPI where nothing happens."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import duckdb
import pytest

from orchestration import alerts
from orchestration.delivery.outbox import opened
from orchestration.paths import Paths
from tests.cases import check
from tests.dbt_project.replay import Built

pytestmark = pytest.mark.integration

SERIES = 2000
BASELINE = [52, 49, 51, 50, 53, 48, 50, 51, 49, 52, 50]


def evaluate(
    built: Built, values: str, *, compare_with: str = "level", min_baseline: int = 12
) -> duckdb.DuckDBPyConnection:
    """Runs the rules over `values`, a query of (series, month_number, value); the outcome is the table `signals`."""
    connection = built.connect()
    connection.execute(
        f"""
        create table reporting.rpt_metrics as select '' as metric, 1 as version, date '2000-01-01' as valid_from where false;
        create table reporting.rpt_alert_rules as
        select 'calls' as metric, 1 as version, rule, 'month' as grain, 'up' as better, 'warning' as severity,
            cast(null as decimal(28, 6)) as limit_value, '{compare_with}' as compare_with, 1 as for_periods, run_length,
            {min_baseline} as min_baseline, 24 as max_baseline, cast(1 as decimal(28, 10)) as display_unit
        from (values ('deviation', 1), ('trend', 6)) as rules(rule, run_length);
        create table made as {values};
        create table reporting.rpt_metric_values as
        select 'calls' as metric, 1 as version, 'month' as grain, cast(series as varchar) as scope,
            cast(date '2020-01-01' + to_months(cast(month_number - 1 as integer)) as date) as period_start,
            last_day(period_start) as period_end, strftime(period_start, '%Y-%m') as period, false as is_partial,
            cast(value as decimal(28, 10)) as value, cast(null as varchar) as reason, 'no_target' as status,
            cast(value - lag(value) over (partition by series order by month_number) as decimal(28, 10)) as difference_previous,
            cast(value - lag(value, 12) over (partition by series order by month_number) as decimal(28, 10))
            as difference_last_year
        from made;
        create table signals as {built.sql("rpt_signals")}
        """
    )
    return connection


@pytest.fixture(scope="module")
def stable(built: Built) -> duckdb.DuckDBPyConnection:
    """KPIs of 24 months in which nothing happens: N(100, 10), a year to learn from and a year of monthly checks."""
    return evaluate(built, noise(months=24))


def noise(months: int) -> str:
    """Independent normal values (Box-Muller over a hash: the same on every machine and number of threads)."""
    return f"""
        with uniform as (
            select series, month_number,
                (hash(series, month_number, 1) % 1000000007 + 1) / 1000000009.0 as u,
                (hash(series, month_number, 2) % 1000000007 + 1) / 1000000009.0 as v
            from range({SERIES}) as s(series), range(1, {months + 1}) as m(month_number)
        )
        select series, month_number, 100 + 10 * sqrt(-2 * ln(u)) * cos(2 * pi() * v) as value from uniform
    """


def within(share: float, published: float) -> bool:
    """Whether a share of SERIES is the published one: three standard errors, and the half digit it was rounded by."""
    return abs(share - published) <= 3 * sqrt(published * (1 - published) / SERIES) + 0.005


def share_with_an_alarm(connection: duckdb.DuckDBPyConnection, condition: str) -> float:
    row = connection.execute(f"select count(distinct scope) / {SERIES} from signals where {condition}").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.case
def test_the_worked_case_of_a_deviation(built: Built) -> None:
    values = ", ".join(f"(0, {month}, {value})" for month, value in enumerate([*BASELINE, 38], start=1))
    connection = evaluate(
        built, f"select * from (values {values}) as made(series, month_number, value)", min_baseline=len(BASELINE)
    )
    row = connection.execute(
        """
        select baseline_median, baseline_mad, modified_z, baseline_mean, baseline_moving_range, upper_limit, lower_limit,
            is_breached
        from signals where rule = 'deviation' and period = '2020-12'
        """
    ).fetchone()
    assert row is not None
    for key, got in zip(("median", "mad", "mod_z", "mean", "mr", "unpl", "lnpl", "alert"), row, strict=True):
        check("ALERT-01", key, got, of="rpt_signals")


def test_the_simulated_kpis_are_those_of_the_published_table(stable: duckdb.DuckDBPyConnection) -> None:
    [(outside, jumps)] = stable.execute(
        f"""
        with learned as (
            select series, avg(value) as mean, stddev_samp(value) as deviation from made where month_number <= 12 group by series
        ),
        checked as (
            select made.series, month_number, abs(value - mean) > 2 * deviation as is_outside,
                abs(value / lag(value) over (partition by made.series order by month_number) - 1) > 0.1 as jumped
            from made inner join learned on made.series = learned.series
        )
        select count(distinct series) filter (is_outside) / {SERIES}, count(distinct series) filter (jumped) / {SERIES}
        from checked where month_number > 12
        """
    ).fetchall()
    assert within(outside, 0.53)
    assert within(jumps, 0.998)


def test_a_stable_kpi_is_called_a_deviation_as_often_as_published(stable: duckdb.DuckDBPyConnection) -> None:
    assert within(share_with_an_alarm(stable, "rule = 'deviation' and is_breached"), 0.15)


def test_a_stable_kpi_is_called_a_trend_as_often_as_published(stable: duckdb.DuckDBPyConnection) -> None:
    assert within(share_with_an_alarm(stable, "rule = 'trend' and is_breached"), 0.11)


def test_a_stable_kpi_raises_either_alarm_as_often_as_published(stable: duckdb.DuckDBPyConnection) -> None:
    assert within(share_with_an_alarm(stable, "is_breached"), 0.24)


def test_two_years_to_learn_from_bring_fewer_false_alarms(built: Built) -> None:
    connection = evaluate(built, noise(months=36))
    assert within(share_with_an_alarm(connection, "rule = 'deviation' and is_breached and period >= '2022-01'"), 0.10)
    # A run that began before the year is not one of these twelve checks, in the published table neither.
    assert within(share_with_an_alarm(connection, "rule = 'trend' and is_breached and period >= '2022-06'"), 0.09)


def test_taking_the_season_out_raises_as_many_false_alarms_as_a_year_of_levels(built: Built) -> None:
    connection = evaluate(built, noise(months=36), compare_with="last_year")
    share = share_with_an_alarm(
        connection, "basis = 'last_year' and rule = 'deviation' and is_breached and period >= '2022-01'"
    )
    assert within(share, 0.15)


def test_a_lasting_fall_by_two_standard_deviations_is_noticed_within_the_year(built: Built) -> None:
    shifted = f"select series, month_number, value - case when month_number > 12 then 20 else 0 end as value from ({noise(24)})"
    connection = evaluate(built, shifted)
    assert within(share_with_an_alarm(connection, "is_breached"), 0.99)


def test_people_are_told_of_a_stable_kpi_as_often_as_published(
    stable: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Twelve monthly releases: each series is a KPI, and each release is looked at as a company's is."""
    told: dict[str, set[str]] = {"deviation": set(), "trend": set()}
    judged = stable.execute("select * replace (scope as metric, 'total' as scope) from signals").to_arrow_table()
    with duckdb.connect() as released, opened(Paths(tmp_path, tmp_path, None)) as box, box.together():
        released.register("judged", judged)
        released.execute(
            """
            create schema reporting;
            create table verdicts as select * from judged;
            create view reporting.rpt_signals as select * from verdicts where period <= getvariable('month');
            create table reporting.rpt_metrics as select distinct metric, version, true as is_latest, 'core' as role,
                metric as label_nl, metric as label_en, 'count' as unit, 0 as decimals, '' as owner, 1 as sort from verdicts;
            create table reporting.rpt_alert_rules as select distinct metric, version, rule, 'core' as told_of, 1 as place,
                '' as label_nl, '' as label_en, '' as explanation_nl, '' as explanation_en from verdicts;
            create table reporting.rpt_metric_values as select distinct metric, version, grain, scope, period, period_end,
                reason, value as target_value, value as target_upper, value as expected_value from verdicts where rule = 'trend';
            """
        )
        for month in range(1, 13):
            released.execute(f"set variable month = '2021-{month:02d}'")
            for change in alerts.settle(box, alerts.newest(released), f"{month:06d}"):
                if change.what == "fired":
                    told[change.facts["rule"]].add(change.facts["metric"])
    assert within(len(told["deviation"]) / SERIES, 0.15)
    assert within(len(told["trend"]) / SERIES, 0.11)
    assert within(len(told["deviation"] | told["trend"]) / SERIES, 0.24)
