"""Finds auditfiles in an inbox and opens them, whatever they are packed in.

Nothing here reads figures: it tells auditfiles from other files, unpacks within bounds, and refuses what can never
be read (binary, encrypted, empty, DOCTYPE, formats before 3.1) before anything else happens.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from ingestion.errors import SourceError
from ingestion.sources.xaf import settings

_OWN_SUFFIXES = (".xaf", ".xac", ".adf")
_SUFFIXES = (*_OWN_SUFFIXES, ".xml", ".gz", ".zip")
_OTHER_KINDS = re.compile(r"/(XAS|XAA|XAB|XAR|XAL|XAT)\b", re.IGNORECASE)
_EXPORT_AGAIN = "Export the auditfile again from the bookkeeping package."


@dataclass(frozen=True)
class Unit:
    """One XML text: a file, a gzip file, or one member of a zip file. `name` is how messages call it."""

    path: Path
    name: str
    packing: str = ""  # "", "gzip" or "zip"
    member: str = ""

    @property
    def inner_name(self) -> str:
        """The file name of the text itself, without folders or a .gz ending."""
        name = Path(self.member).name if self.member else self.path.name
        return name[:-3] if self.packing == "gzip" and name.lower().endswith(".gz") else name

    def open(self) -> IO[bytes] | gzip.GzipFile:
        """A stream of the unpacked bytes."""
        if self.packing == "gzip":
            return gzip.open(self.path, "rb")
        if self.packing == "zip":
            return zipfile.ZipFile(self.path).open(self.member)
        return self.path.open("rb")


@dataclass(frozen=True)
class Prolog:
    """What stands before the content of an XML text."""

    root: str | None
    namespace: str | None
    has_doctype: bool
    continuation: tuple[int, int] | None
    line: int | None = None


def parser_options() -> dict[str, bool]:
    """The only way this source parses XML: no DTD, no entities, no network, no recovery, bounded nodes."""
    return {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def candidates(inbox: Path) -> list[Unit]:
    """Every XML text below the inbox that is or claims to be an auditfile, in the order of its name.

    Files with an auditfile ending are always listed, readable or not; .xml, .gz and .zip by their content.
    """
    if not inbox.is_dir():
        return []
    paths = sorted(
        path
        for path in inbox.rglob("*")
        if path.is_file()
        and path.suffix.lower() in _SUFFIXES
        and not any(part.startswith((".", "~")) for part in path.relative_to(inbox).parts)
    )
    return [unit for path in paths for unit in units(path, path.relative_to(inbox).as_posix()) if _is_ours(unit)]


def units(path: Path, name: str | None = None) -> list[Unit]:
    """The XML texts in one file: itself, or what is packed in it."""
    shown = name or path.name
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic[:2] == b"\x1f\x8b":
        return [Unit(path, shown, "gzip")]
    if magic == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(path) as archive:
                members = [
                    info.filename
                    for info in archive.infolist()
                    if not info.is_dir() and Path(info.filename).suffix.lower() in (*_OWN_SUFFIXES, ".xml")
                ]
        except zipfile.BadZipFile:
            return [Unit(path, shown, "zip")]
        return [Unit(path, f"{shown}/{member}", "zip", member) for member in sorted(members)]
    return [Unit(path, shown)]


def _is_ours(unit: Unit) -> bool:
    ending = Path(unit.inner_name).suffix.lower()
    if ending in _OWN_SUFFIXES:
        return True
    try:
        head = read_head(unit)
    except SourceError:
        return ".xaf" in unit.name.lower() or unit.path.suffix.lower() == ".zip"
    prolog = read_prolog(head)
    if prolog.root is None:
        # An .xml that can't be read may well be the books: refusing it is safer than passing over it.
        return ending == ".xml"
    is_financial = not _OTHER_KINDS.search(prolog.namespace or "")
    return prolog.continuation is not None or (prolog.root == "auditfile" and is_financial)


def read_head(unit: Unit) -> bytes:
    """The first bytes of the unpacked text.

    Raises:
        SourceError: the archive is damaged or locked with a password.
    """
    try:
        with unit.open() as stream:
            return stream.read(settings.SNIFF_BYTES)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise _packing_error(unit, error) from None


def read_prolog(head: bytes) -> Prolog:
    """Root element, DOCTYPE and continuation comment, from the first bytes of a text. Never raises."""
    parser = etree.XMLPullParser(events=("start", "comment"), **parser_options())
    continuation: tuple[int, int] | None = None
    root = None
    with contextlib.suppress(etree.XMLSyntaxError):
        parser.feed(head)
    with contextlib.suppress(etree.XMLSyntaxError):
        for event, element in parser.read_events():
            if event == "start":
                root = element
                break
            found = settings.CONTINUATION.search(element.text or "")
            if found:
                continuation = int(found[1]), int(found[2])
    if root is None:
        has_doctype = b"<!DOCTYPE" in head.replace(b"\0", b"")
        return Prolog(None, None, has_doctype, continuation)
    # Not `etree.QName`, which raises for a namespace with a brace in it.
    namespace, _, name = root.tag.removeprefix("{").rpartition("}")
    doctype = bool(root.getroottree().docinfo.doctype)
    return Prolog(name, namespace or None, doctype, continuation, root.sourceline)


def inspect(unit: Unit) -> Prolog:
    """The prolog of a text that is meant to be an auditfile.

    Raises:
        SourceError: it is empty, binary, encrypted, has a DOCTYPE, or is another or an older kind of auditfile.
    """
    head = read_head(unit)
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not text:
        raise SourceError("The file is empty.", file=unit.name, advice=_EXPORT_AGAIN)
    if text.startswith(b"CLAIR1"):
        raise _too_old(unit, "an ADF auditfile (CLAIR1.00.00)")
    prolog = read_prolog(head)
    if prolog.has_doctype:
        raise SourceError(
            "The file has a DOCTYPE, which an auditfile never has; it is refused because it can pull in other files.",
            file=unit.name,
            line=1 + head.replace(b"\0", b"").partition(b"<!DOCTYPE")[0].count(b"\n"),
            advice="Ask whoever sent it where it comes from.",
        )
    if not text.startswith(b"<"):
        if unit.inner_name.lower().endswith(".xac"):
            raise SourceError(
                "The file is an encrypted auditfile (.xac) and can't be read.",
                file=unit.name,
                advice="Export it without encryption, as .xaf.",
            )
        raise SourceError(
            "This is not XML: the content is binary, encrypted or of another kind.",
            file=unit.name,
            advice=_EXPORT_AGAIN,
        )
    if prolog.continuation is None and prolog.root not in (None, "auditfile"):
        raise SourceError(
            f"This is XML but not an auditfile: its first element is <{prolog.root}>, not <auditfile>.",
            file=unit.name,
            line=prolog.line,
        )
    if _OTHER_KINDS.search(prolog.namespace or ""):
        raise SourceError(
            "This is not a financial auditfile but one of another kind.", file=unit.name, value=prolog.namespace
        )
    version = namespace_version(prolog.namespace)
    if version and (version == "3.0" or version < "3"):
        raise _too_old(unit, f"XAF {version}")
    return prolog


def refuse_clair(name: str, version: str, line: int | None) -> SourceError:
    """The refusal of an XML auditfile of before 3.1, known by its auditfileVersion element."""
    return SourceError(
        f"This is {version}, an older auditfile; versions {', '.join(settings.SUPPORTED_VERSIONS)} are read.",
        file=name,
        line=line,
        advice="Export it again as XAF 3.2 or 4.0.",
    )


def _too_old(unit: Unit, kind: str) -> SourceError:
    return SourceError(
        f"This is {kind}; versions {', '.join(settings.SUPPORTED_VERSIONS)} are read.",
        file=unit.name,
        advice="Export it again as XAF 3.2 or 4.0.",
    )


def namespace_version(namespace: str | None) -> str | None:
    """The version a namespace ends in, official or not, such as '3.2.1'; None when it names none."""
    found = re.search(r"(\d\.\d(?:\.\d)?)/?$", namespace or "")
    return found[1] if found else None


def unpack(unit: Unit, folder: Path) -> Path:
    """A plain file with the unpacked text: the file itself, or a copy in `folder` within the size limits.

    Raises:
        SourceError: the archive is damaged, or holds far more than its size allows (a decompression bomb).
    """
    if not unit.packing:
        return unit.path
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{hashlib.sha256(unit.name.encode()).hexdigest()[:16]}.xml"
    bound = min(
        settings.UNPACKED_LIMIT,
        max(settings.RATIO_APPLIES_FROM, settings.RATIO_LIMIT * unit.path.stat().st_size),
    )
    written = 0
    try:
        with unit.open() as stream, target.open("wb") as copy:
            while chunk := stream.read(1 << 20):
                written += len(chunk)
                if written > bound:
                    raise SourceError(
                        f"The archive unpacks to more than {bound // 1024**2:,} MB, far more than an auditfile of this "
                        "size can hold.",
                        file=unit.name,
                        advice="Unpack it yourself and check what it is.",
                    )
                copy.write(chunk)
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, RuntimeError, NotImplementedError) as error:
        raise _packing_error(unit, error) from None
    return target


def _packing_error(unit: Unit, error: Exception) -> SourceError:
    if isinstance(error, RuntimeError) and "password" in str(error).lower():
        return SourceError(
            "The archive is locked with a password.", file=unit.name, advice="Put the unpacked auditfile in the inbox."
        )
    if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
        return SourceError(f"The file can't be opened: {error.strerror}.", file=unit.name)
    return SourceError("The archive is damaged or incomplete.", file=unit.name, advice="Copy or download it again.")


def chunks(path: Path, *, skip_prolog: bool) -> Iterator[bytes]:
    """The bytes of a file; with `skip_prolog` without byte order mark, XML declaration and leading comments."""
    with path.open("rb") as stream:
        first = stream.read(settings.SNIFF_BYTES)
        if skip_prolog:
            first = re.sub(
                rb"\A(?:\xef\xbb\xbf)?(?:\s*(?:<\?xml.*?\?>|<!--.*?-->))*", _keep_lines, first, flags=re.DOTALL
            )
        yield first
        while chunk := stream.read(1 << 20):
            yield chunk


def _keep_lines(found: re.Match[bytes]) -> bytes:
    # Newlines stay, so that line numbers in messages are those of the file.
    return b"\n" * found[0].count(b"\n")
