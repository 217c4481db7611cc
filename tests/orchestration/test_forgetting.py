"""G6 (art. 5(1)(e) AVG): after a term nothing leads from a row to the person any more, and no number moves for it."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from ingestion import privacy
from ingestion.sources import files, registry
from ingestion.sources.files import FileSpec
from ingestion.sources.files.terms import Terms
from ingestion.terms import Term
from orchestration import company, doctor, erasure, forgetting, release, sources
from orchestration.cli import app
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths
from tests.ingestion.connect.fake import serve
from tests.ingestion.connect.fake_shopify import FakeShopify
from tests.ingestion.connect.test_people import order_of

AMSTERDAM = "Europe/Amsterdam"
SINCE = date(2024, 2, 29)
ALL: dict[str, date] = dict.fromkeys(("orders", "order_lines", "customers", "sessions", "subscriptions"), SINCE)


def spec(entity: str, columns: str, key: str = "") -> FileSpec:
    names = columns.split()
    values = {"currency": "EUR"} if entity in ("orders", "subscriptions") else {}
    return FileSpec.model_validate(
        {
            "name": entity,
            "entity": entity,
            "pattern": f"{entity}*.csv",
            "key": key.split(),
            "columns": {name: name for name in names},
            "values": values,
        }
    )


SPECS = [
    spec("orders", "order_id customer_id ordered_at gross_amount", key="order_id"),
    spec("customers", "customer_id created_at country", key="customer_id"),
    spec("subscriptions", "subscription_id customer_id started_on ended_on monthly_amount", key="subscription_id"),
    spec("survey_responses", "response_id survey score responded_at customer_id", key="response_id"),
    spec("sessions", "session_id visitor_id started_at has_purchase"),
]
HEADERS = {one.entity: ",".join(one.columns) for one in SPECS}


class Shop:
    """A company whose refreshes are a load and a forgetting, on a warehouse whose bytes can be read."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths(data=folder / "data", inbox=folder / "inbox", company=None)
        self.paths.inbox.mkdir(parents=True)
        self.paths.work.mkdir(parents=True)
        self.since: dict[str, date] = dict(ALL)

    def put(self, name: str, *lines: str) -> None:
        entity = next(entity for entity in HEADERS if name.startswith(entity))
        (self.paths.inbox / f"{name}.csv").write_text("\n".join([HEADERS[entity], *lines, ""]), encoding="utf-8")

    def refresh(self) -> files.Delivery:
        terms = Terms(self.since, AMSTERDAM)
        with duckdb.connect(str(self.paths.warehouse)) as warehouse:
            warehouse.execute("set force_compression = 'uncompressed'")
        delivery = files.deliver(
            SPECS, self.paths.inbox, self.paths.warehouse, self.paths.work / "files", time_zone=AMSTERDAM, people=terms
        )
        forgetting.forget_in(self.paths, terms)
        return delivery

    def ask(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.paths.warehouse), read_only=True) as warehouse:
            return warehouse.sql(query).fetchall()

    def known(self) -> set[str]:
        """Who of the people in these tests can still be found with the key."""
        held = self.paths.warehouse.read_bytes()
        return {who for who in PEOPLE if privacy.key().pseudonym(who, "customer").encode() in held}

    def customers(self) -> set[frozenset[str]]:
        """The orders and rows of the list that are of one customer, for each customer."""
        rows = self.ask(
            "select customer_id, list(what) from ("
            "select customer_id, order_id as what, file_name, file_line from raw_files.orders "
            "union all select customer_id, country, file_name, file_line from raw_files.customers"
            ") group by customer_id"
        )
        return {frozenset(what) for _, what in rows}


PEOPLE = ["anna", "bram", "chris", "daan", "els", "fien"]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_g6_who_is_past_the_term_is_in_no_byte_and_still_one_customer(shop: Shop) -> None:
    shop.put("orders_2023", "1,anna,2023-05-01,10", "2,anna,2023-06-01,20", "3,bram,2023-06-01,5")
    shop.put("orders_2026", "4,bram,2026-03-01,7")
    shop.put("customers", "anna,2023-05-01,NL", "bram,2023-06-01,BE", "chris,,DE")
    shop.since = dict.fromkeys(ALL, date(2021, 6, 1))
    shop.refresh()
    shop.since = ALL
    everybody = shop.customers()
    assert everybody == {frozenset({"1", "2", "NL"}), frozenset({"3", "4", "BE"}), frozenset({"DE"})}
    shop.refresh()
    assert shop.known() == {"bram", "chris"}, "Chris has no date, so nobody can say that he is past it"
    keys = {privacy.key().pseudonym(who, "key") for who in ("anna", "bram")}
    held = shop.paths.warehouse.read_bytes()
    assert [key for key in keys if key.encode() in held] == [privacy.key().pseudonym("bram", "key")]
    assert shop.customers() == everybody
    oldest = shop.ask(
        "select min(newest) from (select max(cast(timezone('Europe/Amsterdam', ordered_at) as date)) as newest from raw_files.orders "
        "where starts_with(customer_id, 'p1') group by customer_id)"
    )
    assert oldest == [(date(2026, 3, 1),)]
    before = shop.paths.warehouse.stat().st_mtime_ns
    assert forgetting.forget_in(shop.paths, Terms(ALL, AMSTERDAM)) == 0
    assert shop.paths.warehouse.stat().st_mtime_ns == before, "nothing is written for nobody"


def test_g6_rows_that_come_again_are_of_the_customer_they_were_of_and_are_forgotten_again(shop: Shop) -> None:
    shop.put("orders_2023-05", "1,anna,2023-05-01,10", "2,bram,2023-05-02,20", "3,chris,2023-05-03,30")
    shop.put("orders_2023-06", "4,anna,2023-06-01,10", "5,bram,2023-06-02,20", "6,daan,2023-06-03,1")
    shop.put("customers_1", "anna,2023-05-01,NL", "bram,2023-05-01,BE", "chris,2023-05-01,DE", "daan,2023-05-01,FR")
    first = {frozenset({"1", "4", "NL"}), frozenset({"2", "5", "BE"}), frozenset({"3", "DE"}), frozenset({"6", "FR"})}
    shop.refresh()
    assert (shop.known(), shop.customers()) == (set(), first)

    # Corrected: order 2 was of Chris, and 3 has another amount. The list is delivered under a new name, with more.
    shop.put("orders_2023-05", "1,anna,2023-05-01,10", "2,chris,2023-05-02,20", "3,chris,2023-05-03,31")
    shop.put("customers_2", "anna,2023-05-01,NL", "bram,2023-05-01,BE", "els,2026-01-01,ES")
    delivery = shop.refresh()
    second = {frozenset({"1", "4", "NL"}), frozenset({"5", "BE"}), frozenset({"2", "3", "DE"}), frozenset({"6", "FR"})}
    assert (shop.known(), shop.customers()) == ({"els"}, second | {frozenset({"ES"})})
    assert {file.file for file in delivery.files if file.status == "unchanged"} == set()

    # Anna comes back in a file that reaches back no further than the term: nobody can tell, so she is a new customer.
    shop.put("orders_2026-03", "7,anna,2026-03-01,10")
    delivery = shop.refresh()
    assert {file.file for file in delivery.files if file.status == "loaded"} == {"orders_2026-03.csv"}
    assert (shop.known(), shop.customers()) == (
        {"anna", "els"}, second | {frozenset({"ES"}), frozenset({"7"})},
    )  # fmt: skip

    # As soon as an old row comes along, all that is there is read, and she is one again.
    (shop.paths.inbox / "orders_2023-06.csv").unlink()
    shop.put("orders_2026-03", "7,anna,2026-03-01,10", "1,anna,2023-05-01,10")
    delivery = shop.refresh()
    assert shop.known() == {"anna", "els"}
    assert frozenset({"1", "7", "NL"}) in shop.customers() and frozenset({"4"}) in shop.customers()
    assert any("orders_2023-06.csv: people in it were forgotten" in warning for warning in delivery.warnings)


@pytest.mark.parametrize(("day", "may_be"), [("null", True), ("'2024-02-28'", True), ("'2024-03-01'", False)])
def test_g6_a_row_without_a_day_may_be_of_somebody_who_was_forgotten(tmp_path: Path, day: str, may_be: bool) -> None:
    file = tmp_path / "customers.parquet"
    duckdb.execute(f"copy (select 'p' as customer_id, {day}::timestamptz as created_at) to '{file}' (format parquet)")
    assert Terms(ALL, AMSTERDAM).reaches_back("customers", file) is may_be


def test_g6_who_is_still_a_subscriber_or_in_a_source_without_a_term_or_in_another_system_is_known(shop: Shop) -> None:
    shop.put(
        "subscriptions", "1,anna,2020-01-01,,10", "2,bram,2020-01-01,2023-01-01,10", "3,chris,2020-01-01,2026-01-01,1"
    )
    shop.put("survey_responses", "1,nps,9,2019-01-01,daan")
    shop.put("orders", "1,bram,2019-01-01,1", "2,daan,2019-01-01,1", "3,els,2019-01-01,1", "4,fien,2019-01-01,1")
    shop.since = {}
    shop.refresh()
    shop.since = dict(ALL)
    with duckdb.connect(str(shop.paths.warehouse)) as warehouse:
        warehouse.execute("create schema raw_mollie")
        warehouse.execute("create table raw_mollie.payments as select $1 as customer_id", [of("els")])
        privacy.remember(warehouse, "raw_mollie", "payments", {"customer_id": privacy.Mark("customer")})
    shop.refresh()
    assert shop.known() == {"anna", "chris", "daan", "els"}
    shop.since |= {"subscriptions": date(2023, 1, 1)}
    shop.put("subscriptions", "2,bram,2020-01-01,2023-01-01,10")
    shop.refresh()
    assert shop.known() == {"bram", "daan", "els"}, "who is in two sources waits for the longest term"


def of(who: str) -> str:
    return privacy.key().pseudonym(who, "customer")


def test_g6_a_day_is_one_of_the_companys_own_calendar_also_where_the_clock_changes(shop: Shop) -> None:
    # Half past midnight in Amsterdam, in summer and in winter, is the day before elsewhere.
    shop.since = {"sessions": date(2024, 10, 27)}
    shop.put("sessions", "s1,anna,2024-10-26T22:30:00Z,false", "s2,bram,2024-10-26T21:30:00Z,false")
    shop.put("sessions_2", "s3,chris,2024-10-26T23:30:00Z,false", "s4,daan,2024-10-27T23:30:00Z,false")
    shop.refresh()
    held = shop.paths.warehouse.read_bytes()
    visitors = {who for who in PEOPLE if privacy.key().pseudonym(who, "visitor").encode() in held}
    assert visitors == {"anna", "chris", "daan"}
    settings = company.RetentionSection(people={"sessions": 1, "default": 24})
    # 00:30 on the 31st, when it is still the 30th in London.
    terms = settings.terms(datetime(2026, 3, 30, 22, 30, tzinfo=UTC), AMSTERDAM)
    assert terms is not None
    assert (terms.since["sessions"], terms.since["order_lines"]) == (date(2026, 2, 28), date(2024, 3, 31))


def test_g6_an_erasure_finds_whoever_was_not_forgotten_and_nobody_else(shop: Shop) -> None:
    shop.put("orders", "1,anna,2023-05-01,10", "2,bram,2026-03-01,20")
    shop.refresh()
    found = {who: erasure.plan(shop.paths, [who], "customer").found for who in ("anna", "bram")}
    assert {who: [(one.table, one.rows) for one in rows] for who, rows in found.items()} == {
        "anna": [], "bram": [("raw_files.orders", 1)],
    }  # fmt: skip


@pytest.mark.parametrize("how", ["--dry-run", "--yes"])
def test_g6_an_erasure_by_the_alias_of_somebody_who_was_forgotten_is_refused_in_words(shop: Shop, how: str) -> None:
    shop.put("orders", "1,anna,2023-05-01,10")
    shop.refresh()
    [(alias,)] = shop.ask("select customer_id from raw_files.orders")
    places = ["--data", str(shop.paths.data), "--inbox", str(shop.paths.inbox)]
    refused = CliRunner().invoke(app, ["erase", "bram", alias, how, *places])
    assert refused.exit_code == 1
    said = " ".join(refused.output.split())
    assert f"{alias} is the alias of somebody who was forgotten: nobody can be traced by it any more" in said
    assert "so there is nothing to erase" in said and "bram" not in said
    assert not (shop.paths.data / erasure.LIST).exists(), "nor is anybody else erased by this command"


def test_g6_the_doctor_says_which_sources_have_no_term_and_which_files_of_the_company_are_past_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shop.paths.inbox / "company.toml"
    declared = "".join(
        f'[[files]]\nname = "{entity}"\nentity = "{entity}"\npattern = "{entity}*.csv"\n[files.columns]\n'
        + "".join(f'{name} = "{name}"\n' for name in columns.split())
        for entity, columns in {
            "orders": "order_id customer_id ordered_at gross_amount currency",
            "sessions": "session_id visitor_id started_at has_purchase",
        }.items()
    )

    def told(terms: str) -> doctor.Finding:
        file.write_text(f"{declared}[retention.people]\n{terms}\n", encoding="utf-8")
        paths = Paths(shop.paths.data, shop.paths.inbox, file)
        return next(one for one in doctor.examine(paths) if one.subject == "terms")

    assert told("orders = 25").found == "people in sessions stay traceable without a term"
    assert told("default = 25") == doctor.Finding("terms", "all 2 sources about people have one")
    shop.put("orders_old", "1,anna,2023-05-01,10")
    shop.put("orders_new", "2,bram,2026-03-01,10")
    shop.refresh()
    monkeypatch.setattr(release, "private_warehouse", lambda _: shop.paths.warehouse)
    assert told("default = 25").found.endswith(
        "; of files in the inbox, 1 name people who were forgotten here: orders_old.csv"
    )


@pytest.mark.parametrize("name", ["order", "tickets", "ledger", "exact", "afas"])
def test_g6_a_term_for_a_source_that_names_nobody_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "company.toml"
    file.write_text(f"[retention.people]\n{name} = 25\n", encoding="utf-8")
    with pytest.raises(
        KerncijfersError, match=rf"no declared file about {name} says who a row is about, nor a connected system"
    ):
        company.read(Paths(tmp_path / "data", tmp_path / "inbox", file))


def test_g6_a_connected_system_is_looked_at_once_a_month_and_never_later_than_its_term() -> None:
    settings = company.RetentionSection(people={"shopify": 25, "default": 1})
    shop, exact, stripe = (registry.connector(name) for name in ("shopify", "exact", "stripe"))
    # In Amsterdam it is December already.
    moment = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert settings.term(shop, moment, AMSTERDAM) == Term(date(2024, 12, 1), AMSTERDAM)
    assert settings.term(shop, datetime(2026, 11, 1, 12, tzinfo=UTC), AMSTERDAM) == Term(date(2024, 11, 1), AMSTERDAM)
    assert settings.term(stripe, moment, AMSTERDAM) == Term(date(2026, 12, 1), AMSTERDAM)
    assert settings.term(exact, moment, AMSTERDAM) is None, "the books have to be kept"
    assert company.RetentionSection().term(shop, moment, AMSTERDAM) is None


@pytest.mark.parametrize("objects", [False, True])
def test_g6_who_is_past_the_term_of_a_connected_system_is_in_no_byte_of_the_next_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objects: bool
) -> None:
    shop = registry.connector("shopify")
    file = tmp_path / "company.toml"
    paths = Paths(data=tmp_path / "data", inbox=tmp_path / "inbox", company=file)
    for folder in (paths.inbox, paths.work):
        folder.mkdir(parents=True)
    people = ["anna", "bram", "chris"]
    moments = {"anna": "2015-05-01T10:00:00Z", "bram": "2015-05-01T10:00:00Z", "chris": "2100-01-01T10:00:00Z"}
    with serve(FakeShopify([order_of(who, 10 * at, moments[who]) for at, who in enumerate(people)])) as server:
        file.write_text(
            '[company]\nname = "Linde"\n[sources.shopify]\nshop = "linde"\nsince = "2015-01-01"\n'
            f'base_url = "{server.url}"\n[retention.people]\nshopify = 25\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("SHOPIFY_ACCESS_TOKEN", "shpat_good")
        settings = company.read(paths).sources["shopify"]
        sources.fetch(paths, shop, settings)
    released = tmp_path / "released.duckdb"
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        warehouse.execute("set force_compression = 'uncompressed'")
    sources.deliver(paths, shop, settings)
    shutil.copyfile(paths.warehouse, released)
    monkeypatch.setattr(release, "private_warehouse", lambda _: released)
    of = {who: privacy.key().pseudonym(who, "customer") for who in people}

    if objects:  # Bram, by a file that is in the warehouse
        with duckdb.connect(str(paths.warehouse)) as warehouse:
            warehouse.execute("create schema raw_files")
            warehouse.execute(
                "create table raw_files.objections as select $1 as customer_id, null::varchar as _key", [of["bram"]]
            )
    assert sources.forget(paths, shop) == (1 if objects else 2)
    sources.deliver(paths, shop, settings)
    forgetting.forget(paths)
    held = paths.warehouse.read_bytes()
    assert [who for who in people if of[who].encode() in held] == (["bram", "chris"] if objects else ["chris"])
    with duckdb.connect(str(paths.warehouse), read_only=True) as warehouse:
        assert warehouse.sql("select count(distinct customer_id) from raw_shopify.orders").fetchall() == [(3,)]
