{{ config(severity='warn') }}
-- A returned row is a list of open items that adds up to another amount than the ledger has on the accounts of that kind.
select
    'Exact Online lists ' || cast(cast(amount_of_items as decimal(18, 2)) as varchar) || ' of ' || kind || 's, but its ledger has '
    || cast(cast(amount_of_ledger as decimal(18, 2)) as varchar) || ' on the accounts of that kind. Days of DSO and DPO come from the '
    || 'ledger. Look for entries on these accounts without a customer or supplier.' as message
from {{ ref('stg_exact__relations_balances') }}
where abs(amount_of_items - amount_of_ledger) >= 0.005
