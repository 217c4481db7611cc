{{ config(description='a budget names a month and a line of the income statement, once') }}
-- Each row is a line of the budget that would be passed over or counted twice, with a sentence that says what to write instead.
with

budget as (

    select * from {{ ref('stg_company__budget') }}

),

lines as (

    select line
    from {{ ref('statement_lines') }}
    where
        statement = 'income'
        and not is_total

),

settings as (

    select company_id from {{ ref('stg_company__settings') }}

),

counted as (

    select
        budget.*,
        count(*) over (partition by period, line) as written
    from budget

)

select
    'budget.csv, line ' || cast(raw_budget.line_number as varchar) || ': company_id ' || raw_budget.company_id
    || ' is not this company. Write ' || settings.company_id || '.' as message
from {{ source('raw_company', 'budget') }} as raw_budget
cross join settings
where raw_budget.company_id <> settings.company_id
union all
select
    counted.written_in || ': ' || case
        when lines.line is null
            then
                counted.line || ' is no line of the income statement to budget. Write net_revenue, cost_of_sales, other_income, '
                || 'personnel, other_operating_costs, depreciation, financial_result or tax; totals follow from these.'
        when counted.written > 1 then counted.line || ' of ' || counted.period || ' is there twice. Put both together.'
        else counted.period || ' is no month. Write it like 2025-01.'
    end as message
from counted
left join lines
    on counted.line = lines.line
where
    lines.line is null
    or counted.written > 1
    or length(counted.period) <> 7
    or substring(counted.period, 5, 1) <> '-'
    or substring(counted.period, 6, 2) not in ('01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12')
