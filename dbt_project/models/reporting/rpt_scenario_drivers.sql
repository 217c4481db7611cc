-- Grain: one row per scenario and driver: how much it changes, and whether that is outside what the company has seen itself (the
-- 10th and 90th percentile of its own yearly changes; unknown with fewer than six of them).
with

scenarios as (

    select * from {{ ref('stg_company__scenarios') }}

),

histories as (

    select * from {{ ref('int_driver_histories') }}

)

select
    scenarios.scenario,
    scenarios.place,
    scenarios.label_nl,
    scenarios.label_en,
    scenarios.driver,
    scenarios.change,
    coalesce(histories.history_n, 0) as history_n,
    histories.history_p10,
    histories.history_p90,
    case
        when histories.history_n >= 6 then scenarios.change < histories.history_p10 or scenarios.change > histories.history_p90
    end as is_outside_history
from scenarios
left join histories
    on scenarios.driver = histories.driver
