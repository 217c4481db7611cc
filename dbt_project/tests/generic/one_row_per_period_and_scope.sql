{# A returned row is a period and scope that a metric publishes twice. #}
{% test one_row_per_period_and_scope(model) %}

select
    period_grain,
    period,
    scope,
    count(*) as row_count
from {{ model }}
group by period_grain, period, scope
having count(*) > 1

{% endtest %}
