-- Grain: one row per period. Numerator: donors who gave again; denominator: donors of the period of the same length before.
-- Donors are counted again for each period: never average or sum.
with

donors as (

    select * from {{ ref('fct_donors_by_period') }}

)

select
    period_grain,
    period,
    period_start,
    period_end,
    'total' as scope,
    cast(returned_donor_count as decimal(28, 6)) as numerator,
    cast(earlier_donor_count as decimal(28, 6)) as denominator,
    cast(earlier_donor_count as bigint) as n
from donors
