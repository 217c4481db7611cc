{{ config(materialized='view') }}
-- Grain: one row per kind, day of a list and item that was open then, from whichever system it came.
select
    item_id,
    kind,
    currency,
    amount,
    listed_on,
    due_on
from {{ ref('stg_files__open_items') }}
union all
select
    'exact-' || item_id as item_id,
    kind,
    currency,
    amount,
    snapshot_on as listed_on,
    due_on
from {{ ref('stg_exact__open_items') }}
