"""Scenarios: the worked case of runway under other revenues, and the company's own scenarios."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.cases import check, worked_cases
from tests.dbt_project.replay import Built

pytestmark = pytest.mark.integration

MONTHS = 12


def outcomes(
    built: Built, cash: int, revenue: int, cost: int, growth: dict[str, str]
) -> dict[tuple[str, str], Decimal | None]:
    """Value by (scenario, outcome) for a company with this revenue and cost per month, and scenarios of revenue only."""
    connection = built.connect()
    changed = " union all ".join(
        f"select '{name}' as scenario, 1 as place, '' as label_nl, '' as label_en, 'revenue_pct' as driver, "
        f"{change}::decimal(12, 6) as change, null::boolean as is_outside_history"
        for name, change in growth.items()
    )
    connection.execute(
        f"""
        create table staging.stg_company__settings as select 'made_up' as company_id, 0.21::decimal(6, 4) as vat_rate;
        create table reporting.rpt_scenario_drivers as {changed};
        create table marts.dim_period as
            select 'ttm' as period_grain, '2024-12' as period, date '2024-01-01' as period_start, date '2024-12-31' as period_end;
        create table intermediate.int_source_coverage as
            select 'ledger' as source, date '2024-01-02' as first_date, date '2024-12-31' as last_date;
        create table marts.fct_income_by_period as
            select period_grain, period, period_end, line as income_line, amount::decimal(28, 2) as amount
            from marts.dim_period, (values ('net_revenue', {revenue * MONTHS}), ('personnel', {-cost * MONTHS})) as lines(line, amount);
        create table marts.fct_position_by_period as
            select period_grain, period, period_end, 'cash' as balance_line, 'bank' as balance_detail,
                {cash}::decimal(28, 2) as closing_balance
            from marts.dim_period;
        create table marts.fct_burn_by_period as
            select period_grain, period, {MONTHS} as month_count, {(cost - revenue) * MONTHS}::decimal(28, 2) as cash_burn
            from marts.dim_period;
        create table marts.fct_financing_by_period as
            select period_grain, period, 0::decimal(28, 2) as repaid_amount from marts.dim_period;
        """
    )
    rows = connection.execute(f"select scenario, metric, value from ({built.sql('rpt_scenarios')})").fetchall()
    return {(scenario, metric): value for scenario, metric, value in rows}


@pytest.mark.case
def test_runway_under_other_revenues_is_the_worked_case(built: Built) -> None:
    inputs = worked_cases()["SCEN-01"]["inputs"]
    growth = {"worst_rev_minus20": "-0.20", "best_rev_plus20": "0.20", "best_rev_plus36": "0.36"}
    found = outcomes(built, inputs["cash"], inputs["revenue"], inputs["cost"], growth)
    check("SCEN-01", "base", found["base", "runway"], of="rpt_scenarios")
    for name in growth:
        check("SCEN-01", name, found[name, "runway"], of="rpt_scenarios")
    check("SCEN-01", "break_even_growth", found["base", "break_even_growth"], of="rpt_scenarios")


def test_the_outcome_of_the_middle_is_not_the_middle_of_the_outcomes(built: Built) -> None:
    found = outcomes(built, 216_000, 50_000, 68_000, {"down": "-0.20", "up": "0.20"})
    runways = [found[name, "runway"] for name in ("down", "base", "up")]
    assert None not in runways
    down, base, up = (Decimal(str(value)) for value in runways)
    assert (down + up) / 2 - base > 5


def test_a_company_replaces_a_scenario_whole_and_keeps_the_others(built: Built) -> None:
    connection = built.connect()
    connection.execute(
        """
        create table staging.stg_company__settings as select 'bakkerij' as company_id;
        create table seeds.scenarios(company_id varchar, scenario varchar, place integer, label_nl varchar, label_en varchar,
            driver varchar, change decimal(12, 6));
        create table raw_company.scenarios as from seeds.scenarios;
        insert into seeds.scenarios values
            ('*', 'worst', 1, 'Slecht', 'Worst', 'revenue_pct', -0.1), ('*', 'worst', 1, 'Slecht', 'Worst', 'dso_days', 15),
            ('*', 'best', 2, 'Goed', 'Best', 'revenue_pct', 0.1), ('slagerij', 'best', 2, 'Goed', 'Best', 'revenue_pct', 0.5);
        insert into raw_company.scenarios values
            ('bakkerij', 'worst', 1, 'Klant weg', 'Customer lost', 'revenue_pct', -0.3),
            ('slagerij', 'closing', 3, 'Dicht', 'Closed', 'revenue_pct', -1);
        """
    )
    rows = connection.execute(
        f"select scenario, driver, change from ({built.sql('stg_company__scenarios')})"
    ).fetchall()
    assert sorted(rows) == [("best", "revenue_pct", Decimal("0.1")), ("worst", "revenue_pct", Decimal("-0.3"))]
