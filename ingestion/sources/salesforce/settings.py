"""`[sources.salesforce]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class SalesforceSettings(Settings):
    """Which org."""

    domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*(--[a-z0-9]+)?(\.sandbox)?$")] = Field(
        description="My Domain: the part before .my.salesforce.com"
    )
    version: Annotated[str, StringConstraints(pattern=r"^v\d+\.0$")] = "v66.0"
    base_url: str = ""

    @property
    def address(self) -> str:
        """Where the API is."""
        return self.base_url or f"https://{self.domain}.my.salesforce.com"


TABLES = {
    # An amount is in the currency of the opportunity; without more currencies in the org, in that of the org.
    "opportunities": rows(
        """
        opportunity_id! text Id
        created_at! timestamp CreatedDate
        modified_at! timestamp SystemModstamp
        close_on! date CloseDate
        stage! text StageName
        is_closed! boolean IsClosed
        is_won! boolean IsWon
        amount decimal Amount
        currency! text CurrencyIsoCode
        lead_source text LeadSource
        campaign_id text CampaignId
        """,
        key="opportunity_id",
    ),
    # What a lead became and where it came from; never who it is.
    "leads": rows(
        """
        lead_id!@lead text Id
        created_at! timestamp CreatedDate
        modified_at! timestamp SystemModstamp
        is_converted! boolean IsConverted
        converted_opportunity_id text ConvertedOpportunityId
        lead_source text LeadSource
        """,
        key="lead_id",
    ),
    # What a campaign cost is in its own currency, as the amount of an opportunity is.
    "campaigns": rows(
        """
        campaign_id! text Id
        created_at! timestamp CreatedDate
        modified_at! timestamp SystemModstamp
        ended_on date EndDate
        status text Status
        campaign_type text Type
        cost decimal ActualCost
        currency! text CurrencyIsoCode
        """,
        key="campaign_id",
    ),
    # A lead or contact in a campaign, and whether it responded. A lead that was converted is there as both.
    "campaign_members": rows(
        """
        member_id!@member:owned text Id
        campaign_id! text CampaignId
        created_at! timestamp CreatedDate
        modified_at! timestamp SystemModstamp
        has_responded! boolean HasResponded
        lead_id@lead text LeadId
        contact_id@contact text ContactId
        """,
        key="member_id",
    ),
    # Units of a currency for one of the org's own, from a day until the day before another. A text, for a rate has more
    # digits than an amount.
    "rates": rows(
        """
        currency! text IsoCode
        rate! text ConversionRate
        from_on date StartDate
        until_on date NextStartDate
        is_corporate! boolean IsCorporate
        """
    ),
}
