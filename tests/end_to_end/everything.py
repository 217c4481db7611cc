"""A company that has every source at once: the roaster, with a foundation's and a software company's exports and the rest.

What the demo companies do not deliver is added here: lines of a second shop with customers of the first, customers who object
to being profiled, hours and staff with all their columns, key events, and orders at the moments when a day or month is easily
mistaken.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from ingestion import demo

# Instants (UTC) around a change of the clock, a new month and a new year.
INSTANTS = (
    "2024-12-31T22:59:59Z",
    "2024-12-31T23:30:00Z",
    "2025-03-29T22:59:00Z",
    "2025-03-29T23:01:00Z",
    "2025-03-30T00:59:59Z",
    "2025-03-30T01:30:00Z",
    "2025-03-30T21:59:00Z",
    "2025-03-30T22:00:00Z",
    "2025-05-31T22:00:00Z",
    "2025-10-25T22:30:00Z",
    "2025-10-26T00:30:00Z",
    "2025-10-26T01:30:00Z",
    "2025-10-26T22:59:00Z",
    "2025-10-26T23:00:00Z",
    "2025-10-31T22:59:59Z",
    "2025-10-31T23:00:00Z",
)

_CHANCE = "(hash({}) % 1000) / 1000.0"
_EXTRA = {
    "lines": f"""
        select
            'L' || (i // 2) as "order", printf('%07d', (i // 2) * 7 % 90) as customer,
            strftime(timestamp '2024-01-03 10:00:00' + to_hours((i // 2) * 37), '%Y-%m-%dT%H:%M:%S') as moment,
            case when i % 23 = 0 then 'refund' when i % 31 = 0 then 'adjustment' else 'sale' end as line,
            case when i % 23 = 0 then -4.35 when i % 31 = 0 then -1.10 else round(6 + 40 * {_CHANCE.format("i")}, 2) end as amount,
            'winkel' as channel
        from range(900) t(i)
    """,
    "hours": f"""
        select
            'X' || i as entry, strftime(date '2024-01-01' + cast(i * 3 % 728 as integer), '%Y-%m-%d') as day, 'P' || (100 + i % 9) as project,
            'Onderzoek' as team, round(1 + 6 * {_CHANCE.format("i * 3")}, 2) as hours, i % 4 > 0 as billable, 87.45 as rate, 41.15 as cost,
            case when i % 4 > 0 and i % 5 > 0 then round(1 + 5 * {_CHANCE.format("i * 7")}, 2) end as invoiced_hours,
            case when i % 4 > 0 and i % 5 > 0 then round(400 * {_CHANCE.format("i * 11")}, 2) end as invoiced,
            case when i % 4 > 0 and i % 10 > 0 and i % 5 > 0 then round(380 * {_CHANCE.format("i * 13")}, 2) end as collected
        from range(500) t(i)
    """,
    "staff": """
        select strftime(last_day(date '2023-01-01' + to_months(cast(i as integer))), '%Y-%m-%d') as month, 'Onderzoek' as team,
            1.75 as fte, 280 as contract, 20 + i % 9 as leave
        from range(36) t(i)
    """,
    "leads": """
        select 'L' || i as lead, strftime(timestamp '2024-01-01 09:00:00' + to_hours(i * 29), '%Y-%m-%dT%H:%M:%S') as moment,
            case when i % 7 = 0 then strftime(timestamp '2024-01-01 09:00:00' + to_hours(i * 29 + i % 5 * 700), '%Y-%m-%dT%H:%M:%S') end as won,
            ['google_ads', 'winkel', 'email'][1 + i % 3] as channel
        from range(600) t(i)
    """,
    "deals": f"""
        select 'D' || i as deal, strftime(timestamp '2024-01-02 10:00:00' + to_hours(i * 110), '%Y-%m-%dT%H:%M:%S') as opened,
            case when i % 4 < 3 then strftime(timestamp '2024-01-12 10:00:00' + to_hours(i * 110), '%Y-%m-%dT%H:%M:%S') end as closed,
            case when i % 4 = 3 then 'open' when i % 4 = 2 then 'lost' else 'won' end as status,
            round(200 + 900 * {_CHANCE.format("i * 19")}, 2) as amount, case when i % 5 > 0 then 'A' || (i % 23) end as campaign,
            ['beurs', 'email'][1 + i % 2] as channel
        from range(150) t(i)
    """,
    "campaigns": f"""
        select 'A' || i as campaign, strftime(timestamp '2024-01-02 08:00:00' + to_hours(i * 700), '%Y-%m-%dT%H:%M:%S') as moment,
            case when i % 9 > 0 then strftime(date '2024-02-01' + cast(i * 30 as integer), '%Y-%m-%d') end as ended,
            ['Completed', 'In Progress', 'Aborted', 'Completed'][1 + i % 4] as status, ['beurs', 'email'][1 + i % 2] as channel,
            case when i % 7 > 0 then round(150 + 500 * {_CHANCE.format("i * 23")}, 2) end as cost
        from range(25) t(i)
    """,
    "members": f"""
        select 'M' || i as member, 'A' || (i % 27) as campaign, 'L' || (i % 600) as lead,
            strftime(timestamp '2024-01-03 09:00:00' + to_hours(i * 20), '%Y-%m-%dT%H:%M:%S') as moment,
            {_CHANCE.format("i * 29")} < 0.18 as responded
        from range(850) t(i)
    """,
    "open_items": """
        select 'F' || i || '-' || m as item, case when i % 3 = 0 then 'payable' else 'receivable' end as kind,
            strftime(last_day(date '2024-01-01' + to_months(cast(m as integer))), '%Y-%m-%d') as listed,
            case when i % 11 > 0 then strftime(last_day(date '2024-01-01' + to_months(cast(m as integer))) - cast(i * 7 % 80 - 20 as integer), '%Y-%m-%d') end as due,
            round((case when i % 3 = 0 then -1 else 1 end) * (40 + i * 13.35), 2) as amount
        from range(30) t(i), range(24) u(m)
    """,
    "visits": f"""
        select 'K' || i as visit, 'V' || (i * 13 % 400) as visitor,
            strftime(timestamp '2024-01-01 08:00:00' + to_hours(i * 11), '%Y-%m-%dT%H:%M:%S') as moment,
            'winkel' as channel, i % 29 = 0 as bought, {_CHANCE.format("i * 17")} < 0.2 as event
        from range(1500) t(i)
    """,
    "objections": "select printf('%07d', i * 9) as customer from range(40) t(i)",
    "instants": "select 'I' || i as \"order\", 'T' || i as customer, moment, 10 + i as amount, 'winkel' as channel from ("
    f"select unnest({list(INSTANTS)}) as moment, generate_subscripts({list(INSTANTS)}, 1) as i)",
}
_DECLARED = """
[[files]]
name = "extra_lines"
entity = "order_lines"
pattern = "extra/lines.csv"
columns = {order_id = "order", customer_id = "customer", ordered_at = "moment", line_type = "line", amount = "amount", channel = "channel"}
values = {currency = "EUR"}

[[files]]
name = "extra_hours"
entity = "hours"
pattern = "extra/hours.csv"
key = ["entry_id"]
values = {currency = "EUR"}
columns = {entry_id = "entry", worked_on = "day", project_id = "project", team = "team", hours = "hours", is_billable = "billable", hourly_rate = "rate", cost_rate = "cost", invoiced_hours = "invoiced_hours", invoiced_amount = "invoiced", collected_amount = "collected"}

[[files]]
name = "extra_staff"
entity = "staff"
pattern = "extra/staff.csv"
key = ["month_on", "team"]
columns = {month_on = "month", team = "team", fte = "fte", contract_hours = "contract", leave_hours = "leave"}

[[files]]
name = "extra_leads"
entity = "leads"
pattern = "extra/leads.csv"
key = ["lead_id"]
columns = {lead_id = "lead", created_at = "moment", won_at = "won", channel = "channel"}

[[files]]
name = "extra_deals"
entity = "deals"
pattern = "extra/deals.csv"
key = ["deal_id"]
values = {currency = "EUR"}
columns = {deal_id = "deal", created_at = "opened", closed_at = "closed", status = "status", amount = "amount", campaign_id = "campaign", channel = "channel"}

[[files]]
name = "extra_campaigns"
entity = "campaigns"
pattern = "extra/campaigns.csv"
key = ["campaign_id"]
values = {currency = "EUR"}
columns = {campaign_id = "campaign", created_at = "moment", ended_on = "ended", status = "status", channel = "channel", cost = "cost"}

[[files]]
name = "extra_members"
entity = "campaign_members"
pattern = "extra/members.csv"
key = ["member_id"]
columns = {member_id = "member", campaign_id = "campaign", lead_id = "lead", added_at = "moment", has_responded = "responded"}

[[files]]
name = "extra_open_items"
entity = "open_items"
pattern = "extra/open_items.csv"
key = ["listed_on", "item_id"]
columns = {item_id = "item", kind = "kind", listed_on = "listed", due_on = "due", amount = "amount"}
values = {currency = "EUR"}

[[files]]
name = "extra_visits"
entity = "sessions"
pattern = "extra/visits.csv"
key = ["session_id"]
columns = {session_id = "visit", visitor_id = "visitor", started_at = "moment", channel = "channel", has_purchase = "bought", has_key_event = "event"}

[[files]]
name = "extra_objections"
entity = "objections"
pattern = "extra/objections.csv"
key = ["customer_id"]
columns = {customer_id = "customer"}

[[files]]
name = "extra_instants"
entity = "orders"
pattern = "extra/instants.csv"
key = ["order_id"]
columns = {order_id = "order", customer_id = "customer", ordered_at = "moment", gross_amount = "amount", channel = "channel"}
values = {currency = "EUR"}
"""


def write(inbox: Path, project: Path, *, size: float = 0.05) -> None:
    """Write the inbox of the company that has every source, with its company.toml."""
    demo.write(inbox, size=size)
    # Its people have no term: test_forgetting_moves_nothing.py gives them one.
    declared = [
        (project / "company.toml").read_text(encoding="utf-8").replace("[retention.people]\ndefault = 25\n", "")
    ]
    for profile, subjects in (("nonprofit", ("donateurs", "programma", "boekhouding")), ("saas", ("product",))):
        lent = inbox.parent / profile
        demo.write(lent, profile=profile, size=0.3)
        for subject in subjects:
            shutil.copytree(lent / subject, inbox / subject, dirs_exist_ok=True)
        _, *files = (lent / "company.toml").read_text(encoding="utf-8").split("[[files]]")
        declared += [f"[[files]]{file}" for file in files if any(f'"{subject}/' in file for subject in subjects)]
    (inbox / "extra").mkdir()
    with duckdb.connect() as connection:
        for name, query in _EXTRA.items():
            connection.execute(f"copy ({query}) to '{inbox}/extra/{name}.csv' (header)")
    (inbox / "company.toml").write_text("\n".join([*declared, _DECLARED]), encoding="utf-8")
