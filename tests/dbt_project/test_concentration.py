"""How much of the revenue of a real shop comes from its largest customers, through our SQL and by plain SQL."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingestion.sources import files
from orchestration import company
from orchestration.paths import Paths
from tests.cases import check
from tests.dbt_project.replay import Built, Replay

pytestmark = pytest.mark.integration

DECLARATION = Path(__file__).parents[1] / "ingestion" / "files" / "declarations" / "uci_online_retail.toml"
METRICS = {
    "top1": "top_customer_share",
    "top5": "top5_customer_share",
    "top10": "revenue_concentration",
    "hhi": "revenue_hhi",
}


@pytest.mark.case
def test_revenue_concentration_of_the_shop_is_the_worked_case(built: Built, shared_data: Path, tmp_path: Path) -> None:
    rows = shared_data / "uci_online_retail" / "online_retail_all_varchar.parquet"
    inbox, warehouse = tmp_path / "inbox", tmp_path / "shop.duckdb"
    inbox.mkdir()
    (inbox / rows.name).symlink_to(rows)
    declared = company.read(Paths(data=tmp_path, inbox=inbox, company=DECLARATION))
    files.deliver(declared.files, inbox, warehouse, tmp_path / "work", time_zone=declared.time_zone)

    replay = Replay(built, [f"metric_{name}_v1" for name in METRICS.values()], raw=warehouse, threads=2)
    replay.execute(f"update raw_company.settings set time_zone = '{declared.time_zone}'")
    found = {
        key: replay.rows(
            f"select numerator / denominator, n from metrics.metric_{name}_v1 where period_grain = 'all' and scope = 'total'"
        )[0]
        for key, name in METRICS.items()
    }
    for key in ("top1", "top10", "hhi"):
        check("CONC-01", key, found[key][0], of=METRICS[key])
    check("CONC-01", "effective_customers", 10000 / found["hhi"][0], of="revenue_hhi")
    check("CONC-01", "n", found["hhi"][1], of="revenue_hhi")

    row = duckdb.sql(
        f"""
        with customers as (
            select sum(cast(Quantity as decimal(18, 0)) * cast(UnitPrice as decimal(18, 3))) as amount from '{rows}'
            where cast(Quantity as int) > 0 and cast(UnitPrice as double) > 0 and CustomerID <> ''
            group by CustomerID
        )
        select (select sum(amount) from (from customers order by amount desc limit 5)) / sum(amount) from customers
        """
    ).fetchone()
    assert row is not None
    assert round(Decimal(found["top5"][0]), 12) == round(Decimal(row[0]), 12)
