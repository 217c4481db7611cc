"""Who a row is about is not in the warehouse: only pseudonyms, that nobody makes without the key."""

from __future__ import annotations

import hashlib
import hmac
import stat
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion import pipeline, privacy
from ingestion.errors import SourceError
from ingestion.pipeline import Table

SECRET = "a secret of at least thirty-two characters"
CUSTOMERS = pa.schema([privacy.identifier("customer_id", "customer"), ("amount", pa.decimal128(18, 2))])
ORDERS = pa.schema(
    [
        privacy.Mark("order", "owned").field("order_id"),
        privacy.identifier("customer_id", "customer"),
        ("amount", pa.decimal128(18, 2)),
    ]
)
REFUNDS = pa.schema([privacy.Mark("order", "belonging").field("order_id"), ("amount", pa.decimal128(18, 2))])
LEDGER = pa.schema([privacy.identifier("relation_id", "relation", on_erasure="link"), ("amount", pa.decimal128(18, 2))])


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> privacy.Key:
    """The key of these tests, given by the environment."""
    monkeypatch.setenv(privacy.ENV_KEY, SECRET)
    return privacy.key()


def written(folder: Path, schema: pa.Schema, *rows: tuple) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{len(list(folder.iterdir()))}.parquet"
    content = [dict(zip(schema.names, row, strict=True)) for row in rows]
    pq.write_table(pa.Table.from_pylist(content, schema=schema), path)
    return path


def rows(warehouse: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.sql(query).fetchall()


def test_a_pseudonym_is_the_hmac_that_the_standard_library_makes(key: privacy.Key) -> None:
    values = ["K1001", " K1001 ", "Anna@Example.NL", "Zoë", "x" * 200, "o'neill", ""]
    with duckdb.connect() as connection:
        key.lend(connection)
        made = connection.execute(
            f"select {privacy.sql('value', 'customer')} from (select unnest($1) as value)", [values]
        ).fetchall()
    normal = ["K1001", "K1001", "anna@example.nl", "Zoë", "x" * 200, "o'neill", ""]
    expected = [
        "p1" + hmac.new(SECRET.encode(), f"customer|{value}".encode(), hashlib.sha256).hexdigest()[:24]
        for value in normal
    ]
    assert [one for (one,) in made] == expected
    assert [key.pseudonym(value, "customer") for value in values] == expected
    long = privacy.Key(b"k" * 100)
    with duckdb.connect() as connection:
        long.lend(connection)
        assert connection.sql(f"select {privacy.sql('value', 'c')} from (select 'v' as value)").fetchall() == [
            (long.pseudonym("v", "c"),)
        ]


def test_another_key_or_another_kind_of_subject_gives_another_pseudonym(key: privacy.Key) -> None:
    other = privacy.Key(b"another secret of thirty-two characters")
    assert len({key.pseudonym("1", "customer"), key.pseudonym("1", "donor"), other.pseudonym("1", "customer")}) == 3
    guesses = {hashlib.sha256(f"{prefix}1".encode()).hexdigest()[:24] for prefix in ("", "customer|")}
    assert not {f"p1{guess}" for guess in guesses} & {key.pseudonym("1", "customer")}, "no hash without a key"


def test_any_source_s_marked_columns_are_loaded_as_pseudonyms_that_still_join(tmp_path: Path, key: privacy.Key) -> None:
    warehouse, amount = tmp_path / "w.duckdb", Decimal("9.95")
    customers = written(tmp_path / "a", CUSTOMERS, ("anna@example.nl", amount), ("Bo", amount), (None, amount))
    orders = written(tmp_path / "b", ORDERS, ("O1", "Anna@example.nl ", amount), ("O2", "Bo", amount))
    pipeline.load("crm", [Table("customers", CUSTOMERS, parquet=[customers])], warehouse=warehouse, work=tmp_path)
    pipeline.load("shop", [Table("orders", ORDERS, parquet=[orders])], warehouse=warehouse, work=tmp_path)

    joined = "select order_id, count(*) from raw_shop.orders join raw_crm.customers using (customer_id) group by all"
    assert sorted(rows(warehouse, joined)) == [("O1", 1), ("O2", 1)]
    assert sorted(rows(warehouse, "select customer_id from raw_crm.customers"), key=str) == sorted(
        [(key.pseudonym("anna@example.nl", "customer"),), (key.pseudonym("Bo", "customer"),), (None,)], key=str
    )
    left = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"example.nl" not in left.lower()
    assert SECRET.encode() not in left


def test_a_file_that_says_it_is_protected_and_is_not_is_refused_without_naming_anybody(tmp_path: Path) -> None:
    warehouse, files = tmp_path / "w.duckdb", written(tmp_path / "a", CUSTOMERS, ("Bo", Decimal(1)))
    with pytest.raises(SourceError, match=r"1 rows of customers have an identifier in customer_id") as refusal:
        table = Table("customers", CUSTOMERS, parquet=[files], is_protected=True)
        pipeline.load("crm", [table], warehouse=warehouse, work=tmp_path)
    assert "Bo" not in str(refusal.value)


def test_who_was_erased_stays_out_with_what_belongs_to_them_and_the_books_keep_their_amounts(
    tmp_path: Path, key: privacy.Key
) -> None:
    warehouse = tmp_path / "w.duckdb"
    privacy.Guard.of(warehouse, "shop").also("customer", [key.pseudonym("Bo", "customer")]).also(
        "relation", [key.pseudonym("Bo", "relation")]
    ).keep(warehouse)
    one, two = Decimal(1), Decimal(2)
    tables = [
        Table("refunds", REFUNDS, parquet=[written(tmp_path / "r", REFUNDS, ("O1", one), ("O2", two))]),
        Table("orders", ORDERS, parquet=[written(tmp_path / "o", ORDERS, ("O1", "Anna", one), ("O2", "Bo", two))]),
        Table("ledger", LEDGER, parquet=[written(tmp_path / "l", LEDGER, ("Anna", one), ("Bo", two))]),
    ]
    counts = pipeline.load("shop", tables, warehouse=warehouse, work=tmp_path)

    assert counts == {"refunds": 1, "orders": 1, "ledger": 2}
    assert rows(warehouse, "select order_id from raw_shop.orders union all select order_id from raw_shop.refunds") == [
        ("O1",),
        ("O1",),
    ]
    assert sorted(rows(warehouse, "select amount, relation_id is null from raw_shop.ledger")) == [
        (one, False),
        (two, True),
    ]
    late = Table("refunds", REFUNDS, parquet=[written(tmp_path / "r", REFUNDS, ("O2", two), ("O3", two))])
    assert pipeline.load("shop", [late], warehouse=warehouse, work=tmp_path) == {"refunds": 1}


def test_data_of_another_key_is_refused_because_nobody_would_be_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    privacy.Guard.of(tmp_path / "w.duckdb", "shop")
    monkeypatch.setenv(privacy.ENV_KEY, "another secret of thirty-two characters")
    with pytest.raises(SourceError, match="nobody would be recognised") as refusal:
        privacy.Guard.of(tmp_path / "w.duckdb", "shop")
    assert "another secret" not in str(refusal.value)


def test_without_a_key_one_is_made_that_only_its_owner_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(privacy.ENV_KEY)
    file = tmp_path / "keys" / "ours.key"
    monkeypatch.setenv(privacy.ENV_KEY_FILE, str(file))
    made = privacy.key()
    assert (stat.S_IMODE(file.stat().st_mode), privacy.key().secret, len(made.secret)) == (0o600, made.secret, 64)
    assert made.secret.decode() not in repr(made)
    file.chmod(0o640)
    with pytest.raises(SourceError, match="chmod 600"):
        privacy.key()
    file.unlink()
    file.write_text("short", encoding="ascii")
    file.chmod(0o600)
    with pytest.raises(SourceError, match="5 characters"):
        privacy.key()
