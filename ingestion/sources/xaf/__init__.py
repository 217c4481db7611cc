"""Dutch XML auditfiles (XAF 3.1 to 4.0) to schema raw_xaf, one partition per company and fiscal year."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion import pipeline
from ingestion.digest import sha256
from ingestion.errors import SourceError
from ingestion.pipeline import Delivery, FileDelivery
from ingestion.sources.xaf import inbox as inboxes
from ingestion.sources.xaf import sets, settings
from ingestion.sources.xaf.checks import Check, Checked, DocumentsOverlapError
from ingestion.sources.xaf.document import Contents, LineWriter, read_document
from ingestion.sources.xaf.header import AuditfileHeader, company_slug

__all__ = ["AuditfileHeader", "company_slug", "deliver", "find", "read", "read_header"]


@dataclass(frozen=True)
class _Held:
    """What the warehouse holds of one partition."""

    fingerprint: str
    lines_count: int
    company_name: str
    warnings: str | None


def find(inbox: Path) -> list[Path]:
    """Every file below the inbox that is, holds or claims to be an auditfile, sorted; readable or not."""
    return sorted({unit.path for unit in inboxes.candidates(inbox)})


def read_header(file: Path) -> AuditfileHeader:
    """The header of an auditfile; of the one with the latest year when the file is an archive with more.

    Raises:
        SourceError: it is no auditfile, or its header is incomplete.
    """
    units = inboxes.units(file)
    if not units:
        raise SourceError("The archive holds no auditfile.", file=file)
    with tempfile.TemporaryDirectory() as folder:
        found = sets.auditfiles([sets.part_of(unit, Path(folder)) for unit in units])
    return max((each.header for each in found), key=lambda header: (header.end_date, header.fiscal_year))


def deliver(
    inbox: Path,
    warehouse: Path,
    work: Path,
    *,
    administrations: Sequence[str] = (),
    currency: str | None = None,
) -> Delivery:
    """Load every auditfile in the inbox into raw_xaf of the warehouse.

    Each company and fiscal year is a partition: what comes in replaces what was there, other partitions stay, and a
    file with the same content as last time is not read again. Of several exports of the same year the newest counts.
    Nothing is loaded unless all files pass their control totals.

    `administrations` names the companies (name or id) that may be in one warehouse; without it only one may.
    `currency` is what the company reports in: files without a currency get it, files in another are refused.

    Raises:
        SourceError: a file can't be read, or does not add up, with file, line, what is wrong and by how much.
    """
    folder = work / "xaf"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        return _deliver(inbox, warehouse, work, administrations, currency)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _deliver(
    inbox: Path, warehouse: Path, work: Path, administrations: Sequence[str], currency: str | None
) -> Delivery:
    folder = work / "xaf"
    parts = [sets.part_of(unit, folder / "unpacked") for unit in inboxes.candidates(inbox)]
    found = sets.auditfiles(parts)
    held = _held(warehouse)
    _check_companies(found, held, administrations)
    chosen, files, warnings = _newest(found)
    incoming: list[Checked] = []
    replaced: list[tuple[str, str]] = []
    for position, auditfile in enumerate(chosen):
        warnings += auditfile.header.warnings
        known = held.get(auditfile.partition)
        if known and known.fingerprint == _fingerprint(auditfile, currency):
            files.append(FileDelivery(auditfile.names[0], known.lines_count, "unchanged"))
            files += [FileDelivery(name, 0, "unchanged", "part of the same set") for name in auditfile.names[1:]]
            warnings += (known.warnings or "").splitlines()
            continue
        checked, kept = _read_set(auditfile, folder / str(position), currency)
        if known and known.fingerprint == _fingerprint(kept, currency):
            files.append(FileDelivery(kept.names[0], known.lines_count, "unchanged"))
            warnings += (known.warnings or "").splitlines()
        else:
            incoming.append(checked)
            replaced.append(auditfile.partition)
            warnings += checked.warnings
            files += [FileDelivery(name, checked.rows_by_file.get(name, 0), "loaded") for name in kept.names]
        files += [
            FileDelivery(name, 0, "ignored", f"an export of the same year as {kept.names[0]}")
            for name in auditfile.names
            if name not in kept.names
        ]
    tables = [
        pipeline.Table(
            name,
            schema,
            settings.PARTITION,
            [each.tables[name] for each in incoming if each.rows[name]],
            replaces=replaced,
        )
        for name, schema in settings.RAW_TABLES.items()
    ]
    counts = pipeline.load("xaf", tables, warehouse=warehouse, work=work)
    warnings += _overlapping_years(warehouse)
    ordered = sorted(files, key=lambda file: file.file)
    return Delivery("xaf", counts, tuple(ordered), tuple(dict.fromkeys(warnings)))


def read(auditfile: sets.Auditfile, folder: Path, currency: str | None = None) -> Checked:
    """Read one auditfile to the Parquet files of its raw tables in `folder`, proven against its control totals.

    Raises:
        SourceError: it can't be read or does not add up.
        DocumentsOverlapError: the files of a supposed set hold the same transactions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if currency and auditfile.header.currency and currency.upper() != auditfile.header.currency:
        raise SourceError(
            f"The auditfile is in {auditfile.header.currency}, but the company reports in {currency.upper()}.",
            file=auditfile.names[0],
            advice="Correct the currency in company.toml, or leave this file out.",
        )
    contents = Contents(folder / "lines_as_text.parquet", folder / "transactions_as_text.parquet")
    with LineWriter(contents) as writer:
        for number, document in enumerate(auditfile.documents):
            read_document(document, contents, writer, number)
    _check_not_a_lonely_first_part(auditfile, contents)
    known_currency = auditfile.header.currency or currency
    if not known_currency:
        known_currency = "EUR"
        contents.warnings.append("no curCode; euros are assumed")
    check = Check(
        contents,
        auditfile.documents,
        auditfile.header,
        folder,
        currency=known_currency.upper(),
        fingerprint=_fingerprint(auditfile, currency),
    )
    return check.run(must_not_overlap=auditfile.supposed)


def _read_set(auditfile: sets.Auditfile, folder: Path, currency: str | None) -> tuple[Checked, sets.Auditfile]:
    try:
        return read(auditfile, folder, currency), auditfile
    except DocumentsOverlapError:
        # Names alone made them a set; the same transactions in both make them two exports of one year.
        newest = sets.single(auditfile.parts[-1])
        checked = read(newest, folder / "newest", currency)
        warning = f"{', '.join(auditfile.names)} are exports of the same year; {newest.names[0]} is used."
        return Checked(checked.tables, checked.rows, checked.rows_by_file, (warning, *checked.warnings)), newest


def _check_not_a_lonely_first_part(auditfile: sets.Auditfile, contents: Contents) -> None:
    if len(auditfile.parts) == 1 and auditfile.parts[0].index == 0 and not contents.line_count:
        raise SourceError(
            "The file has no transactions, and its name says that it is the first part of a split auditfile.",
            file=auditfile.names[0],
            advice="Put all its parts in the inbox together.",
        )


def _fingerprint(auditfile: sets.Auditfile, currency: str | None) -> str:
    digests = [f"{sha256(part.unit.path)}{part.unit.member}" for part in auditfile.parts]
    return hashlib.sha256("|".join([settings.READER_VERSION, currency or "", *digests]).encode()).hexdigest()


def _held(warehouse: Path) -> dict[tuple[str, str], _Held]:
    pipeline.make("xaf", {"auditfiles": settings.AUDITFILES}, warehouse)
    with pipeline.connect(warehouse) as connection:
        rows = connection.execute(
            "select company_id, fiscal_year, fingerprint, lines_count, company_name, warnings from raw_xaf.auditfiles"
        ).fetchall()
    return {(company, year): _Held(*rest) for company, year, *rest in rows}


def _check_companies(
    found: Sequence[sets.Auditfile], held: dict[tuple[str, str], _Held], administrations: Sequence[str]
) -> None:
    allowed = {company_slug(name) for name in administrations}
    companies: dict[str, tuple[str, str]] = {}
    for (company_id, _), each in held.items():
        companies[company_id] = (each.company_name, "loaded before")
    for auditfile in found:
        companies[auditfile.header.company_id] = (auditfile.header.company_name, auditfile.names[0])
    strangers = set(companies) - allowed
    if (allowed and strangers) or (not allowed and len(companies) > 1):
        named = "; ".join(f"{name} ({origin})" for name, origin in companies.values())
        raise SourceError(
            f"The auditfiles are of more than the one company that is reported on: {named}."
            if not allowed
            else f"There are auditfiles of companies that administrations does not list: {named}.",
            advice="Keep one company per inbox and data folder, or list them in company.toml: "
            f"administrations = {sorted(companies)}.",
        )


def _newest(found: Sequence[sets.Auditfile]) -> tuple[list[sets.Auditfile], list[FileDelivery], list[str]]:
    by_partition: dict[tuple[str, str], list[sets.Auditfile]] = defaultdict(list)
    for auditfile in found:
        by_partition[auditfile.partition].append(auditfile)
    chosen, files, warnings = [], [], []
    for (_, year), exports in sorted(by_partition.items()):
        # Plain ISO text: a file without a date sorts first.
        exports.sort(key=lambda each: (str(each.header.date_created or ""), each.names[-1]))
        *older, newest = exports
        chosen.append(newest)
        for each in older:
            warnings.append(
                f"{', '.join(each.names)} and {newest.names[0]} are exports of the same year {year}; "
                f"{newest.names[0]} is newer and is used."
            )
            files += [
                FileDelivery(name, 0, "ignored", f"an older export of the same year as {newest.names[0]}")
                for name in each.names
            ]
    return chosen, files, warnings


def _overlapping_years(warehouse: Path) -> list[str]:
    with pipeline.connect(warehouse) as connection:
        rows = connection.execute(
            """
            select one.fiscal_year, other.fiscal_year
            from raw_xaf.auditfiles as one
            inner join raw_xaf.auditfiles as other
                on one.company_id = other.company_id
                and one.fiscal_year < other.fiscal_year
                and one.fiscal_year_start <= other.fiscal_year_end
                and other.fiscal_year_start <= one.fiscal_year_end
            """
        ).fetchall()
    return [f"The fiscal years {one} and {other} overlap; amounts may be counted twice." for one, other in rows]
