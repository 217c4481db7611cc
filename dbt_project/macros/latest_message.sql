{# The rows of a raw table of messages of which each record of a sender is there once, as that sender last told of it: the newest
   updated_at counts, then what came last. What the sender took back is not there. #}
{% macro latest_message(relation, key) -%}
with

numbered as (

    select
        *,
        row_number() over (
            partition by sender, {{ key }}
            order by coalesce(updated_at, received_at) desc, received_at desc, message_id desc
        ) as message
    from {{ relation }}

)

select * from numbered
where
    message = 1
    and not is_gone
{%- endmacro %}
