"""ingestion/ as assets: one for every raw table, keyed like dbt's sources (`raw_xaf/transaction_lines`)."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from orchestration import dbt
from orchestration.paths import Paths

_sources = list(dbt.manifest(Paths.find())["sources"].values())


def _tables(source: str) -> Sequence[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            [source, node["name"]], group_name=source, kinds={"dlt", "duckdb"}, description=node["description"]
        )
        for node in _sources
        if node["source_name"] == source
    ]
