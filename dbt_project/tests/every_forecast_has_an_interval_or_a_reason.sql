-- A forecast outside its own interval, an interval without width, or a refusal without a reason.
with

forecasts as (

    select * from {{ ref('rpt_forecasts') }}

)

select
    metric,
    version,
    period
from forecasts
where
    (purpose <> 'none' and (value is null or low is null or high is null or low >= high or value < low or value > high))
    or (purpose = 'none') <> (reason is not null)
