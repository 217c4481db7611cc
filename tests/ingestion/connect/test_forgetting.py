"""G6 (art. 5(1)(e) AVG) in a connected system: past the term nothing leads to the person, and nobody becomes two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import privacy
from ingestion.connect import connector as connect
from ingestion.connect import forgetting
from ingestion.connect.fields import Rows
from ingestion.connect.landing import Landing
from ingestion.sources.registry import connectors
from ingestion.sources.shopify import CONNECTOR
from ingestion.terms import Term
from tests.ingestion.connect import fake_hubspot, fake_salesforce, fake_stripe, systems
from tests.ingestion.connect.fake import serve
from tests.ingestion.connect.fake_shopify import FakeShopify
from tests.ingestion.connect.systems import System
from tests.ingestion.connect.test_people import Shop, customer, order_of

ANNA, BO, CEES = "7100000000001", "7100000000002", "7100000000003"
OLD, NEW = "2023-05-01T10:00:00Z", "2026-03-01T10:00:00Z"
TERM = Term(date(2024, 3, 1), "Europe/Amsterdam")
FORGETS = [system.name for system in connectors() if system.forgets and system.name != "webhooks"]


def forget(folder: Path, tables: Mapping[str, Rows], term: Term = TERM, **kept: Any) -> int:
    landing = Landing(folder)
    with landing.locked():
        return forgetting.forget(landing, tables, term, **kept)


def world(folder: Path, tables: Mapping[str, Rows]) -> tuple[dict[str, list[str]], set[frozenset[str]]]:
    """What is here, whatever people are called: the rows of each table, and which of them are of one person."""
    landing, content, theirs = Landing(folder), {}, defaultdict(set)
    for table, spec in tables.items():
        if not landing.progress(table).batches:
            continue
        with duckdb.connect() as connection:
            found = connection.execute(landing.held_rows(table, spec)).to_arrow_table()
        rows = []
        for row in found.to_pylist():
            who = [row.pop(column) for column in spec.people]
            rows.append(f"{table} {sorted(row.items())}")
            for one in filter(None, who):
                theirs[one].add(rows[-1])
        content[table] = sorted(rows)
    return content, {frozenset(rows) for rows in theirs.values()}


def known(folder: Path, tables: Mapping[str, Rows]) -> int:
    """How many people are here by their pseudonyms."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select count(*) from ({forgetting.named(Landing(folder), tables)}) "
            f"where {privacy.has_form(privacy.PREFIX, 'person')}"
        ).fetchone()
    assert found is not None
    return int(found[0])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Anna and Bo bought long ago, Bo again lately; Cees is new."""
    orders = [order_of(ANNA, 10, OLD), order_of(ANNA, 20, OLD), order_of(BO, 30, OLD), order_of(BO, 40, NEW)]
    people = [since(ANNA, OLD), since(BO, NEW), since(CEES, NEW)]
    with serve(FakeShopify(orders, people)) as server:
        shop = Shop(server, tmp_path / "shopify")
        shop.settings = shop.settings.model_copy(update={"since": date(2023, 1, 1)})
        yield shop


def since(who: str, updated: str) -> dict[str, Any]:
    return customer(who, updated) | {"createdAt": OLD}


def test_g6_who_is_past_the_term_is_in_no_byte_and_still_one_customer(shop: Shop, tmp_path: Path) -> None:
    shop.fetch()
    everybody, before = world(shop.folder, CONNECTOR.tables), Landing(shop.folder).generation
    assert forget(shop.folder, CONNECTOR.tables) == 1
    held = shop.written()
    of = {who: privacy.key().pseudonym(who, "customer") for who in (ANNA, BO, CEES)}
    assert [who for who, pseudonym in of.items() if pseudonym in held] == [BO, CEES]
    assert world(shop.folder, CONNECTOR.tables) == everybody

    landing, warehouse = Landing(shop.folder), tmp_path / "w.duckdb"
    assert landing.generation != before
    connect.deliver(CONNECTOR, shop.settings, landing, warehouse, tmp_path / "work")
    with duckdb.connect(str(warehouse)) as connection:
        rows = connection.sql(
            "select list(order_id order by order_id) from raw_shopify.orders join raw_shopify.customers "
            "using (customer_id) group by customer_id order by all"
        ).fetchall()
    assert rows == [(["10", "20"],), (["30", "40"],)]
    assert forget(shop.folder, CONNECTOR.tables) == 0
    assert Landing(shop.folder).generation == landing.generation, "nothing is written for nobody"


def test_g6_an_old_order_that_comes_again_stays_with_the_customer_it_is_of_and_is_not_told(shop: Shop) -> None:
    shop.fetch()
    forget(shop.folder, CONNECTOR.tables)
    before = Landing(shop.folder).generation
    shop.server.orders[0] = order_of(ANNA, 10, OLD) | {"updatedAt": "2026-04-01T10:00:00Z"}
    shop.server.orders.append(order_of(CEES, 50, "2026-04-01T10:00:00Z"))
    shop.fetch()
    assert (Landing(shop.folder).generation, known(shop.folder, CONNECTOR.tables)) == (before, 2)
    _, people = world(shop.folder, CONNECTOR.tables)
    assert sorted(len(rows) for rows in people) == [2, 3, 3], "Cees has an order now, and Anna two"


@pytest.mark.parametrize("gone", [False, True])
def test_g6_a_forgotten_customer_who_comes_back_or_goes_has_the_shop_read_anew(
    shop: Shop, tmp_path: Path, gone: bool
) -> None:
    shop.fetch()
    forget(shop.folder, CONNECTOR.tables)
    before, later = Landing(shop.folder).generation, "2026-04-01T10:00:00Z"
    if gone:
        del shop.server.customers[0]
    else:
        shop.server.customers[0] = since(ANNA, later)
        shop.server.orders.append(order_of(ANNA, 60, later))
    shop.fetch()
    assert Landing(shop.folder).generation != before
    fresh = Shop(shop.server, tmp_path / "fresh")
    fresh.settings = shop.settings
    fresh.fetch()
    assert world(shop.folder, CONNECTOR.tables) == world(fresh.folder, CONNECTOR.tables)
    assert known(shop.folder, CONNECTOR.tables) == 3
    assert forget(shop.folder, CONNECTOR.tables) == int(gone), "Anna's orders are as old as before"


def test_g6_people_come_and_go_between_two_questions_and_nobody_who_was_forgotten_is_taken_for_gone(shop: Shop) -> None:
    shop.fetch()
    forget(shop.folder, CONNECTOR.tables)
    before = Landing(shop.folder).generation
    shop.server.customers[2] = since("7100000000004", "2026-04-01T10:00:00Z") | {"createdAt": "2026-04-01T10:00:00Z"}
    shop.fetch()
    assert Landing(shop.folder).generation == before
    content, _ = world(shop.folder, CONNECTOR.tables)
    assert len(content["customers"]) == 3


def test_g6_a_disk_without_links_gets_copies(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.fetch()
    before = world(shop.folder, CONNECTOR.tables)

    def link(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", link)
    assert forget(shop.folder, CONNECTOR.tables) == 1
    assert world(shop.folder, CONNECTOR.tables) == before


def test_g6_who_has_to_stay_known_does(shop: Shop) -> None:
    shop.fetch()
    assert forget(shop.folder, CONNECTOR.tables, staying={privacy.key().pseudonym(ANNA, "customer")}) == 0
    assert known(shop.folder, CONNECTOR.tables) == 3


def test_g6_a_forgetting_that_is_stopped_before_it_counts_changes_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.fetch()
    before = world(shop.folder, CONNECTOR.tables)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Landing, "turn", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        forget(shop.folder, CONNECTOR.tables)
    shop.fetch()
    assert (world(shop.folder, CONNECTOR.tables), known(shop.folder, CONNECTOR.tables)) == (before, 3)
    assert [folder.name for folder in shop.folder.iterdir() if folder.is_dir()] == [Landing(shop.folder).generation]
    assert forget(shop.folder, CONNECTOR.tables) == 1


def _in_shopify(system: System) -> list[Callable[[], object]]:
    server: Any = system.server
    server.customers += [customer(str(number), f"2026-02-0{number + 1}T10:00:00Z") for number in range(7)]
    return [lambda: server.customers.__setitem__(0, customer("0", "2026-04-02T10:00:00Z")), server.customers.pop]


def _in_woocommerce(system: System) -> list[Callable[[], object]]:
    server: Any = system.server
    for number, order in enumerate(server.orders):
        order["customer_id"] = 1 + number % 3
    return []


def _in_hubspot(system: System) -> list[Callable[[], object]]:
    server: Any = system.server
    contacts = server.content["contacts"]
    contacts += [fake_hubspot.contact(number, f"2026-02-0{number}T10:00:00.000Z") for number in range(1, 6)]
    return [
        lambda: contacts.__setitem__(0, fake_hubspot.contact(1, "2026-04-02T10:00:00.000Z")),
        lambda: contacts.append(fake_hubspot.contact(9, "2026-04-03T10:00:00.000Z")),
        lambda: server.archived["contacts"].append(contacts.pop(1) | {"archived": True}),
    ]


def _in_salesforce(system: System) -> list[Callable[[], object]]:
    server: Any = system.server
    server.content["Campaign"].append(fake_salesforce.campaign(1))
    members = server.content["CampaignMember"]
    members += [fake_salesforce.member(number, LeadId=f"00Q{number % 2:03d}") for number in range(1, 6)]
    members[4] |= {"LeadId": None, "ContactId": "003001"}
    return [
        lambda: members[0].update(SystemModstamp="2026-05-02T10:00:00.000+0000", HasResponded=True),
        lambda: members.append(fake_salesforce.member(9, SystemModstamp="2026-05-03T10:00:00.000+0000")),
    ]


def _in_stripe(system: System) -> list[Callable[[], object]]:
    server: Any = system.server
    subscriptions = server.content["subscriptions"]
    subscriptions += [
        fake_stripe.subscription("b", "canceled", "2026-02-01") | {"customer": "cus_2"},
        fake_stripe.subscription("c", "canceled", "2026-02-02") | {"customer": "cus_2"},
    ]
    return [lambda: subscriptions[0].update(status="canceled", ended_at=fake_stripe.at("2026-04-01"))]


PEOPLED: dict[str, Callable[[System], list[Callable[[], object]]]] = {
    "hubspot": _in_hubspot,
    "mollie": lambda _: [],
    "salesforce": _in_salesforce,
    "shopify": _in_shopify,
    "stripe": _in_stripe,
    "woocommerce": _in_woocommerce,
}


@pytest.mark.parametrize("name", FORGETS)
def test_g6_whatever_the_system_does_after_it_people_are_the_same_as_if_nobody_had_been_forgotten(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = Term(date(2030, 1, 1), "Europe/Amsterdam")
    with systems.running(name, tmp_path, monkeypatch) as (system, _):
        tables = dict(system.connector.tables)
        happens = PEOPLED[name](system)
        system.fetch()
        before = world(system.folder, tables)
        assert len(before[1]) > 1, "or nothing is shown"
        assert forget(system.folder, tables, everybody) >= 1
        # A subscription goes on, and whoever has one is nobody's past.
        assert known(system.folder, tables) == (1 if name == "stripe" else 0)
        assert world(system.folder, tables) == before
        fresh = tmp_path / "fresh"
        for place, event in enumerate([lambda: None, *happens, system.add, system.change, system.late]):
            if event is None:
                continue
            event()
            system.fetch()
            shown = system.folder
            system.folder = fresh / str(place)
            system.fetch()
            assert world(shown, tables) == world(system.folder, tables), f"after event {place}"
            system.folder = shown
            forget(system.folder, tables, Term(date(2030, 1, 2 + place), "Europe/Amsterdam"))
            assert known(system.folder, tables) <= (1 if name == "stripe" else 0)


def test_every_table_about_people_says_when() -> None:
    assert not [
        f"{system.name}.{table}"
        for system in connectors()
        for table, spec in system.tables.items()
        if spec.people and not spec.days.columns
    ]
