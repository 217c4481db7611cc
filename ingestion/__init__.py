"""1: source systems to DuckDB schemas raw_<source>. Pure dlt; never imports dagster, dbt models or reports."""
