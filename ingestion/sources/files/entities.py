"""The subjects a declared file can be about, and the columns each has. The one definition of schema raw_files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from ingestion.privacy import Mark

Kind = Literal["text", "timestamp", "date", "decimal", "integer", "boolean"]

ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "decimal": pa.decimal128(18, 4),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}
DUCKDB: dict[Kind, str] = {
    "text": "varchar",
    "timestamp": "timestamptz",
    "date": "date",
    "decimal": "decimal(18, 4)",
    "integer": "bigint",
    "boolean": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One column of an entity. A required one must have a value in every row; `default` fills a missing one."""

    kind: Kind
    required: bool = False
    default: str | None = None


def _columns(text: str) -> dict[str, Column]:
    """`order_id! text` a line: name, `!` when required, kind, and an optional default."""
    columns = {}
    for line in text.strip().splitlines():
        name, kind, *default = line.split()
        columns[name.rstrip("!")] = Column(
            kind,  # type: ignore[arg-type]
            required=name.endswith("!"),
            default=default[0] if default else None,
        )
    return columns


ENTITIES: dict[str, dict[str, Column]] = {
    # An order. Amounts exclude VAT; gross_amount is the goods before discount.
    "orders": _columns("""
        order_id! text
        customer_id text
        ordered_at! timestamp
        channel text
        currency! text
        gross_amount! decimal
        discount_amount decimal
        shipping_amount decimal
        tax_amount decimal
        status text
    """),
    # A line of an order. amount excludes VAT and is signed: refunds are negative.
    "order_lines": _columns("""
        order_id! text
        customer_id text
        ordered_at! timestamp
        channel text
        currency! text
        line_type! text sale
        product_id text
        quantity decimal
        amount! decimal
    """),
    # Money given back for goods. amount excludes VAT and is positive.
    "refunds": _columns("""
        refund_id! text
        order_id text
        refunded_at! timestamp
        currency! text
        amount! decimal
        tax_amount decimal
    """),
    "customers": _columns("""
        customer_id! text
        created_at timestamp
        country text
        segment text
    """),
    # A customer who does not want to be profiled (article 21 AVG/GDPR). Withdrawn, the row is no longer delivered.
    "objections": _columns("""
        customer_id! text
        objected_at timestamp
    """),
    # A visit to the website.
    "sessions": _columns("""
        session_id text
        visitor_id text
        started_at! timestamp
        channel text
        has_purchase! boolean
        has_key_event boolean
    """),
    "ad_spend": _columns("""
        spend_date! date
        channel! text
        campaign text
        currency! text
        cost! decimal
        impressions integer
        clicks integer
        conversions decimal
        conversion_value decimal
    """),
    "deals": _columns("""
        deal_id! text
        created_at! timestamp
        closed_at timestamp
        expected_close_on date
        stage text
        status! text
        amount decimal
        currency text
        channel text
        campaign_id text
    """),
    # Something that was done to sell. It is finished once ended_on has passed, unless status says planned or in
    # progress; cost is what it cost in the end, excluding VAT.
    "campaigns": _columns("""
        campaign_id! text
        created_at! timestamp
        ended_on date
        status text
        channel text
        cost decimal
        currency text
    """),
    # A lead or contact that a campaign was for, from the moment it was added. has_responded: did what was asked.
    "campaign_members": _columns("""
        member_id! text
        campaign_id! text
        added_at! timestamp
        has_responded! boolean
        lead_id text
        contact_id text
    """),
    # Somebody who may become a customer, from the day they count as such. won_at is when they became one.
    "leads": _columns("""
        lead_id! text
        created_at! timestamp
        won_at timestamp
        channel text
    """),
    "subscriptions": _columns("""
        subscription_id! text
        customer_id! text
        plan text
        signed_on date
        started_on! date
        ended_on date
        monthly_amount! decimal
        currency! text
    """),
    # A question of a customer. first_responded_at is the first answer by a person: an automatic reply is none.
    "tickets": _columns("""
        ticket_id! text
        created_at! timestamp
        first_responded_at timestamp
        resolved_at timestamp
        channel text
    """),
    # An answer to a survey: nps 0-10, csat 1-5.
    "survey_responses": _columns("""
        response_id! text
        survey! text
        score! integer
        responded_at! timestamp
        customer_id text
    """),
    "hours": _columns("""
        entry_id! text
        worked_on! date
        project_id! text
        team text
        hours! decimal
        is_billable! boolean
        hourly_rate decimal
        cost_rate decimal
        invoiced_hours decimal
        invoiced_amount decimal
        collected_amount decimal
        currency text
    """),
    # Somebody who starts to use the product. activated_at is when they first did what the product is for.
    "signups": _columns("""
        signup_id! text
        signed_up_at! timestamp
        activated_at timestamp
        trial_ends_on date
        converted_at timestamp
        channel text
    """),
    # Full-time equivalents at the end of a month; one row per team, or one for everybody. Never a person.
    "staff": _columns("""
        month_on! date
        team text
        fte! decimal
        contract_hours decimal
        leave_hours decimal
    """),
    # A signed project. amount excludes VAT; closed_on is the first day it is no longer open.
    "projects": _columns("""
        project_id! text
        signed_on! date
        closed_on date
        amount! decimal
        currency! text
        budget_hours decimal
        team text
    """),
    # What third parties charged for a project, excluding VAT.
    "project_costs": _columns("""
        project_id! text
        cost_on! date
        amount! decimal
        currency! text
    """),
    # What customers still have to pay, or the company itself, on the day of the list. kind is receivable or payable.
    "open_items": _columns("""
        item_id! text
        kind! text
        listed_on! date
        due_on date
        amount! decimal
        currency! text
    """),
    # What is left out of EBITDA because it will not happen again; a cost that is added back is positive.
    "adjustments": _columns("""
        adjustment_id! text
        booked_on! date
        amount! decimal
        currency! text
        reason! text
    """),
    # A gift. kind is gift, legacy or appeal; the last two come once and say nothing about loyalty.
    "donations": _columns("""
        donation_id! text
        donated_on! date
        donor_id text
        amount! decimal
        currency! text
        kind text gift
    """),
    # A person reached by a programme on a day. has_outcome: the programme did for this person what it is for.
    "beneficiaries": _columns("""
        person_id! text
        reached_on! date
        programme! text
        has_outcome! boolean
    """),
    # The statement of income and expenditure by function (RJ 650). category is raised_income, other_income,
    # goal_spending, fundraising_cost, administration_cost, organisation_cost or continuity_reserve.
    "function_results": _columns("""
        entry_id! text
        booked_on! date
        category! text
        amount! decimal
        currency! text
    """),
}

# Columns that say who a row is about, in any entity. They are loaded as pseudonyms.
IDENTIFIERS = {
    "customer_id": Mark("customer"),
    "visitor_id": Mark("visitor"),
    "session_id": Mark("session"),
    "donor_id": Mark("donor"),
    "person_id": Mark("beneficiary"),
    "lead_id": Mark("lead"),
    "contact_id": Mark("contact"),
}
# An order is somebody's, and a refund is of an order: it goes with it.
_MARKS = {
    **{(entity, name): mark for entity in ENTITIES for name, mark in IDENTIFIERS.items()},
    ("orders", "order_id"): Mark("order", "owned"),
    ("order_lines", "order_id"): Mark("order", "owned"),
    ("refunds", "order_id"): Mark("order", "belonging"),
    ("campaign_members", "member_id"): Mark("member", "owned"),
}
# What still goes on while this column has no value: its row is never old.
STILL_GOING_ON = {"subscriptions": "ended_on"}
# The declared key of a row, when an identifier is part of it.
KEY_MARK = Mark("key")

ORIGIN = [
    ("source_name", pa.string()),
    ("file_name", pa.string()),
    ("file_line", pa.int64()),
    ("_key", pa.string()),
]


def schema(entity: str) -> pa.Schema:
    """The raw table of an entity: its columns, and where each row came from."""
    columns = [
        _MARKS[entity, name].field(name) if (entity, name) in _MARKS else pa.field(name, ARROW[column.kind])
        for name, column in ENTITIES[entity].items()
    ]
    return pa.schema([*columns, *(pa.field(name, kind) for name, kind in ORIGIN)])


DELIVERIES = pa.schema(
    [
        ("source_name", pa.string()),
        ("file_name", pa.string()),
        ("entity", pa.string()),
        ("sha256", pa.string()),
        ("declaration_hash", pa.string()),
        ("rows", pa.int64()),
        ("control_total_column", pa.string()),
        ("control_total", pa.decimal128(38, 4)),
        ("loaded_order", pa.int64()),
        # One a line: an unchanged file is not read again, but what is odd about it is said at every refresh.
        ("warnings", pa.string()),
    ]
)
PARTITION = ("source_name", "file_name")
