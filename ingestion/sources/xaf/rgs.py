"""RGS codes of ledger accounts, from whichever place an exporter puts them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingestion.sources.xaf import settings


@dataclass(frozen=True)
class Account:
    """A ledger account as the file describes it; `type` is B, P, or what else the file says."""

    account_id: str
    description: str
    type: str
    rgs_code: str | None
    rgs_source: str | None


def is_code(text: str | None) -> bool:
    """Whether a text has the shape of an RGS reference code of level 2 to 5, such as WOmzNopOlh."""
    return text is not None and settings.RGS_CODE.fullmatch(text) is not None


def code_of(texts: Mapping[str, str | None]) -> tuple[str | None, str | None]:
    """RGS code and the place it came from, out of the child elements of a ledger account.

    A place counts only when what stands there looks like a code: the same elements also hold numbers and names of a
    package's own groups. The name of a group counts last, and only an official one of the account's own kind.
    """
    for element, source in (
        ("RGScode", "RGScode"),
        ("leadReference", "leadReference"),
        ("conceptRef", "taxonomy"),
    ):
        text = texts.get(element)
        # A taxonomy reference may carry a prefix, as in rgs-i_BLimKas.
        code = text.rpartition("_")[2].rpartition(":")[2] if text and element == "conceptRef" else text
        if is_code(code):
            return code, source
    lead = texts.get("leadCode")
    if is_code(lead):
        return lead, "leadCode"
    group = settings.RGS_GROUPS.get((texts.get("leadDescription") or "").casefold())
    kind = (texts.get("accTp") or "").upper()
    if group and kind in ("B", "P") and group.startswith("B" if kind == "B" else "W"):
        return group, "leadDescription"
    return None, None
