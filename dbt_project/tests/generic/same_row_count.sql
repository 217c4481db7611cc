{# A returned row is a difference in the number of rows: something was lost or doubled on the way. #}
{% test same_row_count(model, compare_model) %}

with

here as (

    select count(*) as row_count from {{ model }}

),

there as (

    select count(*) as row_count from {{ compare_model }}

)

select
    here.row_count as rows_here,
    there.row_count as rows_expected
from here
cross join there
where here.row_count <> there.row_count

{% endtest %}
