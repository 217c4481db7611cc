"""What the XAF source accepts, its limits, and the frozen schemas of its raw tables."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa

from ingestion import privacy

# Part of every fingerprint: raise it when a file must be read again because the reading changed.
READER_VERSION: Final = "3"

SUPPORTED_VERSIONS: Final = ("3.1", "3.2", "3.2.1", "4.0")

# Element text is kept as written in batches of this many lines; DuckDB types it afterwards.
BATCH_LINES: Final = 20_000

SNIFF_BYTES: Final = 64 * 1024

# An archive may hold this much once unpacked. Real XAF shrinks 15 to 40 times, never hundreds of times.
UNPACKED_LIMIT: Final = 8 * 1024**3
RATIO_LIMIT: Final = 200
RATIO_APPLIES_FROM: Final = 50 * 1024**2

# What DuckDB may take for the checks: little enough that a 250 MB auditfile stays under 300 MB of memory in all.
CHECK_MEMORY_MB: Final = 80
CHECK_MEMORY_BYTES_PER_LINE: Final = 110

CONTINUATION: Final = re.compile(r"Vervolgbestand\s+(\d+)\s+van\s+(\d+)", re.IGNORECASE)

RGS_CODE: Final = re.compile(r"[BW](?:[A-Z][a-z][a-z0-9]){1,4}")

# Level 2 of RGS by name, for files that only carry the name of the group an account belongs to. Only names that
# are the official ones: a package's own groups share words with them and mean something else.
RGS_GROUPS: Final = {
    "immateriële vaste activa": "BIva",
    "materiële vaste activa": "BMva",
    "vastgoedbeleggingen": "BVas",
    "financiële vaste activa": "BFva",
    "groepsvermogen": "BEiv",
    "eigen vermogen": "BEiv",
    "voorzieningen": "BVrz",
    "langlopende schulden": "BLas",
    "liquide middelen": "BLim",
    "effecten (kortlopend)": "BEff",
    "vorderingen": "BVor",
    "kortlopende schulden": "BSch",
    "voorraden": "BVrd",
    "onderhanden projecten (activa)": "BPro",
    "lasten uit hoofde van personeelsbeloningen": "WPer",
    "afschrijvingen op immateriële en materiële vaste activa": "WAfs",
    "overige bedrijfskosten": "WBed",
    "overige waardeveranderingen": "WBwv",
    "kostprijs van de omzet": "WKpr",
    "verkoopkosten": "WVkf",
    "algemene beheerskosten": "WAkf",
    "netto-omzet": "WOmz",
    "wijziging voorraden": "WWiv",
    "overige bedrijfsopbrengsten": "WOvb",
    "vrijval herwaarderingsreserve": "WVhe",
    "financiële baten en lasten": "WFbe",
    "belastingen": "WBel",
    "aandeel derden": "WAad",
    "nettoresultaat": "WNer",
}

_MONEY = pa.decimal128(20, 2)

PARTITION: Final = ("company_id", "fiscal_year")

AUDITFILES: Final = pa.schema(
    [
        ("company_id", pa.string()),
        ("company_name", pa.string()),
        ("fiscal_year", pa.string()),
        ("fiscal_year_start", pa.date32()),
        ("fiscal_year_end", pa.date32()),
        ("currency", pa.string()),
        ("xaf_version", pa.string()),
        ("software", pa.string()),
        ("date_created", pa.date32()),
        ("rgs_version", pa.string()),
        ("lines_count", pa.int64()),
        ("total_debit", _MONEY),
        ("total_credit", _MONEY),
        ("has_opening_balance", pa.bool_()),
        ("files", pa.int64()),
        ("file_names", pa.string()),
        ("fingerprint", pa.string()),
        # One a line: an unchanged file is not read again, but what is odd about it is said at every refresh.
        ("warnings", pa.string()),
    ]
)

LEDGER_ACCOUNTS: Final = pa.schema(
    [
        ("company_id", pa.string()),
        ("fiscal_year", pa.string()),
        ("account_id", pa.string()),
        ("account_description", pa.string()),
        ("account_type", pa.string()),
        ("rgs_code", pa.string()),
        ("rgs_source", pa.string()),
    ]
)

PERIODS: Final = pa.schema(
    [
        ("company_id", pa.string()),
        ("fiscal_year", pa.string()),
        ("period_number", pa.int32()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
    ]
)

OPENING_BALANCES: Final = pa.schema(
    [
        ("company_id", pa.string()),
        ("fiscal_year", pa.string()),
        ("line_sequence", pa.int64()),
        ("account_id", pa.string()),
        ("amount", _MONEY),
    ]
)

TRANSACTION_LINES: Final = pa.schema(
    [
        ("company_id", pa.string()),
        ("fiscal_year", pa.string()),
        ("line_sequence", pa.int64()),
        ("journal_id", pa.string()),
        ("journal_type", pa.string()),
        ("transaction_number", pa.string()),
        ("line_number", pa.string()),
        ("account_id", pa.string()),
        ("period_number", pa.int32()),
        ("transaction_date", pa.date32()),
        ("effective_date", pa.date32()),
        ("amount", _MONEY),
        # The books must stay whole: somebody who is erased loses the link, not the amount.
        privacy.identifier("customer_supplier_id", "relation", on_erasure="link"),
        ("file_line", pa.int64()),
        ("file_name", pa.string()),
    ]
)

RAW_TABLES: Final = {
    "auditfiles": AUDITFILES,
    "ledger_accounts": LEDGER_ACCOUNTS,
    "periods": PERIODS,
    "opening_balances": OPENING_BALANCES,
    "transaction_lines": TRANSACTION_LINES,
}
