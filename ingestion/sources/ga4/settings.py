"""`[sources.ga4]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class Ga4Settings(Settings):
    """Which property, and from which day on its visits are read."""

    property: Annotated[str, StringConstraints(pattern=r"^\d+$")] = Field(
        description="The number of the property: Admin, Property details, at the top right"
    )
    since: date = Field(description="The first day of which visits are read, such as 2024-01-01")
    key_event: Annotated[str, StringConstraints(pattern=r"^\w*$")] = ""
    page_size: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    base_url: str = "https://analyticsdata.googleapis.com"


# What Google says of an answer, kept with every row of it.
_CAUTIONS = """is_thresholded! boolean is_thresholded
        is_sampled! boolean is_sampled
        has_other! boolean has_other
        time_zone! text time_zone
        key_events text key_events"""
TABLES = {
    "sessions": rows(
        f"""
        day! date date
        channel! text sessionDefaultChannelGroup
        sessions! integer sessions
        key_event_sessions! integer key_event_sessions
        purchase_sessions integer purchase_sessions
        {_CAUTIONS}
        """,
        windows="day",
    ),
    # Visitors do not add up over days or months: each range is counted by Google itself.
    "visitors": rows(
        f"""
        range_start! date range_start
        range_end! date range_end
        visitors! integer totalUsers
        purchasing_visitors! integer totalPurchasers
        {_CAUTIONS}
        """,
        windows="range_start range_end",
    ),
}
