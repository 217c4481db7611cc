"""Stripe: subscriptions of one account and what was invoiced for them.

Data flow: `resources.py` reads lists, newest first -> landing zone -> raw_stripe -> staging/stripe.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.stripe.settings import TABLES, StripeSettings

if TYPE_CHECKING:
    from ingestion.sources.stripe.resources import Stripe


def _open(settings: StripeSettings, secrets: Mapping[str, str], _folder: Path) -> Stripe:
    from ingestion.sources.stripe.resources import Stripe  # noqa: PLC0415 (dlt takes a second to import)

    return Stripe(settings, secrets)


CONNECTOR = Connector(
    name="stripe",
    title="Stripe",
    settings=StripeSettings,
    secrets={"STRIPE_KEY": "a restricted key that may read subscriptions, invoices and events, rk_live_..."},
    tables=TABLES,
    open=_open,
)
