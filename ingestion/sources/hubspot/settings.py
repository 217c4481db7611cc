"""`[sources.hubspot]` of company.toml, and the fields that are kept."""

from __future__ import annotations

from typing import Literal

from ingestion.connect.connector import Settings
from ingestion.connect.fields import rows


class HubSpotSettings(Settings):
    """A portal; the token says which. `leave_out` names what the portal does not have or should not give."""

    leave_out: tuple[Literal["contacts", "tickets", "feedback"], ...] = ()
    base_url: str = "https://api.hubapi.com"


TABLES = {
    # The amount is in the portal's own currency; closedate is an expectation until the deal is closed.
    "deals": rows(
        """
        deal_id! text id
        created_at! timestamp properties.createdate
        modified_at! timestamp properties.hs_lastmodifieddate
        close_at timestamp properties.closedate
        pipeline_id text properties.pipeline
        stage_id text properties.dealstage
        is_closed boolean properties.hs_is_closed
        is_won boolean properties.hs_is_closed_won
        amount decimal properties.amount_in_home_currency
        currency! text currency
        channel text properties.hs_analytics_source
        """,
        key="deal_id",
    ),
    "tickets": rows(
        """
        ticket_id! text id
        created_at! timestamp properties.createdate
        modified_at! timestamp properties.hs_lastmodifieddate
        first_replied_at timestamp properties.first_agent_reply_date
        closed_at timestamp properties.closed_date
        channel text properties.source_type
        """,
        key="ticket_id",
    ),
    # Who was qualified as a lead, by marketing or by sales, and who became a customer; only the number is kept of them.
    "contacts": rows(
        """
        contact_id!@contact text id
        created_at! timestamp properties.createdate
        modified_at! timestamp properties.lastmodifieddate
        marketing_qualified_at timestamp properties.hs_lifecyclestage_marketingqualifiedlead_date
        sales_qualified_at timestamp properties.hs_lifecyclestage_salesqualifiedlead_date
        became_customer_at timestamp properties.hs_lifecyclestage_customer_date
        channel text properties.hs_analytics_source
        """,
        key="contact_id",
    ),
    # The rating of an answer, never its text.
    "feedback": rows(
        """
        response_id! text id
        responded_at! timestamp properties.hs_submission_timestamp
        modified_at! timestamp properties.hs_lastmodifieddate
        survey_type! text properties.hs_survey_type
        rating integer properties.hs_value
        """,
        key="response_id",
    ),
    # A stage has an id of its own in every portal; its name may change.
    "stages": rows(
        """
        stage_id! text id
        label! text label
        """
    ),
}
