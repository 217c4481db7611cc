"""After a refresh, nothing it left has a secret of its environment, or a person by name, address or account (G3, G11).

The inbox is full of what may not come along: names and addresses of customers, what they wrote, who worked which hours.
Databases are read row by row as well, because DuckDB packs texts.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from ingestion import privacy
from orchestration.release import signing
from tests.end_to_end.conftest import PLANTED, Company, Released

pytestmark = pytest.mark.integration

# Any address of a customer of the demo, and any Dutch account.
_PERSONAL = re.compile(rb"klant[0-9]+@example\.nl|\bNL[0-9]{2}[A-Z]{4}[0-9]{10}\b")


def packed(file: Path, content: bytes) -> Iterator[tuple[bytes, bool]]:
    """What a file holds as it is on disk, and what is packed inside it; and whether that is text."""
    yield content, b"\0" not in content[:1000]
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content), True
    if content[:4] == b"PAR1":
        table = pq.read_table(file)
        for column in table.columns:
            yield "\n".join(map(str, column.unique().to_pylist())).encode(), True
    if content[8:12] == b"DUCK":
        with duckdb.connect(str(file), read_only=True) as connection:
            columns = connection.execute(
                "select '\"' || schema_name || '\".\"' || table_name || '\"', column_name from duckdb_columns() "
                "where not internal and data_type in ('VARCHAR', 'VARCHAR[]', 'JSON', 'BLOB') "
                "and (schema_name, table_name) in (select (schema_name, table_name) from duckdb_tables())"
            ).fetchall()
            for table, column in columns:
                texts = connection.execute(
                    f'select distinct cast("{column}" as varchar) from {table} where "{column}" is not null'
                ).fetchall()
                yield "\n".join(text for (text,) in texts).encode(), True


def contents(*folders: Path) -> Iterator[tuple[Path, bytes, bool]]:
    """Every file below some folders, as often as there is a way to read it."""
    for folder in folders:
        for root, _, names in os.walk(folder):
            for file in (Path(root) / name for name in names):
                if file.is_file() and not file.is_symlink():
                    for content, is_text in packed(file, file.read_bytes()):
                        yield file, content, is_text


def people(company: Company) -> set[str]:
    """Some of whom and what the inbox names: names and addresses of customers, and what they wrote."""
    [file] = company.inbox.glob("webshop/klanten_*.xlsx")
    rows = openpyxl.load_workbook(file, read_only=True)["Klanten"].iter_rows(min_row=2, max_row=13, values_only=True)
    found = {str(text) for _, name, address, *_ in rows for text in (name, address)}
    with (company.inbox / "klantenservice" / "antwoorden.csv").open(encoding="utf-8", newline="") as told:
        found |= {row["Opmerking"] for row in csv.DictReader(told, delimiter=";") if row["Opmerking"]}
    assert len(found) > 26 and all(len(text) > 8 for text in found)
    return found


def test_g3_g11_no_secret_and_nobody_s_name_is_in_a_release_a_database_a_log_or_what_dbt_and_dlt_left(
    released_company: Released, project_root: Path
) -> None:
    company, _ = released_company("ecommerce")
    key = signing.key_file().read_text(encoding="ascii").splitlines()[1]
    secrets = [privacy.key().secret, key.encode(), *(secret.encode() for secret in PLANTED.values())]
    named = [text.encode() for text in people(company)]
    searched: dict[str, int] = {}
    found = set()
    for file, content, is_text in contents(company.data, project_root / ".data" / "dbt"):
        searched[file.suffix] = searched.get(file.suffix, 0) + 1
        found |= {(str(file), one) for one in (*secrets, *named) if one in content}
        if is_text:
            found |= {(str(file), match) for match in _PERSONAL.findall(content)}
    assert {".duckdb", ".parquet", ".html", ".json", ".log"} <= searched.keys()
    assert searched[".duckdb"] > 500, "the columns of the databases were read"
    assert not found

    printed = company.run("doctor", "--data", str(company.data), "--inbox", str(company.inbox))
    assert not [secret for secret in secrets if secret.decode() in printed.stdout + printed.stderr]
