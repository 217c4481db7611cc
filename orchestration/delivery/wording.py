"""The words of mails and alerts in the language of their reader."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from lxml import html

from reports.formatting import Formatter, Language
from reports.words import texts as report_texts


@cache
def texts(language: Language) -> dict[str, str]:
    """The words of one language."""
    return yaml.safe_load((Path(__file__).parent / "texts" / f"{language}.yml").read_text(encoding="utf-8"))


def formatter(language: Language, currency: str) -> Formatter:
    """Numbers and dates as the reports write them."""
    return Formatter(language, currency, report_texts(language))


def title(page: bytes) -> str:
    """What a page calls itself: company, report and period."""
    return " ".join((html.fromstring(page.decode()).findtext(".//title") or "Kerncijfers").split())


def mail(page: bytes, name: str, digest: str, facts: dict[str, Any], language: Language, link: str | None) -> str:
    """The text of a mail about a page that is attached, or that `link` leads to."""
    words, shown = texts(language), formatter(language, "EUR")
    return words["mail"].format(
        title=title(page),
        where=words["linked" if link else "attached"].format(page=name, link=link),
        release=facts["release"],
        as_of=shown.day(date.fromisoformat(facts["as_of"])) if facts["as_of"] else words["unknown"],
        created_at=shown.moment(datetime.fromisoformat(facts["created_at"])),
        passed=facts["tests"]["passed"],
        total=facts["tests"]["total"],
        digest=digest,
        company=facts["company_name"],
    )
