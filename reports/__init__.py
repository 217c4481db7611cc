"""3: metrics to HTML. Reads the released database only and computes no KPI; never imports dagster or ingestion."""
