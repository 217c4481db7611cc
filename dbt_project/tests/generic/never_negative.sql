{# A returned row holds a negative amount where none can be. #}
{% test never_negative(model, column_name) %}

select *
from {{ model }}
where {{ column_name }} < 0

{% endtest %}
