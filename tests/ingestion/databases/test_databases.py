"""Tables of real PostgreSQL and MariaDB servers, declared like files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from typer.testing import CliRunner

from ingestion.errors import SourceError
from ingestion.sources import databases, files
from ingestion.sources.databases import DatabaseSpec
from ingestion.sources.files import FileSpec
from orchestration.cli import app
from tests.ingestion.databases import servers

PASSWORD = {"SHOP_PASSWORD": "secret"}


class Shop:
    """A company whose orders are in a database."""

    def __init__(self, admin: sa.Engine, database: DatabaseSpec, folder: Path) -> None:
        self.admin, self.database, self.folder = admin, database, folder

    def run(self, *statements: str) -> None:
        with self.admin.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def refresh(self, **changed: Any) -> list[tuple[Any, ...]]:
        """The orders after a refresh."""
        spec = declared(**changed)
        work = self.folder / "work"
        found = databases.snapshot("shop", self.database, spec, work / "databases", PASSWORD)
        inbox = self.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        self.delivery = files.deliver(
            [spec], inbox, self.folder / "w.duckdb", work, time_zone="Europe/Amsterdam", snapshots=[(spec, found)]
        )
        with duckdb.connect(str(self.folder / "w.duckdb")) as connection:
            return connection.execute(
                "select order_id, gross_amount, epoch(ordered_at), status from raw_files.orders order by order_id"
            ).fetchall()


def declared(**changed: Any) -> FileSpec:
    told: dict[str, Any] = {
        "name": "shop_orders",
        "entity": "orders",
        "database": "shop",
        "pattern": "orders",
        "key": ["order_id"],
        "columns": {"order_id": "id", "ordered_at": "ordered_at", "gross_amount": "amount", "status": "state"},
        "values": {"currency": "EUR"},
    }
    return FileSpec.model_validate(told | changed)


@pytest.fixture(scope="module")
def postgres() -> Iterator[tuple[sa.Engine, DatabaseSpec]]:
    with servers.postgres() as (admin, socket):
        with admin.connect() as connection:
            connection.exec_driver_sql("create role reader login password 'secret'")
            connection.exec_driver_sql("alter default privileges grant select on tables to reader")
        yield (
            admin,
            DatabaseSpec(kind="postgresql", host=str(socket), database="postgres", user="reader"),
        )


@pytest.fixture(scope="module")
def mariadb() -> Iterator[tuple[sa.Engine, DatabaseSpec]]:
    with servers.mariadb() as (admin, socket):
        with admin.connect() as connection:
            connection.exec_driver_sql("create database shop character set utf8mb4")
            connection.exec_driver_sql("create user reader@localhost identified by 'secret'")
            connection.exec_driver_sql("grant all on shop.* to reader@localhost")
        inside = sa.create_engine(admin.url.set(database="shop"), isolation_level="AUTOCOMMIT")
        yield inside, DatabaseSpec(kind="mariadb", host=str(socket), database="shop", user="reader")
        inside.dispose()


COLUMNS = {
    "postgres": "id bigint primary key, amount numeric(20, 6), ordered_at timestamptz, state text, email text",
    "mariadb": "id bigint unsigned primary key, amount decimal(20, 6), ordered_at timestamp null, state varchar(20), "
    "email varchar(80)",
}


@pytest.fixture(params=["postgres", "mariadb"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    admin, database = request.getfixturevalue(request.param)
    shop = Shop(admin, database, tmp_path)
    zone = "set time zone 'UTC'" if request.param == "postgres" else "set time_zone = '+00:00'"
    shop.run("drop table if exists orders", f"create table orders ({COLUMNS[request.param]})")
    shop.run(
        zone,
        "insert into orders values (1, 1234567890.120000, '2026-03-29 00:30:00', 'completed', 'jan@example.nl'), "
        "(2, 0.100000, '2026-10-25 01:30:00', 'cancelled', 'piet@example.nl'), (3, -0.000100, '2026-10-25 00:30:00', null, '')",
    )
    return shop


def test_numbers_keep_every_digit_and_moments_are_the_moments_they_were(shop: Shop) -> None:
    assert shop.refresh() == [
        ("1", Decimal("1234567890.1200"), 1_774_744_200, "completed"),
        ("2", Decimal("0.1000"), 1_792_891_800, "cancelled"),
        ("3", Decimal("-0.0001"), 1_792_888_200, None),
    ]


def test_a_row_that_was_deleted_or_changed_is_so_here_and_an_unchanged_table_is_not_loaded_again(shop: Shop) -> None:
    shop.refresh()
    shop.run("delete from orders where id = 2", "update orders set amount = 5 where id = 3")
    assert [row[:2] for row in shop.refresh()] == [("1", Decimal("1234567890.12")), ("3", Decimal(5))]
    shop.refresh()
    assert [file.status for file in shop.delivery.files] == ["unchanged"]


def test_a_table_that_suddenly_is_empty_does_not_wipe_what_is_here(shop: Shop) -> None:
    shop.refresh()
    shop.run("delete from orders")
    with pytest.raises(SourceError, match="has no rows, and had 3"):
        shop.refresh()


def test_only_declared_columns_are_read_and_nothing_can_be_written(shop: Shop) -> None:
    found = databases.snapshot("shop", shop.database, declared(), shop.folder / "work", PASSWORD)
    assert b"example.nl" not in found.parquet.read_bytes()
    engine = databases._engine("shop", shop.database, PASSWORD)
    with engine.connect() as connection, pytest.raises(SQLAlchemyError, match=r"(?i)read.only"):
        connection.exec_driver_sql("delete from orders")
    engine.dispose()


def test_a_column_that_is_renamed_a_table_that_is_gone_and_a_wrong_password_are_said(shop: Shop) -> None:
    shop.refresh()
    with pytest.raises(SourceError, match=r"'bedrag' is missing\. The table has: id, amount"):
        shop.refresh(columns=declared().columns | {"gross_amount": "bedrag"})
    with pytest.raises(SourceError, match="no such table"):
        shop.refresh(pattern="bestellingen")
    with pytest.raises(SourceError, match="does not answer as it should") as refused:
        databases.check("shop", shop.database, {"SHOP_PASSWORD": "s3cr3t"})
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(SourceError, match="SHOP_PASSWORD is not set"):
        databases.check("shop", shop.database, {})
    assert "15." in (said := databases.check("shop", shop.database, PASSWORD)) or "MariaDB" in said


def test_a_connection_that_is_lost_half_way_loads_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.refresh()
    monkeypatch.setattr(databases, "_CHUNK", 1)
    whole = databases._chunks

    def lost(engine: sa.Engine, *rest: Any) -> Iterator[Any]:
        with closing(whole(engine, *rest)) as chunks:
            yield next(chunks)
            raise OperationalError("select", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr(databases, "_chunks", lost)
    with pytest.raises(SourceError, match="server closed the connection unexpectedly"):
        shop.refresh()
    monkeypatch.setattr(databases, "_chunks", whole)
    assert len(shop.refresh()) == 3


def test_a_number_with_more_digits_than_are_kept_is_refused_not_rounded(shop: Shop) -> None:
    shop.run("update orders set amount = 0.123456 where id = 2")
    with pytest.raises(SourceError, match=r"shop: orders.*amount.*0\.123456"):
        shop.refresh()


def test_zero_dates_and_numbers_beyond_64_bits_of_mysql(
    mariadb: tuple[sa.Engine, DatabaseSpec], tmp_path: Path
) -> None:
    shop = Shop(*mariadb, tmp_path)
    shop.run(
        "drop table if exists orders",
        "create table orders (id bigint unsigned, amount double, ordered_at datetime, state tinyint(1))",
        "set sql_mode = ''",
        "insert into orders values (18446744073709551615, 12.5, '2026-01-01 00:30:00', 1)",
    )
    assert shop.refresh() == [("18446744073709551615", Decimal("12.5"), 1_767_223_800, "1")]
    shop.run("update orders set ordered_at = '0000-00-00'")
    with pytest.raises(SourceError, match=r"shop: orders.*ordered_at.*0000-00-00"):
        shop.refresh()
    computed = {"ordered_at": "coalesce(nullif(ordered_at, '0000-00-00 00:00:00'), '2026-01-02')"}
    columns = {name: column for name, column in declared().columns.items() if name != "ordered_at"}
    assert shop.refresh(columns=columns, computed=computed)[0][2] == 1_767_308_400


def test_a_text_with_a_euro_sign_of_a_latin1_table_arrives_whole(
    mariadb: tuple[sa.Engine, DatabaseSpec], tmp_path: Path
) -> None:
    shop = Shop(*mariadb, tmp_path)
    shop.run(
        "drop table if exists orders",
        "create table orders (id int, amount decimal(9, 2), ordered_at datetime, state varchar(20)) character set latin1",
        "insert into orders values (1, 2, '2026-01-01', 'café €')",
    )
    assert shop.refresh()[0][3] == "café €"


def test_a_database_is_declared_and_tested_by_command(
    postgres: tuple[sa.Engine, DatabaseSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, database = postgres
    Shop(admin, database, tmp_path).run(
        "drop table if exists orders",
        f"create table orders ({COLUMNS['postgres']})",
        "insert into orders values (7, 1, now(), 'completed', '')",
    )
    told = f"""
        [company]
        name = "De Linde"
        [databases.shop]
        kind = "postgresql"
        host = "{database.host}"
        database = "postgres"
        user = "reader"
        [[files]]
        name = "shop_orders"
        entity = "orders"
        database = "shop"
        pattern = "public.orders"
        columns = {{ order_id = "id", ordered_at = "ordered_at", gross_amount = "amount" }}
        values = {{ currency = "EUR" }}
    """
    file = tmp_path / "company.toml"
    monkeypatch.setenv("SHOP_PASSWORD", "secret")

    def test(text: str, *words: str) -> str:
        file.write_text(text, encoding="utf-8")
        options = ["--data", str(tmp_path / "data"), "--company", str(file)]
        return CliRunner().invoke(app, ["source", *(words or ("test", "shop")), *options]).output

    said = test(told)
    assert "PostgreSQL" in said and "shop: public.orders: 1 rows" in said
    assert "there is no [databases.winkel]" in test(told.replace('database = "shop"', 'database = "winkel"'))
    assert "Database shop (postgresql): public.orders, read whole by each refresh; 0 rows" in test(told, "list")
    assert not list((tmp_path / "data").rglob("*.parquet"))
