{# A returned row is a period and scope in which a bridge does not lead from one version of a metric to the next. Without a
   component the two versions must agree. #}
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
    coalesce(parts.numerator, 0) as numerator_explained,
    later.denominator - earlier.denominator as denominator_difference,
    coalesce(parts.denominator, 0) as denominator_explained
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
    later.numerator - earlier.numerator <> coalesce(parts.numerator, 0)
    or later.denominator - earlier.denominator <> coalesce(parts.denominator, 0)

{% endtest %}
