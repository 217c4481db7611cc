"""Scenarios, forecasts and channel budgets of a release to render, beside the words they are told with."""

from __future__ import annotations

from pathlib import Path

import duckdb

WORDS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "words.csv"


def fill(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """A best and a worst case around the twelve months of 2025, a tested forecast, a refused one, and two channels."""
    connection.execute(
        f"""
        insert into reporting.rpt_words select * from read_csv('{WORDS}');
        insert into reporting.rpt_scenario_drivers by name
        select scenario, place, label || $1 as label_nl, label || $1 as label_en, driver, change, 8 as history_n,
            -0.04 as history_p10, 0.05 as history_p90,
            abs(change) > 0.05 as is_outside_history
        from (values ('best', 1, 'Best', 'revenue_pct', 0.10), ('worst', 2, 'Worst', 'revenue_pct', -0.10),
            ('worst', 2, 'Worst', 'gross_margin_pt', -0.02), ('worst', 2, 'Worst', 'dso_days', 15))
            as t(scenario, place, label, driver, change);
        """,
        [text],
    )
    connection.execute(
        """
        insert into reporting.rpt_scenarios by name
        select scenario, place as scenario_place, label || $1 as label_nl, label || $1 as label_en, 'all' as variant, metric,
            metric_place, 'ttm' as grain, '2025-12' as period,
            case when metric = 'runway' and scenario = 'best' then null else base + step * size end as value,
            base as base_value, case when metric = 'runway' and scenario = 'best' then 'not_applicable' end as reason
        from (values ('base', 0, 'As it goes', 0), ('best', 1, 'Best', 1), ('worst', 2, 'Worst', -1),
            ('bank', 3, 'Fewer sales', -2)) as s(scenario, place, label, step)
        cross join (values ('revenue', 1, 1000000, 100000), ('gross_margin', 2, 0.6, 0.02), ('ebitda', 3, 90000, 61000),
            ('dscr', 9, 1.9, 0.3), ('net_burn', 5, 2000, -5000), ('runway', 6, 14.2, 3), ('cash_after_12_months', 7, 5000, 60000))
            as m(metric, metric_place, base, size)
        """,
        [text],
    )
    connection.execute(
        """
        insert into reporting.rpt_forecasts by name
        select 'revenue' as metric, 1 as version, 'month' as grain, 'forecast' as purpose, '2026-0' || step as period,
            make_date(2026, step, 1) as period_start, step, 90000 + step as value, 80000 - step as low,
            100000 + 3 * step as high, 0.8 as level, 'theta' as method, 36 as months_used, 0.7 as mase, 0.75 as coverage,
            36 as backtest_count
        from (values (1), (2), (3)) t(step);
        insert into reporting.rpt_forecasts (metric, version, grain, purpose, months_used, reason)
        values ('cash', 1, 'month', 'none', 3, 'insufficient_history');
        """
    )
    connection.execute(
        """
        insert into reporting.rpt_channel_budget by name
        select 'channel:google_ads' || $1 as scope, 1500.5 as monthly_spend, 18006 as spend, 4.1 as roas, 2.5 as break_even_roas,
            400 as conversions, 1.64 as contribution_per_euro, 1.31 as contribution_low, 2.05 as contribution_high,
            'no_planned_variation' as marginal_reason, -0.1 as change, -150.05 as step_spend, 120.5 as gain, 20.25 as gain_low,
            260.75 as gain_high, 'average' as method
        union all by name
        select 'channel:meta_ads' || $1 as scope, 800 as monthly_spend, 9600 as spend, 3 as roas, 2.5 as break_even_roas,
            20 as conversions, 'not_enough_data' as marginal_reason, 'not_enough_data' as reason, 0 as change
        """,
        [text],
    )
