"""A partition that comes in replaces the one there; nothing is lost, nothing is doubled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion import pipeline
from ingestion.pipeline import Table

SCHEMA = pa.schema([("company_id", pa.string()), ("fiscal_year", pa.string()), ("amount", pa.decimal128(20, 2))])
PARTITION = ("company_id", "fiscal_year")


def parquet(folder: Path, year: str, *amounts: str) -> Path:
    rows = [{"company_id": "c", "fiscal_year": year, "amount": Decimal(amount)} for amount in amounts]
    path = folder / f"{year}-{len(list(folder.iterdir()))}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return path


def held(warehouse: Path) -> list[tuple]:
    with duckdb.connect(str(warehouse)) as connection:
        return connection.sql("select fiscal_year, amount from raw_books.lines order by all").fetchall()


def test_a_year_that_comes_again_replaces_itself_and_leaves_the_others(tmp_path: Path) -> None:
    warehouse, files = tmp_path / "w.duckdb", tmp_path / "files"
    files.mkdir()

    def load(*paths: Path) -> dict[str, int]:
        return pipeline.load("books", [Table("lines", SCHEMA, PARTITION, paths)], warehouse=warehouse, work=tmp_path)

    assert load(parquet(files, "2023", "1.10", "2.20")) == {"lines": 2}
    assert load(parquet(files, "2024", "3.30")) == {"lines": 3}
    assert load(parquet(files, "2023", "9.99")) == {"lines": 2}
    assert held(warehouse) == [("2023", Decimal("9.99")), ("2024", Decimal("3.30"))]
    assert load() == {"lines": 2}


def test_a_partition_delivered_without_rows_is_gone(tmp_path: Path) -> None:
    warehouse, files = tmp_path / "w.duckdb", tmp_path / "files"
    files.mkdir()
    table = Table("lines", SCHEMA, PARTITION, [parquet(files, "2023", "1.10")])
    pipeline.load("books", [table], warehouse=warehouse, work=tmp_path)
    table = Table("lines", SCHEMA, PARTITION, replaces=[("c", "2023")])
    assert pipeline.load("books", [table], warehouse=warehouse, work=tmp_path) == {"lines": 0}


def test_a_table_without_files_exists_with_the_contract_s_columns(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    assert pipeline.load("books", [Table("lines", SCHEMA)], warehouse=warehouse, work=tmp_path) == {"lines": 0}
    with duckdb.connect(str(warehouse)) as connection:
        described = connection.sql("describe raw_books.lines").fetchall()
    assert [row[:2] for row in described] == [
        ("company_id", "VARCHAR"),
        ("fiscal_year", "VARCHAR"),
        ("amount", "DECIMAL(20,2)"),
    ]


def test_a_column_the_contract_does_not_have_is_refused(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    pipeline.load("books", [Table("lines", SCHEMA)], warehouse=warehouse, work=tmp_path)
    wider = SCHEMA.append(pa.field("email", pa.string()))
    file = tmp_path / "wider.parquet"
    pq.write_table(wider.empty_table().slice(0), file)
    rows = [{"company_id": "c", "fiscal_year": "2023", "amount": Decimal("1.00"), "email": "a@example.nl"}]
    pq.write_table(pa.Table.from_pylist(rows, schema=wider), file)
    with pytest.raises(Exception, match="email"):
        pipeline.load("books", [Table("lines", SCHEMA, PARTITION, [file])], warehouse=warehouse, work=tmp_path)


def test_a_column_a_newer_version_keeps_is_added_to_the_table_of_before(tmp_path: Path) -> None:
    warehouse, files = tmp_path / "w.duckdb", tmp_path / "files"
    files.mkdir()
    table = Table("lines", SCHEMA, PARTITION, [parquet(files, "2023", "1.10")])
    pipeline.load("books", [table], warehouse=warehouse, work=tmp_path)
    wider = SCHEMA.insert(1, pa.field("note", pa.string()))
    file = tmp_path / "wider.parquet"
    rows = [{"company_id": "c", "fiscal_year": "2024", "amount": Decimal("2.20"), "note": "new"}]
    pq.write_table(pa.Table.from_pylist(rows, schema=wider), file)
    pipeline.load("books", [Table("lines", wider, PARTITION, [file])], warehouse=warehouse, work=tmp_path)
    with duckdb.connect(str(warehouse)) as connection:
        lines = connection.sql("select fiscal_year, amount, note from raw_books.lines order by all").fetchall()
    assert lines == [("2023", Decimal("1.10"), None), ("2024", Decimal("2.20"), "new")]
