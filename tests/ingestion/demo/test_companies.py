"""The smaller companies' files agree with each other to the cent, checked over the written files alone."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from ingestion import demo
from tests.ingestion.demo.books import YEARS, ledger

SMALL = tuple(profile for profile in demo.PROFILES if profile != demo.DEFAULT_PROFILE)


@pytest.fixture(scope="module")
def inboxes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("companies")
    for profile in SMALL:
        demo.write(folder / profile, profile=profile)
    return {profile: folder / profile for profile in SMALL}


def export(inbox: Path, query: str) -> dict[str, Decimal]:
    """Per month from 2023, a sum over exports, by plain SQL: `dutch` reads 1.234,56, `month` 31-12-2025, `rows` a pattern."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'Europe/Amsterdam'")
        connection.execute(
            "create macro dutch(text) as cast(replace(replace(text, '.', ''), ',', '.') as decimal(18, 2))"
        )
        connection.execute("create macro month(text) as substr(text, 7, 4) || '-' || substr(text, 4, 2)")
        connection.execute(
            f"create macro rows(pattern) as table from read_csv('{inbox}/' || pattern, delim = ';', all_varchar = true, header = true)"
        )
        found = connection.execute(f"select m, sum(amount) from ({query}) where m >= '2023-01' group by m").fetchall()
        return {month: amount for month, amount in found if amount}


@pytest.mark.parametrize(
    ("profile", "accounts", "query"),
    [
        pytest.param(
            "mkb",
            ["8000"],
            """select month("Afgesloten") as m, dutch("Bedrag excl. btw") as amount from rows('projecten/projecten.csv')""",
            id="an installer's closed projects are its revenue",
        ),
        pytest.param(
            "mkb",
            ["7000"],
            """select month("Datum") as m, -dutch("Bedrag excl. btw") as amount from rows('projecten/projectkosten.csv')""",
            id="an installer's project costs are its materials",
        ),
        pytest.param(
            "saas",
            ["8020"],
            """
            select strftime(day, '%Y-%m') as m, dutch("Bedrag per maand") as amount
            from rows('abonnementen/abonnementen.csv')
            cross join range(timestamp '2023-01-01', timestamp '2026-01-01', interval 1 month) t(day)
            where strptime("Ingangsdatum", '%d-%m-%Y') <= day
                and ("Einddatum" is null or strptime("Einddatum", '%d-%m-%Y') > day)
            """,
            id="active subscriptions are their revenue",
        ),
        pytest.param(
            "saas",
            ["4300"],
            """select month("Dag") as m, -dutch("Kosten") as amount from rows('advertenties/google_ads.csv')""",
            id="ad spend is the advertising account",
        ),
        pytest.param(
            "services",
            ["8030"],
            """select month("Datum") as m, dutch("Gefactureerd") as amount from rows('uren/uren_*.csv') where "Regel" <> 'Totaal'""",
            id="what is invoiced for hours is the revenue",
        ),
        pytest.param(
            "services",
            ["7100"],
            """select month("Datum") as m, -dutch("Bedrag excl. btw") as amount from rows('uren/projectkosten.csv')""",
            id="third parties' project costs are the outsourced work",
        ),
        pytest.param(
            "nonprofit",
            ["8100", "8110", "8120"],
            """select month("Datum") as m, dutch("Bedrag") as amount from rows('donateurs/giften.csv')""",
            id="gifts are their accounts",
        ),
        pytest.param(
            "nonprofit",
            ["8100", "8110", "8120", "8200", "8900"],
            """
            select month("Datum") as m, dutch("Bedrag") as amount from rows('boekhouding/functies.csv')
            where "Functie" in ('raised_income', 'other_income')
            """,
            id="income by function is all income",
        ),
        pytest.param(
            "nonprofit",
            ["4000", "4010", "4100", "4300", "4400", "4500", "4800", "7000"],
            """
            select month("Datum") as m, -dutch("Bedrag") as amount from rows('boekhouding/functies.csv')
            where "Functie" in ('goal_spending', 'fundraising_cost', 'administration_cost')
            """,
            id="expenditure by function is all cost",
        ),
    ],
)
def test_an_export_equals_its_ledger_accounts_per_month(
    inboxes: dict[str, Path], profile: str, accounts: list[str], query: str
) -> None:
    booked = {month: amount for month, amount in ledger(inboxes[profile], *accounts).items() if amount}
    assert len(booked) == 36
    assert booked == export(inboxes[profile], query)


def test_quotes_that_were_won_are_the_projects_that_were_signed(inboxes: dict[str, Path]) -> None:
    won = (
        """select month("Gesloten") as m, dutch("Bedrag") as amount from rows('crm/deals.csv') where "Status" = 'won'"""
    )
    signed = (
        """select month("Getekend") as m, dutch("Bedrag excl. btw") as amount from rows('projecten/projecten.csv')"""
    )
    assert len(export(inboxes["mkb"], won)) == 36
    assert export(inboxes["mkb"], won) == export(inboxes["mkb"], signed)


@pytest.mark.parametrize("profile", SMALL)
def test_every_auditfile_is_valid(inboxes: dict[str, Path], shared_data: Path, profile: str) -> None:
    for year in YEARS:
        schema = "4.0" if year == 2025 else "3.2"
        xsd = etree.XMLSchema(file=str(shared_data / "xaf_xsd" / f"XmlAuditfileFinancieel{schema}.xsd"))
        xsd.assertValid(etree.parse(str(inboxes[profile] / f"auditfile_{year}.xaf")))


@pytest.mark.parametrize("profile", SMALL)
def test_a_company_is_the_same_for_the_same_seed(inboxes: dict[str, Path], tmp_path: Path, profile: str) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    demo.write(tmp_path / "again", profile=profile)
    demo.write(tmp_path / "other", profile=profile, seed=7)
    again, other = content(tmp_path / "again"), content(tmp_path / "other")
    assert again == content(inboxes[profile])
    assert again.keys() == other.keys()
    assert again["auditfile_2025.xaf"] != other["auditfile_2025.xaf"]


def test_the_reported_continuity_reserve_is_the_balance_of_its_account(inboxes: dict[str, Path]) -> None:
    reported = export(
        inboxes["nonprofit"],
        """
        select month("Datum") as m, dutch("Bedrag") as amount from rows('boekhouding/functies.csv')
        where "Functie" = 'continuity_reserve'
        """,
    )
    assert [month[-2:] for month in sorted(reported)] == ["03", "06", "09", "12"] * 3
    added = ledger(inboxes["nonprofit"], "0520")
    [opened] = [
        Decimal(line.findtext("{*}amnt"))
        for line in etree.parse(str(inboxes["nonprofit"] / "auditfile_2023.xaf")).getroot().iter("{*}obLine")
        if line.findtext("{*}accID") == "0520"
    ]
    for month, amount in reported.items():
        assert amount == opened + sum(change for booked, change in added.items() if booked <= month)
