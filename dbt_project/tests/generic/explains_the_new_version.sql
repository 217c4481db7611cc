{# A returned row is a period and scope in which a bridge does not lead from one version of a metric to the next. #}
{% test explains_the_new_version(model, before, after) %}

with

parts as (

    select
        period_grain,
        period,
        scope,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ model }}
    group by period_grain, period, scope

)

select
    earlier.period_grain,
    earlier.period,
    earlier.scope,
    later.numerator - earlier.numerator as numerator_difference,
    parts.numerator as numerator_explained,
    later.denominator - earlier.denominator as denominator_difference,
    parts.denominator as denominator_explained
from {{ before }} as earlier
inner join {{ after }} as later
    on
        earlier.period_grain = later.period_grain
        and earlier.period = later.period
        and earlier.scope = later.scope
left join parts
    on
        earlier.period_grain = parts.period_grain
        and earlier.period = parts.period
        and earlier.scope = parts.scope
where
    parts.period is null
    or later.numerator - earlier.numerator <> parts.numerator
    or later.denominator - earlier.denominator <> parts.denominator

{% endtest %}
