"""On top: drives ingestion, dbt_project and reports, one file a folder. Holds no business logic of its own."""
