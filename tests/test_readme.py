"""The README follows one number of the demo company: what it says stands in the auditfile."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from ingestion import demo


def test_the_number_the_readme_follows_is_in_the_demo_companys_auditfile(project_root: Path, tmp_path: Path) -> None:
    told = (project_root / "README.md").read_text(encoding="utf-8")
    demo.write(tmp_path)
    file = etree.parse(str(tmp_path / "auditfile_2025.xaf"))
    codes = {account.findtext("{*}accID"): account.findtext("{*}RGScode") for account in file.iter("{*}ledgerAccount")}
    revenue, lines, places = Decimal(0), 0, {}
    for transaction in file.iter("{*}transaction"):
        for line in transaction.iter("{*}trLine"):
            account, side = line.findtext("{*}accID"), line.findtext("{*}amntTp")
            amount = Decimal(line.findtext("{*}amnt"))
            if transaction.findtext("{*}trDt").startswith("2025-12") and (codes[account] or "").startswith("WOmz"):
                revenue, lines = revenue + (amount if side == "C" else -amount), lines + 1
                places[line.sourceline] = (transaction.findtext("{*}nr"), account, str(amount), side)
    [step] = re.findall(r"line (\d+): transaction `(.+)`, account `(\d+)`, `(.+)`, side `(.)`", told)
    assert places[int(step[0])] == step[1:]
    assert f"`{revenue}` from {lines} lines" in told
    assert f"numerator `{revenue}`, denominator `1`, n `{lines}`" in told
    assert f"says € {revenue:,.0f}. One of its {lines} ledger lines".replace(",", ".") in told
