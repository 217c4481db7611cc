"""The demo company's files agree with each other to the cent, checked over the written files alone."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from ingestion import demo
from tests.ingestion.demo.books import YEARS, ledger, lines


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    demo.write(folder, size=0.2)
    return folder


def export(inbox: Path, query: str) -> dict[str, Decimal]:
    """Per month, a sum over an export, by plain SQL. `dutch(text)` reads 1.234,56; empty rows and totals are left out."""
    with duckdb.connect() as connection:
        connection.execute(
            "create macro dutch(text) as cast(replace(replace(text, '.', ''), ',', '.') as decimal(18, 2))"
        )
        connection.execute("create macro month(text) as substr(text, 7, 4) || '-' || substr(text, 4, 2)")
        for name in ("orders", "retouren"):
            parts = []
            for file in sorted((inbox / "webshop").glob(f"{name}_*.csv")):
                copy = file.with_suffix(".utf8")
                copy.write_text(file.read_text(encoding="cp1252"), encoding="utf-8")
                parts.append(
                    f"select *, '{file.name}' as file from read_csv('{copy}', delim = ';', all_varchar = true)"
                )
            connection.execute(f"create table {name} as {' union all by name '.join(parts)}")
        connection.execute("delete from orders where Ordernummer = 'Totaal'")
        connection.execute("delete from retouren where Retournummer = 'Totaal'")
        connection.execute(
            """
            create table last_orders as
            select * from orders qualify row_number() over (partition by Ordernummer order by file desc) = 1
            """
        )
        return dict(connection.execute(query.replace("{inbox}", str(inbox))).fetchall())


def test_webshop_orders_less_refunds_equal_the_webshop_revenue_in_the_books(inbox: Path) -> None:
    assert ledger(inbox, "8000", "8005") == export(
        inbox,
        """
        select month, sum(amount) from (
            select month("Besteld op") as month, dutch("Goederen excl. btw") - dutch("Korting") as amount
            from last_orders where "Status" = 'betaald'
            union all
            select month("Terugbetaald op"), -dutch("Bedrag excl. btw") from retouren
        ) group by month
        """,
    )


def test_shipping_equals_its_own_account(inbox: Path) -> None:
    query = 'select month("Besteld op") as m, sum(dutch("Verzendkosten")) from last_orders where Status = \'betaald\' group by m'
    booked = export(inbox, query)
    assert ledger(inbox, "8010") == {month: amount for month, amount in booked.items() if amount}


def test_billable_hours_times_their_rate_equal_the_revenue_of_projects(inbox: Path) -> None:
    assert ledger(inbox, "8030") == export(
        inbox,
        """
        select month("Datum") as m, sum(cast(dutch("Uren") * dutch("Tarief") as decimal(18, 2)))
        from read_csv('{inbox}/uren/uren_*.csv', delim = ';', all_varchar = true)
        where "Regel" <> 'Totaal' and "Facturabel" = 'ja' group by m
        """,
    )


def test_ad_spend_equals_the_advertising_account(inbox: Path) -> None:
    spent = export(
        inbox,
        """
        select m, sum(cost) from (
            select substr("Day", 1, 7) as m, cast("Cost" as decimal(18, 2)) as cost
            from read_csv('{inbox}/advertenties/google_ads.csv', all_varchar = true)
            union all
            select month("Dag"), dutch("Besteed bedrag (EUR)")
            from read_csv('{inbox}/advertenties/meta_ads.csv', delim = ';', all_varchar = true)
        ) group by m
        """,
    )
    assert ledger(inbox, "4300") == {month: -amount for month, amount in spent.items()}


def test_active_subscriptions_equal_their_revenue(inbox: Path) -> None:
    assert ledger(inbox, "8020") == export(
        inbox,
        """
        with subscriptions as (
            select dutch("Bedrag per maand") as amount, strptime("Ingangsdatum", '%d-%m-%Y') as first,
                strptime("Einddatum", '%d-%m-%Y') as last
            from read_csv('{inbox}/abonnementen/*.csv', delim = ';', all_varchar = true)
        )
        select strftime(day, '%Y-%m') as m, sum(amount) from subscriptions
        cross join range(timestamp '2023-01-01', timestamp '2026-01-01', interval 1 month) t(day)
        where first <= day and (last is null or last > day) group by m
        """,
    )


def test_every_transaction_balances_and_a_year_opens_as_the_last_one_closed(inbox: Path) -> None:
    closing: dict[str, Decimal] = {}
    for year in YEARS:
        root = etree.parse(str(inbox / f"auditfile_{year}.xaf")).getroot()
        opening = {
            line.findtext("{*}accID") or "": Decimal(line.findtext("{*}amnt") or "0")
            * (1 if line.findtext("{*}amntTp") == "D" else -1)
            for line in root.iter("{*}obLine")
        }
        kinds = {
            account.findtext("{*}accID"): account.findtext("{*}accTp") for account in root.iter("{*}ledgerAccount")
        }
        if closing:
            assert {account: amount for account, amount in closing.items() if amount} == opening
        balances: dict[str, Decimal] = {}
        closing = dict(opening)
        for number, _, account, amount in lines(inbox / f"auditfile_{year}.xaf"):
            balances[number] = balances.get(number, Decimal(0)) + amount
            target = account if kinds[account] == "B" else "0510"
            closing[target] = closing.get(target, Decimal(0)) + amount
        assert {number: amount for number, amount in balances.items() if amount} == {}


@pytest.mark.parametrize(("year", "schema"), [(2023, "3.2"), (2024, "3.2"), (2025, "4.0")])
def test_the_auditfiles_are_valid(inbox: Path, shared_data: Path, year: int, schema: str) -> None:
    xsd = etree.XMLSchema(file=str(shared_data / "xaf_xsd" / f"XmlAuditfileFinancieel{schema}.xsd"))
    xsd.assertValid(etree.parse(str(inbox / f"auditfile_{year}.xaf")))


def test_every_rgs_code_is_an_official_one(shared_data: Path) -> None:
    codes = shared_data / "rgs" / "rgs_mkb_3_7.csv"
    official = {
        row[0] for row in duckdb.sql(f"select rgs_code from read_csv('{codes}', all_varchar = true)").fetchall()
    }
    from ingestion.demo.companies import mkb, nonprofit, saas, services
    from ingestion.demo.ledger import ROASTER

    for books in (ROASTER, mkb.BOOKS, nonprofit.BOOKS, saas.BOOKS, services.BOOKS):
        assert {rgs for _, _, rgs in books.accounts.values()} <= official, books.name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_company(tmp_path: Path) -> None:
    def fingerprint(name: str, seed: int) -> dict[str, str]:
        demo.write(tmp_path / name, size=0.05, seed=seed)
        return {
            str(path.relative_to(tmp_path / name)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((tmp_path / name).rglob("*"))
            if path.is_file()
        }

    first = fingerprint("a", 1)
    assert first == fingerprint("b", 1)
    assert first["webshop/orders_2024.csv"] != fingerprint("c", 2)["webshop/orders_2024.csv"]


def test_size_scales_the_webshop(inbox: Path, tmp_path: Path) -> None:
    small = demo.write(tmp_path, size=0.1).shop[2025].orders
    assert 1.7 <= len((inbox / "webshop" / "orders_2025.csv").read_text(encoding="cp1252").splitlines()) / small <= 2.3
