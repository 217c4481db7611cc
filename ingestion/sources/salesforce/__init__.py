"""Salesforce: opportunities, leads and campaigns of one org, by SOQL and Bulk API 2.0.

Data flow: `resources.py` reads by `SystemModstamp`, deleted records among them -> landing zone -> raw_salesforce ->
staging/salesforce.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.connect.connector import Connector
from ingestion.sources.salesforce.settings import TABLES, SalesforceSettings

if TYPE_CHECKING:
    from ingestion.sources.salesforce.resources import Salesforce


def _open(settings: SalesforceSettings, secrets: Mapping[str, str], _folder: Path) -> Salesforce:
    from ingestion.sources.salesforce.resources import Salesforce  # noqa: PLC0415 (dlt takes a second to import)

    return Salesforce(settings, secrets)


CONNECTOR = Connector(
    name="salesforce",
    title="Salesforce",
    settings=SalesforceSettings,
    secrets={
        "SALESFORCE_CLIENT_ID": "the consumer key of an External Client App",
        "SALESFORCE_CLIENT_SECRET": "its consumer secret, for the client credentials flow",
        "SALESFORCE_USERNAME": "the user to log in as, for the JWT flow",
        "SALESFORCE_KEY_FILE": "the path of the private key (PEM) of the app's certificate, for the JWT flow",
    },
    optional_secrets=frozenset({"SALESFORCE_CLIENT_SECRET", "SALESFORCE_USERNAME", "SALESFORCE_KEY_FILE"}),
    tables=TABLES,
    open=_open,
)
