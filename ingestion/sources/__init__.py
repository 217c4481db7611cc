"""One folder a source system. A source reads; it does not decide where its rows go (`ingestion.pipeline` does)."""
