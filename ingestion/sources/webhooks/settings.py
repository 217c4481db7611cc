"""`[sources.webhooks]` of company.toml: who sends what, and the fields that are kept."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingestion.connect.connector import Settings
from ingestion.connect.fields import Rows, rows
from ingestion.sources.files.entities import ENTITIES

Entity = Literal[
    "orders",
    "refunds",
    "customers",
    "objections",
    "deals",
    "campaigns",
    "campaign_members",
    "leads",
    "tickets",
    "survey_responses",
]
# The column that names a record of an entity.
KEYS: dict[str, str] = {
    "orders": "order_id",
    "refunds": "refund_id",
    "customers": "customer_id",
    "objections": "customer_id",
    "deals": "deal_id",
    "campaigns": "campaign_id",
    "campaign_members": "member_id",
    "leads": "lead_id",
    "tickets": "ticket_id",
    "survey_responses": "response_id",
}
# What a column tells about a person.
_ABOUT = {
    **{(entity, "customer_id"): "@customer" for entity in KEYS},
    ("leads", "lead_id"): "@lead",
    ("campaign_members", "lead_id"): "@lead",
    ("campaign_members", "contact_id"): "@contact",
    ("campaign_members", "member_id"): "@member:owned",
    ("orders", "order_id"): "@order:owned",
    ("refunds", "order_id"): "@order:belonging",
}
REFUSALS = "refusals"


class Sender(BaseModel):
    """One address below the receiver's, `/<name>`. `fields` says where in a message a column of the entity is, if not
    under its own name; `values` gives a constant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: Entity
    fields: dict[str, str] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    updated_at: str = "updated_at"
    deleted: str = "deleted"

    @model_validator(mode="after")
    def _columns_are_of_the_entity(self) -> Self:
        given = [*self.fields, *self.values]
        if unknown := sorted(set(given) - set(ENTITIES[self.entity])):
            columns = ", ".join(ENTITIES[self.entity])
            raise ValueError(f"{self.entity} has no column {', '.join(unknown)}; its columns are {columns}")
        if len(given) != len(set(given)):
            raise ValueError("a column is given in fields and in values")
        return self


class WebhookSettings(Settings):
    """Who may send what. `per_minute` messages of one sender at most; the next are asked to wait."""

    senders: dict[str, Sender] = Field(default_factory=dict)
    per_minute: int = Field(default=600, gt=0)
    most_bytes: int = Field(default=1_000_000, gt=0)


def _table(entity: str) -> Rows:
    """The columns of the entity, and the message they came in. A record may come in many messages."""
    columns = [
        f"{name}{'!' if column.required and not column.default else ''}{_ABOUT.get((entity, name), '')} "
        f"{column.kind} record.{name}"
        for name, column in ENTITIES[entity].items()
    ]
    message = (
        "message_id! text message_id",
        "sender! text sender",
        "received_at! timestamp received_at",
        "updated_at timestamp updated_at",
        "is_gone! boolean is_gone",
    )
    number = KEYS[entity]
    if _ABOUT.get((entity, number)) not in ("@customer", "@lead"):
        known_by, derived = f"sender {number}", f"message_id {number}"
    else:  # who is known by the moment the sender came to know them
        known_by, derived = "sender created_at" if "created_at" in ENTITIES[entity] else "message_id", "message_id"
    return rows("\n".join([*message, *columns]), key="message_id", recalled_by=known_by, derived=derived)


TABLES: dict[str, Rows] = {
    **{entity: _table(entity) for entity in get_args(Entity)},
    # What was refused and why, without the message: the sender has it.
    REFUSALS: rows(
        """
        message_id! text message_id
        sender! text sender
        received_at! timestamp received_at
        reason! text reason
        """,
        key="message_id",
    ),
}
