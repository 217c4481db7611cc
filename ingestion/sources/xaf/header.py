"""Who and when: company, fiscal year, currency and version of an auditfile."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ingestion.errors import SourceError
from ingestion.sources.xaf import inbox, settings
from ingestion.sources.xaf.document import Document


@dataclass(frozen=True)
class AuditfileHeader:
    """What an auditfile says about itself.

    `company_id` is the name as a key ("Toro Rosso BV" becomes toro_rosso_bv). `fiscal_year` is '2024', or '2023-2024'
    for a broken year. `version` is None when the namespace names none. `warnings` say what had to be assumed.
    """

    file: str
    company_name: str
    company_id: str
    fiscal_year: str
    start_date: date
    end_date: date
    currency: str | None
    version: str | None
    date_created: date | None
    software: str
    rgs_version: str | None
    warnings: tuple[str, ...] = ()


def company_slug(name: str) -> str:
    """A company name as a key: lower case, without accents, words joined by underscores, B.V. as bv."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    joined = re.sub(r"(?<![a-z0-9])([a-z0-9])\.", r"\1", plain)
    return re.sub(r"[^a-z0-9]+", "_", joined).strip("_") or "company"


def header_of(document: Document, fields: Mapping[str, str], company_name: str | None) -> AuditfileHeader:
    """The header of a document, completed and checked.

    Raises:
        SourceError: company, fiscal year or dates are missing or can't be understood.
    """
    file = document.names[0]
    warnings: list[str] = []
    if not company_name:
        raise SourceError("The auditfile names no company (companyName).", file=file)
    start, end, created = (_date(fields, name, file) for name in ("startDate", "endDate", "dateCreated"))
    label = fields.get("fiscalYear", "").replace("/", "-").replace(" ", "")
    if label and not re.fullmatch(r"\d{4}(-\d{4})?", label):
        raise SourceError("fiscalYear is neither YYYY nor YYYY-YYYY.", file=file, value=label)
    if start is None or end is None:
        if not re.fullmatch(r"\d{4}", label):
            raise SourceError("The header has no startDate or endDate, nor a fiscalYear to tell them from.", file=file)
        start, end = start or date(int(label), 1, 1), end or date(int(label), 12, 31)
        warnings.append(f"{file}: the header has no start or end date; the calendar year {label} is assumed.")
    if end < start:
        raise SourceError(f"The fiscal year ends on {end} before it starts on {start}.", file=file)
    if not _covers(label, start, end):
        by_dates = str(start.year) if start.year == end.year else f"{start.year}-{end.year}"
        if label:
            # Packages exist that write the same wrong fiscalYear every year; years would replace each other.
            warnings.append(
                f"{file}: fiscalYear says {label}, but the year runs from {start} to {end}; it is kept as {by_dates}."
            )
        label = by_dates
    if end - start > timedelta(days=731):
        warnings.append(f"{file}: the fiscal year runs from {start} to {end}, longer than two years.")
    software = " ".join(fields[name] for name in ("softwareDesc", "softwareVersion") if name in fields)
    version = inbox.namespace_version(document.namespace)
    return AuditfileHeader(
        file=file,
        company_name=company_name,
        company_id=company_slug(company_name),
        fiscal_year=label,
        start_date=start,
        end_date=end,
        currency=fields.get("curCode", "").upper() or None,
        version=version if version in settings.SUPPORTED_VERSIONS else None,
        date_created=created,
        software=software,
        rgs_version=fields.get("RGSVersion"),
        warnings=tuple(warnings),
    )


def _covers(label: str, start: date, end: date) -> bool:
    years = {int(year) for year in label.split("-") if year}
    return bool(years) and bool(years & {start.year, end.year})


def _date(fields: Mapping[str, str], name: str, file: str) -> date | None:
    text = fields.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise SourceError(f"{name} in the header is not a date (yyyy-mm-dd).", file=file, value=text) from None
