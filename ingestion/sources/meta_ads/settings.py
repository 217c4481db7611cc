"""`[sources.meta_ads]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows

_Account = Annotated[
    str,
    BeforeValidator(lambda value: str(value).removeprefix("act_")),
    StringConstraints(pattern=r"^\d+$"),
]


class MetaAdsSettings(Settings):
    """Which ad account, and from which day on its spend is read."""

    account: _Account = Field(description="The number of the ad account, as Ads Manager shows it")
    since: date = Field(description="The first day of which spend is read, such as 2024-01-01")
    channel: Annotated[str, StringConstraints(min_length=1)] = "meta_ads"
    # The action that is a sale. Meta also gives the parts of it, which must not be added to it.
    conversion: str = "omni_purchase"
    restated_days: Annotated[int, Field(ge=1, le=90)] = 28
    version: Annotated[str, StringConstraints(pattern=r"^v\d+\.\d+$")] = "v25.0"
    base_url: str = "https://graph.facebook.com"


TABLES = {
    # Spend in the account's currency, by days in the account's time zone.
    "campaign_days": rows(
        """
        day! date date_start
        campaign_id! text campaign_id
        campaign_name text campaign_name
        channel! text channel
        currency! text account_currency
        spend! decimal spend
        impressions! integer impressions
        clicks! integer clicks
        conversions decimal conversions
        conversion_value decimal conversion_value
        """,
        windows="day",
    ),
}
