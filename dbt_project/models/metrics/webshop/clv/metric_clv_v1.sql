-- Grain: one row per period at whose end the model is fitted, and scope: total and channel of the first order. Numerator: what the
-- customers known by then are expected to order in the next twelve months (BG/NBD and Gamma-Gamma), discounted by 1 % a month,
-- excluding VAT, after discount, before returns: sales, not margin. Denominator: these customers. Not to be added or averaged.
with

lifetime as (

    select * from {{ ref('fct_customer_lifetime_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    cast(expected_value as decimal(28, 6)) as numerator,
    cast(valued_customer_count as decimal(28, 6)) as denominator,
    cast(customer_count as bigint) as n
from lifetime
