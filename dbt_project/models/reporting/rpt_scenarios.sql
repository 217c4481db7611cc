-- Grain: one row per scenario, variant and metric: what the last twelve closed months would have been with changed drivers. base
-- changes nothing. variant all changes every driver of the scenario at once; the other variants one of them at a time.
-- Scenarios are assumptions: they have no probabilities, and the outcome is not linear, so they must not be averaged.
-- Cost of sales moves with revenue, operating costs do not. Later payment takes cash once; interest is paid on the debt at
-- the end. Tax keeps its share of the profit. Repayments go on as they did. A runway of more than five years is not told as a
-- number: with so little burn it says how near to zero the burn is, and not how long the money lasts.
{% set drivers = ['revenue_pct', 'gross_margin_pt', 'cost_pct', 'dso_days', 'interest_pt'] -%}
{% set outcomes = [
    'revenue', 'gross_margin', 'ebitda', 'net_profit', 'net_burn', 'runway', 'cash_after_12_months', 'lowest_cash', 'dscr',
    'break_even_growth',
] -%}
with

settings as (

    select * from {{ ref('stg_company__settings') }}

),

drivers as (

    select * from {{ ref('rpt_scenario_drivers') }}

),

closed as (

    select max(periods.period_end) as period_end
    from {{ ref('dim_period') }} as periods
    inner join {{ ref('int_source_coverage') }} as coverage
        on
            coverage.source = 'ledger'
            and periods.period_end <= coverage.last_date
            and periods.period_start >= {{ dbt.date_trunc('month', 'coverage.first_date') }}
    where periods.period_grain = 'ttm'

),

ledger as (

    select count(*) as source_count
    from {{ ref('int_source_coverage') }}
    where source = 'ledger'

),

income as (

    select
        income.period,
        {% for line in [
            'net_revenue', 'cost_of_sales', 'other_income', 'personnel', 'other_operating_costs', 'depreciation',
            'financial_result', 'tax',
        ] -%}
        sum(case when income.income_line = '{{ line }}' then income.amount else 0 end) as {{ line }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('fct_income_by_period') }} as income
    inner join closed
        on income.period_end = closed.period_end
    where income.period_grain = 'ttm'
    group by income.period

),

positions as (

    select
        positions.period,
        sum(case when positions.balance_line = 'cash' then positions.closing_balance else 0 end) as cash,
        -sum(
            case
                when
                    positions.balance_detail in (
                        'long_term_debt', 'subordinated_debt', 'short_term_loans', 'repayments_due', 'lease_liabilities'
                    )
                    then positions.closing_balance
                else 0
            end
        ) as debt
    from {{ ref('fct_position_by_period') }} as positions
    inner join closed
        on positions.period_end = closed.period_end
    where positions.period_grain = 'ttm'
    group by positions.period

),

burn as (

    select * from {{ ref('fct_burn_by_period') }}
    where period_grain = 'ttm'

),

financing as (

    select * from {{ ref('fct_financing_by_period') }}
    where period_grain = 'ttm'

),

last_year as (

    select
        income.*,
        positions.cash,
        positions.debt,
        burn.cash_burn,
        burn.month_count,
        financing.repaid_amount
    from income
    inner join positions
        on income.period = positions.period
    inner join burn
        on income.period = burn.period
    inner join financing
        on income.period = financing.period

),

labels as (

    select distinct
        scenario,
        place,
        label_nl,
        label_en
    from drivers

),

sizes as (

    select
        scenario,
        count(*) as driver_count
    from drivers
    group by scenario

),

variants as (

    select
        'base' as scenario,
        'all' as variant,
        {% for driver in drivers -%}
        cast(0 as decimal(12, 6)) as {{ driver }},
        {% endfor -%}
        cast(null as boolean) as is_outside_history
    union all
    select
        scenario,
        'all' as variant,
        {% for driver in drivers -%}
        cast(sum(case when driver = '{{ driver }}' then change else 0 end) as decimal(12, 6)) as {{ driver }},
        {% endfor -%}
        max(cast(is_outside_history as integer)) = 1 as is_outside_history
    from drivers
    group by scenario
    union all
    select
        drivers.scenario,
        drivers.driver as variant,
        {% for driver in drivers -%}
        cast(case when drivers.driver = '{{ driver }}' then drivers.change else 0 end as decimal(12, 6)) as {{ driver }},
        {% endfor -%}
        drivers.is_outside_history
    from drivers
    inner join sizes
        on drivers.scenario = sizes.scenario
    where sizes.driver_count > 1

),

-- Costs are negative in the income lines, as they are in the statement.
lines_changed as (

    select
        variants.*,
        last_year.period,
        last_year.cash as cash_now,
        last_year.cash_burn,
        last_year.month_count,
        last_year.repaid_amount,
        last_year.depreciation,
        last_year.tax,
        last_year.financial_result,
        last_year.net_revenue + last_year.cost_of_sales + last_year.other_income + last_year.personnel
        + last_year.other_operating_costs as ebitda_now,
        last_year.net_revenue * (1 + variants.revenue_pct) as revenue,
        last_year.cost_of_sales * (1 + variants.revenue_pct)
        + variants.gross_margin_pt * last_year.net_revenue * (1 + variants.revenue_pct) as cost_of_sales,
        last_year.other_income,
        (last_year.personnel + last_year.other_operating_costs) * (1 + variants.cost_pct) as operating_costs,
        last_year.financial_result - variants.interest_pt * last_year.debt as new_financial_result,
        variants.dso_days * last_year.net_revenue * (1 + variants.revenue_pct) * (1 + settings.vat_rate) / 365 as paid_later
    from variants
    cross join settings
    left join last_year
        on 1 = 1

),

results as (

    select
        lines_changed.*,
        revenue + cost_of_sales as gross_margin_amount,
        revenue + cost_of_sales + other_income + operating_costs as ebitda,
        revenue + cost_of_sales + other_income + operating_costs + depreciation + new_financial_result as profit_before_tax,
        ebitda_now + depreciation + financial_result as profit_before_tax_now
    from lines_changed

),

taxed as (

    select
        results.*,
        case
            when profit_before_tax_now <= 0 then tax
            when profit_before_tax <= 0 then 0
            else cast(tax as double) * profit_before_tax / profit_before_tax_now
        end as new_tax
    from results

),

cashed as (

    select
        taxed.*,
        profit_before_tax + new_tax as net_profit,
        cash_now - paid_later as cash,
        cash_burn
        - (profit_before_tax + new_tax - profit_before_tax_now - tax) as burn
    from taxed

),

measured as (

    select
        scenario,
        variant,
        is_outside_history,
        period,
        cast(revenue as double) as revenue,
        cast(gross_margin_amount as double) / nullif(revenue, 0) as gross_margin,
        cast(ebitda as double) as ebitda,
        cast(net_profit as double) as net_profit,
        cast(burn as double) / month_count as net_burn,
        case
            when round(burn, 2) > 0 and cast(cash as double) * month_count / burn <= 60
                then cast(cash as double) * month_count / burn
        end as runway,
        round(burn, 2) > 0 as is_burning,
        cast(cash as double) - cast(burn as double) * 12 / month_count - repaid_amount as cash_after_12_months,
        least(
            cast(cash as double), cast(cash as double) - cast(burn as double) * 12 / month_count - repaid_amount
        ) as lowest_cash,
        case
            when greatest(-new_financial_result, 0) + repaid_amount > 0
                then cast(ebitda as double) / (greatest(-new_financial_result, 0) + repaid_amount)
        end as dscr,
        case
            when round(burn, 2) > 0 and gross_margin_amount > 0 then cast(burn as double) / gross_margin_amount
        end as break_even_growth
    from cashed

),

stacked as (

    {% for outcome in outcomes -%}
    select
        scenario,
        variant,
        is_outside_history,
        period,
        is_burning,
        '{{ outcome }}' as metric,
        {{ loop.index }} as metric_place,
        cast({{ outcome }} as decimal(28, 6)) as value
    from measured
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
)

select
    stacked.scenario,
    coalesce(labels.place, 0) as scenario_place,
    coalesce(labels.label_nl, 'Zoals het nu gaat') as label_nl,
    coalesce(labels.label_en, 'As it goes now') as label_en,
    stacked.variant,
    stacked.metric,
    stacked.metric_place,
    'ttm' as grain,
    stacked.period,
    stacked.value,
    base.value as base_value,
    cast(stacked.value - base.value as decimal(28, 6)) as difference,
    case
        when stacked.value is not null then null
        when ledger.source_count = 0 then 'source_absent'
        when stacked.period is null then 'insufficient_history'
        when stacked.metric = 'runway' and stacked.is_burning then 'over_60_months'
        when stacked.metric in ('runway', 'dscr', 'break_even_growth') then 'not_applicable'
        else 'no_denominator'
    end as reason,
    stacked.is_outside_history
from stacked
inner join stacked as base
    on
        stacked.metric = base.metric
        and base.scenario = 'base'
cross join ledger
left join labels
    on stacked.scenario = labels.scenario
