"""What the gate says of data that fail a test."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration import gate

ORDERS = "select chr(27) || '[2J' || chr(8238) || 'A1' as order_id, 'klant é' as customer"


@pytest.mark.parametrize(
    ("columns", "told"),
    [("*", r"order_id \u001b[2J\u202eA1, customer klant é"), ("order_id as message", r"\u001b[2J\u202eA1")],
)
def test_a_row_that_fails_is_told_with_its_invisible_characters_by_number(
    tmp_path: Path, columns: str, told: str
) -> None:
    warehouse = tmp_path / "w.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"create table orders as {ORDERS}")
    failed = {"compiled_code": f"select {columns} from orders", "failures": 1}
    assert gate._rows(failed, warehouse) == [f"  - {told}"]
