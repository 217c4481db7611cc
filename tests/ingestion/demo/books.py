"""Reads the written auditfiles by their local names, without our own reader."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

YEARS = (2023, 2024, 2025)


def lines(file: Path) -> Iterator[tuple[str, str, str, Decimal]]:
    """(transaction, month, account, debit-positive amount) of an auditfile, by its local names."""
    for transaction in etree.parse(str(file)).getroot().iter("{*}transaction"):
        number = transaction.findtext("{*}nr") or ""
        month = (transaction.findtext("{*}trDt") or "")[:7]
        for line in transaction.iter("{*}trLine"):
            amount = Decimal(line.findtext("{*}amnt") or "0")
            signed = amount if line.findtext("{*}amntTp") == "D" else -amount
            yield number, month, line.findtext("{*}accID") or "", signed


def ledger(inbox: Path, *accounts: str) -> dict[str, Decimal]:
    """Per month, what these result accounts brought in (credit-positive)."""
    months: dict[str, Decimal] = {}
    for year in YEARS:
        for _, month, account, amount in lines(inbox / f"auditfile_{year}.xaf"):
            if account in accounts:
                months[month] = months.get(month, Decimal(0)) - amount
    return months
