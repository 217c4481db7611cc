-- A returned row is an account and period of which Exact itself reports another movement than its lines add up to,
-- or of which one of the two is not known.
select
    'Exact Online reports ' || cast(cast(amount_reported as decimal(18, 2)) as varchar) || ' on account ' || account_id
    || ' in period ' || cast(period_number as varchar) || ' of ' || fiscal_year || ', but its lines add up to '
    || cast(cast(amount_of_lines as decimal(18, 2)) as varchar) || '. Run `kerncijfers source fetch exact` again; if it stays, '
    || 'remove the folder sources/exact of the data folder, but not its token.json, and fetch all lines anew.' as message
from {{ ref('stg_exact__movements') }}
where coalesce(abs(amount_of_lines - amount_reported), 1) >= 0.005
