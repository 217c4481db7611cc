"""Proposes RGS codes for ledger accounts that have none, the way a bookkeeper reads a Dutch chart of accounts.

A proposal is only that: it is shown with its amount and its reason, and a person reviews it before it counts.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb

from ingestion.sources import xaf
from orchestration import company, release
from orchestration.errors import KerncijfersError
from orchestration.paths import DBT_PROJECT, Paths

COLUMNS = ("company_id", "account_id", "rgs_code", "account_description", "amount", "because")
MAPPING_FILE = "account_mapping.csv"


class Rule(NamedTuple):
    """Words in a description (a regular expression) that lead to an RGS code; the first rule that fits counts."""

    words: str
    rgs_code: str


BALANCE_RULES = (
    # Equity before assets: "winst vorig boekjaar", "herwaardering" and "wettelijke reserve" name both.
    Rule(r"aandelenkapitaal|aandelen ?in port|geplaatst|gestort", "BEivGok"),
    Rule(r"\bagio", "BEivAgi"),
    Rule(r"wettelijke res", "BEivWer"),
    Rule(r"herwaarderingsres", "BEivHer"),
    Rule(r"winst|onverdeeld|resultaat", "BEivOre"),
    Rule(r"\bpriv[eé]", "BEivKap"),
    Rule(r"te betalen dividend", "BSchDha"),
    Rule(r"reserve|dividend|eigen vermogen|\bkapitaal", "BEivOvr"),
    # Debtors and creditors before provisions: "voorziening dubieuze debiteuren" lowers the debtors.
    Rule(r"debiteur|dubieuz", "BVorDeb"),
    Rule(r"crediteur|leverancier", "BSchCre"),
    Rule(r"voorziening|garantievoorz", "BVrzOvz"),
    # Tax and wages.
    Rule(r"\b(btw|ob|omzetbelasting|icp|icl)\b|verkopen .*0 ?%|inkopen .*0 ?%", "BSchBepBtw"),
    Rule(r"vennootschapsbelasting|\bvpb\b", "BSchBepVpb"),
    Rule(r"loonheffing|loonbelasting|inhoudingen", "BSchBepLhe"),
    Rule(r"pensioen", "BSchStz"),
    Rule(r"vakantie|spaarloon|netto ?lo(on|nen)|te betalen (lo(on|nen)|salaris)", "BSchSal"),
    Rule(r"sociale? |sociaal|\bpremie|\bgak\b|\buwv\b|\bwao|\bwia\b|\bvut\b|\bzvw\b", "BSchBep"),
    # Fixed assets.
    Rule(r"goodwill", "BIvaGoo"),
    Rule(r"ontwikkeling|website|software", "BIvaKoo"),
    Rule(r"concessie|vergunning|octrooi|licentie|merk", "BIvaCev"),
    Rule(r"grond|terrein", "BMvaTer"),
    Rule(r"gebouw|bedrijfspand|onroerend", "BMvaBeg"),
    Rule(r"verbouwing", "BMvaVer"),
    Rule(r"machine|installatie|gereedschap", "BMvaMei"),
    Rule(r"inventaris|computer|kantoorinricht|meubilair|hardware", "BMvaBei"),
    Rule(r"transport|auto|vervoer", "BMvaTev"),
    Rule(r"deelneming", "BFvaDig"),
    # Money, in transit included.
    Rule(r"kruispost|\bpin\b|ideal|mollie|stripe|paypal|creditcard|tussenrek.*(bank|kas)", "BLimKru"),
    Rule(r"\bkas\b|kasgeld", "BLimKas"),
    Rule(r"bank|\bing\b|rabo|\babn|triodos|knab|bunq|\bsns|giro|spaarrek|deposito", "BLimBan"),
    # Debt.
    Rule(r"hypothe", "BLasSak"),
    Rule(r"lening.*(u ?/? ?g|verstrekt)", "BFvaOvr"),
    Rule(r"lening|financiering|krediet", "BLasOls"),
    # Stock and work in progress.
    Rule(r"onderhanden", "BProOnp"),
    Rule(r"voorraad|voorraden|grondstof|gereed product|handelsgoederen", "BVrdHan"),
    # Accruals, prepayments and clearing accounts.
    Rule(r"waarborg|voorschot|\bborg\b", "BVorOvr"),
    Rule(r"vooruit ?ontv|vooruit ?gefact|\bntb\b|n(og)?\.? te bet|te betalen", "BSchOpa"),
    Rule(r"vooruit ?bet|\bnto\b|n(og)?\.? te ontv|te ontvangen|overlopend", "BVorOva"),
    Rule(r"\br ?/ ?c\b|rekening.?courant", "BVorOvrRco"),
    Rule(r"tussenrek|uit te zoeken|vraagpost|beginbalans|verschillen", "BVorTus"),
)

RESULT_RULES = (
    # Depreciation, interest and tax before the things they are about.
    Rule(r"afschr.*(goodwill|immat|ontwikk|software)", "WAfsAiv"),
    Rule(r"afschr", "WAfsAmv"),
    Rule(r"boekresultaat|boekwinst|boekverlies", "WAfsRvm"),
    Rule(r"vennootschapsbelasting|\bvpb\b|winstbelasting", "WBelBgr"),
    Rule(r"(ontv|bate|opbr|credit).*rente|rente.*(ontv|bate|opbr)", "WFbeRlm"),
    Rule(r"rente|bankkosten", "WFbeRls"),
    Rule(r"koers", "WFbeWis"),
    Rule(r"resultaat .*(aandelen|deelneming|effecten)|dividend", "WWfaBwv"),
    # Turnover and its discounts; purchases and theirs.
    Rule(r"omzet.*kort|kort.*(verk|omzet)", "WOmzKeb"),
    Rule(r"omzet|verkopen|verkoopopbr", "WOmzNoh"),
    Rule(r"kort.*ink|ink.*kort|betalingskort", "WKprBtk"),
    Rule(r"uitbesteed|onderaannem", "WKprKuw"),
    Rule(r"voorraadmut|voorraadversch", "WKprVom"),
    Rule(r"inkoop|inkopen|kostprijs|inkoopwaarde|grondstof", "WKprInh"),
    # People. What is spent on them besides wages is a cost of its own in RGS.
    Rule(r"pensioen|\bvut\b", "WPerPen"),
    Rule(r"sociale? |wao|\bwia\b|ziektewet|werkgeversl|\bzvw\b", "WPerSol"),
    Rule(r"reis|kilometer|woon.?werk|overnacht|arbo|personeelsk|kantine|opleid|studie|wervi", "WBedOvp"),
    Rule(r"werknemer|onkostenverg|onbel|uitkering.*personeel|werkkosten", "WBedOvp"),
    Rule(r"lo(on|nen)|salaris|bonus|gratif|vakantiegeld|ziekengeld|managementverg|overhevel", "WPerLes"),
    Rule(r"uitzend|inhuur|ingeleend|zzp", "WPerOlu"),
    # The rest of the costs, by RGS group.
    Rule(r"verzekering.*(onr|gebouw|pand)", "WBedHui"),
    Rule(r"auto(?!matis)|brandstof|benzine|parkeer|lease|boete|wegenbel|kenteken", "WBedAut"),
    Rule(r"representatie|relatie|reclame|advert|marketing|verkoopk|beurs|sponsor|etalage|provisie", "WBedVkk"),
    Rule(r"verzend|vracht|transport|porti|koerier", "WBedVkk"),
    Rule(r"dub.*deb|oninbaar|debiteuren", "WBedVkk"),
    Rule(r"huur|huisvest|gas|water|elektr|electr|energie|schoonm|onroer|gebouw|terrein", "WBedHui"),
    Rule(r"zakelijke bel|gemeentelijke", "WBedHui"),
    Rule(r"machine|onderhoud inv|gereedschap|kleine aanschaf", "WBedEem"),
    Rule(r"kantoor|drukwerk|papier|telefo|internet|automatis|abonnem|contrib|software|hosting|licentie", "WBedKan"),
    Rule(r"verzeker|assurant", "WBedAss"),
    Rule(r"account|advies|juridisch|notaris|oprichting|advocaat", "WBedAea"),
    Rule(r"subsidie", "WOvbOrs"),
    Rule(r"betalingsversch|kasversch|afrond|administratie", "WBedAdl"),
    Rule(r"overige (baten|opbr)|baten en lasten", "WOvbOvo"),
)

# Where the words say nothing: the first digit of a Dutch chart of accounts, and what kind of account it is.
BALANCE_DIGITS = {
    "0": ("BMvaBei", "fixed assets, equity and loans"),
    "1": ("BVorOvr", "cash, debtors, creditors and tax"),
    "2": ("BVorTus", "suspense accounts"),
    "3": ("BVrdHan", "stock"),
}
RESULT_DIGITS = {
    "4": ("WBedAlk", "costs"),
    "5": ("WBedAlk", "costs"),
    "6": ("WBedAlk", "costs"),
    "7": ("WKprInh", "cost of sales"),
    "8": ("WOmzNoh", "turnover"),
    "9": ("WFbeOrl", "financial and extraordinary"),
}


@dataclass(frozen=True)
class Account:
    """A used ledger account without a usable RGS code; `amount` is its balance (debit-positive)."""

    company_id: str
    account_id: str
    description: str
    account_type: str
    amount: Decimal
    lines: int


@dataclass(frozen=True)
class Proposal:
    """A code for one account, and why."""

    account: Account
    rgs_code: str
    reason: str


def propose(account: Account, width: int) -> Proposal:
    """The code a description points to, else the one its number range points to.

    The account's own type decides between balance sheet and result. `width` is the longest number in the chart:
    a chart of four digits may have lost the zeros in front of `0120`.
    """
    is_balance = account.account_type == "B"
    words = account.description.casefold()
    for rule in BALANCE_RULES if is_balance else RESULT_RULES:
        if match := re.search(rule.words, words):
            return Proposal(account, rule.rgs_code, f"description says '{match.group().strip()}'")
    digits = BALANCE_DIGITS if is_balance else RESULT_DIGITS
    first = account.account_id.zfill(width)[:1]
    fallback = ("BVorTus", "balance sheet") if is_balance else ("WBedAlk", "costs")
    code, meaning = digits.get(first, fallback)
    where = f"{first}xxx accounts" if first in digits else "no known range"
    return Proposal(account, code, f"{where}: {meaning}; please check")


def unmapped(paths: Paths, *, include_unused: bool = False) -> list[Account]:
    """Accounts of the auditfiles in the inbox (else of the last release) that no RGS code or mapping covers.

    Works before there is any release, because the gate stops a company that has unmapped accounts.
    """
    if xaf.find(paths.inbox):
        with tempfile.TemporaryDirectory() as folder:
            warehouse, work = Path(folder, "warehouse.duckdb"), Path(folder, "work")
            work.mkdir()
            xaf.deliver(paths.inbox, warehouse, work, administrations=_administrations(paths))
            return _read(warehouse, paths, include_unused=include_unused)
    previous = release.private_warehouse(paths)
    if previous is None:
        raise KerncijfersError(f"No auditfile in {paths.inbox} and no release in {paths.data}: no accounts to map.")
    return _read(previous, paths, include_unused=include_unused)


def write(proposals: Sequence[Proposal], file: Path) -> int:
    """Adds the proposals to a mapping file for review, keeps what is in it, and returns how many were new."""
    kept = list(_rows(file))
    known = {(row["company_id"], row["account_id"]) for row in kept}
    new = [
        {
            "company_id": one.account.company_id,
            "account_id": one.account.account_id,
            "rgs_code": one.rgs_code,
            "account_description": _as_text(one.account.description),
            "amount": one.account.amount,
            "because": one.reason,
        }
        for one in proposals
        if (one.account.company_id, one.account.account_id) not in known
    ]
    columns = list(kept[0]) if kept else COLUMNS
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept + new)
    return len(new)


def _as_text(description: str) -> str:
    """As a spreadsheet shows it and does not calculate it: the file is for a person to open."""
    return f"'{description}" if description.startswith(("=", "+", "-", "@", "\t", "\r")) else description


def _administrations(paths: Paths) -> Sequence[str]:
    return company.read(paths).administrations


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def _read(warehouse: Path, paths: Paths, *, include_unused: bool) -> list[Account]:
    beside = paths.beside_company(MAPPING_FILE)
    mapped = [*_rows(DBT_PROJECT / "seeds" / MAPPING_FILE), *(_rows(beside) if beside else [])]
    prefixes = [row["rgs_prefix"] for row in _rows(DBT_PROJECT / "seeds" / "rgs_prefixes.csv")]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            with amounts as (
                select company_id, account_id, sum(amount) as amount, count(*) as lines
                from (
                    select company_id, account_id, amount from raw_xaf.transaction_lines
                    union all by name
                    select company_id, account_id, amount from raw_xaf.opening_balances
                )
                group by all
            ),
            accounts as (
                select
                    company_id, account_id,
                    arg_max(account_description, fiscal_year) as account_description,
                    arg_max(account_type, fiscal_year) as account_type,
                    max(rgs_code) as rgs_code
                from raw_xaf.ledger_accounts
                group by all
            )
            select
                company_id, account_id, coalesce(account_description, ''), account_type,
                coalesce(amounts.amount, 0), coalesce(amounts.lines, 0)
            from accounts left join amounts using (company_id, account_id)
            where not exists (
                select 1 from (select unnest($prefixes) as prefix)
                where starts_with(accounts.rgs_code, prefix)
            )
            and not list_contains($mapped, company_id || '|' || account_id)
            and ($include_unused or amounts.lines is not null)
            order by company_id, account_id
            """,
            {
                "prefixes": prefixes,
                "mapped": [f"{row['company_id']}|{row['account_id']}" for row in mapped] or [""],
                "include_unused": include_unused,
            },
        ).fetchall()
    return [Account(*row) for row in rows]
