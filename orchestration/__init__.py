"""On top: drives ingestion, dbt_project and reports, one file a folder. Holds no business logic of its own."""

import os

# Nothing a company loads or builds is reported to a vendor; set before any of the libraries is imported.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
