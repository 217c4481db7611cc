"""Proposals for ledger accounts without RGS codes, on a real chart of accounts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration import accounts
from orchestration.paths import DBT_PROJECT, Paths

EXPECTED = {
    "0089": "BEivOre",  # Winst & verlies vorig boekjaar
    "0120": "BMvaMei",
    "0125": "BMvaMei",  # Afschr machines
    "0140": "BMvaBei",
    "0150": "BMvaBei",
    "0160": "BMvaTev",
    "0800": "BEivGok",
    "1000": "BLimKas",
    "1011": "BLimBan",
    "1015": "BLimBan",
    "1300": "BVorDeb",
    "1500": "BSchBepBtw",
    "1516": "BSchBepBtw",  # BTW verlegd naar mij
    "1531": "BSchBepBtw",
    "1600": "BSchCre",
    "1810": "BSchBepLhe",
    "1840": "BSchStz",  # TB pensioenpremie
    "1900": "BSchOpa",
    "1910": "BSchOpa",
    "2000": "BVorTus",
    "2500": "BLimKru",
    "2510": "BLimKru",
    "3000": "BVrdHan",
    "4000": "WPerLes",
    "4010": "WPerLes",  # Ontvangen ziekengeld
    "4072": "WBedOvp",
    "4320": "WBedVkk",
    "4705": "WBedAlk",  # Testrekening waalre: nothing to go by
    "4750": "WAfsAmv",
    "4800": "WBedKan",
    "5500": "WBedOvp",
    "5700": "WBedVkk",
    "8010": "WOmzNoh",
}


@pytest.fixture(scope="module")
def twinfield(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A company with a Twinfield auditfile, which carries no RGS codes, and no release."""
    root = tmp_path_factory.mktemp("twinfield")
    inbox = root / "inbox"
    inbox.mkdir()
    source = shared_data / "xaf" / "Twinfield_V31_2016.xaf"
    (inbox / source.name).write_bytes(source.read_bytes())
    return Paths(data=root / "data", inbox=inbox, company=None)


@pytest.mark.integration
def test_every_used_account_of_a_real_chart_gets_a_code_that_fits(twinfield: Paths) -> None:
    found = {
        account.account_id: accounts.propose(account, width=4).rgs_code for account in accounts.unmapped(twinfield)
    }
    assert {account: found.get(account) for account in EXPECTED} == EXPECTED

    prefixes = [row["rgs_prefix"] for row in accounts._rows(DBT_PROJECT / "seeds" / "rgs_prefixes.csv")]
    everything = accounts.unmapped(twinfield, include_unused=True)
    assert len(everything) > len(found)
    for account in everything:
        code = accounts.propose(account, width=4).rgs_code
        assert any(code.startswith(prefix) for prefix in prefixes), f"{code} leads to no statement line"
        assert code[0] == {"B": "B", "P": "W"}[account.account_type], account


@pytest.mark.integration
def test_written_proposals_are_kept_and_not_proposed_again(twinfield: Paths) -> None:
    proposals = [accounts.propose(account, width=4) for account in accounts.unmapped(twinfield)]
    file = twinfield.data / accounts.MAPPING_FILE
    assert accounts.write(proposals, file) == len(proposals)
    reviewed = file.read_text(encoding="utf-8").replace("4705,WBedAlk", "4705,WBedHui")
    file.write_text(reviewed, encoding="utf-8")

    assert accounts.unmapped(twinfield) == []
    assert accounts.write(proposals, file) == 0
    assert file.read_text(encoding="utf-8") == reviewed, "what a person reviewed is not overwritten"


@pytest.mark.parametrize(
    ("number", "description", "kind", "code"),
    [
        ("100", "Gebouw Dorpsstraat", "B", "BMvaBeg"),
        ("1740", "Af te dragen btw", "B", "BSchBepBtw"),
        ("1230", "Voorziening dubieuze debiteuren", "B", "BVorDeb"),
        ("4110", "Sociale lasten", "P", "WPerSol"),
        ("4120", "Pensioenlasten", "P", "WPerPen"),
        ("4300", "Huur bedrijfspand", "P", "WBedHui"),
        ("4410", "Brandstof auto's", "P", "WBedAut"),
        ("9100", "Rente hypotheek", "P", "WFbeRls"),
        ("9110", "Ontvangen rente", "P", "WFbeRlm"),
        ("7000", "Zomaar iets", "P", "WKprInh"),
        ("8000", "Zomaar iets", "P", "WOmzNoh"),
        ("40", "Zomaar iets", "B", "BMvaBei"),  # 0040 without its zeros
    ],
)
def test_a_proposal_follows_description_then_number(number: str, description: str, kind: str, code: str) -> None:
    account = accounts.Account("bakkerij", number, description, kind, Decimal(1), 1)
    assert accounts.propose(account, width=4).rgs_code == code


@pytest.mark.parametrize("description", ["=cmd|'/c calc'!A0", "+1+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_description_that_is_a_formula_stays_text_in_a_spreadsheet(description: str, tmp_path: Path) -> None:
    account = accounts.Account("bakkerij", "4300", description, "P", Decimal(1), 1)
    accounts.write([accounts.propose(account, width=4)], tmp_path / "mapping.csv")
    [row] = accounts._rows(tmp_path / "mapping.csv")
    assert row["account_description"] == f"'{description}"
    assert not any(str(value).startswith(("=", "+", "@", "\t")) for value in row.values())
