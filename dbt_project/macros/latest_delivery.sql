{# The rows of a raw table of which each key is there once: delivered again, the last file by name counts, and the last line of it.
   Few keys are delivered twice, and to rank every row costs more than all else staging does: only rows whose key may repeat
   are ranked. Two keys with the same hash are ranked too, each among its own. #}
{% macro latest_delivery(relation) -%}
with

key_hashes as (

    select {{ key_hash() }} as key_hash
    from {{ relation }}
    group by {{ key_hash() }}
    having count(*) > 1

),

repeated as (

    select
        {{ relation }}.*,
        row_number() over (
            partition by {{ relation }}.source_name, {{ relation }}._key
            order by {{ relation }}.file_name desc, {{ relation }}.file_line desc
        ) as delivery
    from {{ relation }}
    where {{ key_hash() }} in (select key_hash from key_hashes)

)

select
    {{ relation }}.*,
    1 as delivery
from {{ relation }}
where {{ key_hash() }} not in (select key_hash from key_hashes)
union all
select *
from repeated
where delivery = 1
{%- endmacro %}

{# One number for a declared key: equal keys have equal numbers, and different keys hardly ever. #}
{% macro key_hash() -%}
    {{ return(adapter.dispatch('key_hash', 'kerncijfers')()) }}
{%- endmacro %}

{% macro default__key_hash() -%}
    xxhash64(source_name, _key)
{%- endmacro %}

{% macro duckdb__key_hash() -%}
    hash(source_name, _key)
{%- endmacro %}
