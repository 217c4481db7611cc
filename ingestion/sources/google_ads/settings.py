"""`[sources.google_ads]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows

_Account = Annotated[
    str,
    BeforeValidator(lambda value: value.replace("-", "") if isinstance(value, str) else value),
    StringConstraints(pattern=r"^\d{10}$"),
]


class GoogleAdsSettings(Settings):
    """Which account, and from which day on its cost is read."""

    customer: _Account = Field(description="The number of the account, such as 123-456-7890")
    manager: _Account = Field(description="The number of the manager account that has the developer token")
    since: date = Field(description="The first day of which cost is read, such as 2024-01-01")
    channel: Annotated[str, StringConstraints(min_length=1)] = "google_ads"
    restated_days: Annotated[int, Field(ge=1, le=90)] = 30
    version: Annotated[str, StringConstraints(pattern=r"^v\d+$")] = "v26"
    base_url: str = "https://googleads.googleapis.com"


TABLES = {
    # Cost in the account's currency, by days in the account's time zone.
    "campaign_days": rows(
        """
        day! date day
        campaign_id! text campaign_id
        campaign_name text campaign.name
        channel! text channel
        currency! text customer.currencyCode
        cost! decimal cost
        impressions! integer metrics.impressions
        clicks! integer metrics.clicks
        conversions! decimal metrics.conversions
        conversion_value! decimal metrics.conversionsValue
        """,
        windows="day",
    ),
}
