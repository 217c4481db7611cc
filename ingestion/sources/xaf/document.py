"""Streams the XML of an auditfile into text columns: Parquet batches for the lines, small lists for the rest.

Elements are matched by local name, because exporters write namespaces that do not exist, and in any order, because
they do not keep to the schema's. Values stay text as written; `checks` types them in bulk.
"""

from __future__ import annotations

import bisect
import gc
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from ingestion.errors import SourceError
from ingestion.sources.xaf import inbox, rgs, settings

LINE_TEXTS = ("nr", "accID", "effDate", "amnt", "amntTp", "custSupID")

LINES = pa.schema(
    [
        ("line_sequence", pa.int64()),
        ("transaction_ordinal", pa.int64()),
        ("document", pa.int32()),
        ("file_line", pa.int64()),
        *((name, pa.string()) for name in LINE_TEXTS),
    ]
)
TRANSACTIONS = pa.schema(
    [
        ("transaction_ordinal", pa.int64()),
        ("journal_ordinal", pa.int64()),
        ("document", pa.int32()),
        ("transaction_line", pa.int64()),
        ("nr", pa.string()),
        ("periodNumber", pa.string()),
        ("trDt", pa.string()),
    ]
)

# Once read, an element of these kinds is dropped from the tree, so memory does not grow with the file. Relations and
# subledgers are dropped unread: their names and addresses are nobody's business here.
_PASSED_OVER = ("customerSupplier", "vatCode", "basic", "sbLine", "obSbLine", "glAccount")
_READ = (
    *("header", "companyName", "companyIdent", "ledgerAccount", "taxonomies", "period", "obLine"),
    *("openingBalance", "transactions", "journal", "transaction", "trLine"),
)
_TAGS = tuple(f"{{*}}{name}" for name in (*_READ, *_PASSED_OVER))


@dataclass(frozen=True)
class Document:
    """One XML document: a file, or the parts of one that was cut in pieces. `names` are what messages call them."""

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    namespace: str | None


@dataclass
class Totals:
    """The control totals a section declares, as text; None when absent."""

    document: int
    line: int
    lines_count: str | None
    total_debit: str | None
    total_credit: str | None


@dataclass
class Contents:
    """Everything of an auditfile but its lines and transactions, which are in the two Parquet files."""

    lines: Path
    transactions: Path
    header: dict[str, str] = field(default_factory=dict)
    company_name: str | None = None
    company_ident: str | None = None
    accounts: dict[str, rgs.Account] = field(default_factory=dict)
    taxonomy: dict[str, str] = field(default_factory=dict)
    periods: list[tuple[str | None, str | None, str | None, int, int]] = field(default_factory=list)
    opening: list[tuple[str | None, str | None, str | None, str | None, int, int]] = field(default_factory=list)
    opening_totals: list[Totals] = field(default_factory=list)
    journals: list[tuple[int, str | None, str | None, str | None]] = field(default_factory=list)
    transaction_totals: list[Totals] = field(default_factory=list)
    line_count: int = 0
    transaction_count: int = 0
    warnings: list[str] = field(default_factory=list)


class Place:
    """Turns a line of a document into a line of the file it came from."""

    def __init__(self, document: Document) -> None:
        self._names = document.names
        self._starts = [0]
        if len(document.paths) > 1:
            for path in document.paths[:-1]:
                with path.open("rb") as stream:
                    newlines = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
                self._starts.append(self._starts[-1] + newlines)

    def __call__(self, line: int) -> tuple[str, int]:
        part = bisect.bisect_left(self._starts, line, lo=1) - 1
        return self._names[part], line - self._starts[part]

    def parts(self) -> list[tuple[int, int, str]]:
        """Per file: the line after which it starts, the last line it can hold, its name."""
        ends = [*self._starts[1:], 2**62]
        return list(zip(self._starts, ends, self._names, strict=True))


def read_document(document: Document, contents: Contents, writer: LineWriter, number: int) -> None:
    """Read one document into `contents` and `writer`; `number` is its place in a set of split files.

    Raises:
        SourceError: the XML is broken off, not well-formed, wrongly encoded or too deep, with file and line.
    """
    reader = _Reader(document, contents, writer, number)
    events = etree.iterparse(
        _stream(document),
        events=("end",),
        tag=_TAGS,
        remove_comments=True,
        remove_pis=True,
        **inbox.parser_options(),
    )
    # Millions of short-lived tuples and no cycles: the garbage collector would only look at them again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        reader.run(events)
    except etree.XMLSyntaxError as error:
        raise syntax_error(document, error) from None
    finally:
        if collecting:
            gc.enable()


def read_beginning(document: Document) -> Contents:
    """Header and company name only; reads no further than it must.

    Raises:
        SourceError: as `read_document`.
    """
    contents = Contents(Path(), Path())
    events = etree.iterparse(
        _stream(document),
        events=("end",),
        tag=("{*}header", "{*}companyName", "{*}customerSupplier", "{*}trLine", "{*}transaction"),
        **inbox.parser_options(),
    )
    try:
        for _, element in events:
            name = _local(element)
            if name == "header":
                contents.header = read_header(element, document.names[0])
            elif name == "companyName" and _local(element.getparent()) == "company":
                contents.company_name = _clean(element.text)
            else:
                _drop(element)
            if contents.header and contents.company_name:
                break
    except etree.XMLSyntaxError as error:
        raise syntax_error(document, error) from None
    return contents


def _stream(document: Document) -> Any:
    return str(document.paths[0]) if len(document.paths) == 1 else _Joined(document.paths)


class _Joined:
    """The parts of a document that was cut in pieces, read as one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._chunks: Iterator[bytes] = (
            chunk for i, path in enumerate(paths) for chunk in inbox.chunks(path, skip_prolog=i > 0)
        )

    def read(self, _size: int = -1) -> bytes:
        # An empty chunk would mean the end; a part that is only a prolog must not end the document.
        return next((chunk for chunk in self._chunks if chunk), b"")


class LineWriter:
    """Writes lines and transactions as text to two Parquet files, batch by batch."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._lines = pq.ParquetWriter(contents.lines, LINES, compression="lz4")
        self._transactions = pq.ParquetWriter(contents.transactions, TRANSACTIONS, compression="lz4")
        # One flat list, field after field: slicing it into columns is far cheaper than transposing rows.
        self.texts: list[str | None] = []
        self.ordinals: list[int] = []
        self.file_lines: list[int] = []
        self.transactions: list[tuple[int, int, int, int, str | None, str | None, str | None]] = []

    def __enter__(self) -> LineWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._transactions.close()

    def flush(self, document: int) -> None:
        """Write what is collected; all of it belongs to one document."""
        count = len(self.ordinals)
        if count:
            first = self._contents.line_count + 1
            self._contents.line_count += count
            columns = [
                pa.array(range(first, first + count), pa.int64()),
                pa.array(self.ordinals, pa.int64()),
                pa.repeat(pa.scalar(document, pa.int32()), count),
                pa.array(self.file_lines, pa.int64()),
                *(pa.array(self.texts[i :: len(LINE_TEXTS)], pa.string()) for i in range(len(LINE_TEXTS))),
            ]
            self._lines.write_table(pa.Table.from_arrays(columns, schema=LINES))
            # Cleared, not replaced: the reader holds on to these lists.
            self.texts.clear()
            self.ordinals.clear()
            self.file_lines.clear()
        if self.transactions:
            columns = [
                pa.array(column, kind.type)
                for column, kind in zip(zip(*self.transactions, strict=True), TRANSACTIONS, strict=True)
            ]
            self._transactions.write_table(pa.Table.from_arrays(columns, schema=TRANSACTIONS))
            self.transactions.clear()


class _Reader:
    def __init__(self, document: Document, contents: Contents, writer: LineWriter, number: int) -> None:
        self._document = document
        self._contents = contents
        self._writer = writer
        self._number = number
        self._shapes: dict[tuple[Any, ...], Callable[[list[str | None]], tuple[str | None, ...]]] = {}
        self._handlers: dict[str, Callable[[Any], None]] = {}
        self._line_tags: set[str] = set()
        self._names: dict[str, str] = {}

    def run(self, events: Any) -> None:
        contents, writer = self._contents, self._writer
        fields, ordinals, file_lines = writer.texts, writer.ordinals, writer.file_lines
        shapes, handlers = self._shapes, self._handlers
        line_tags = self._line_tags
        # Nearly all time goes into this loop: one dictionary look-up per line, no search per field.
        for _, element in events:
            tag = element.tag
            if tag not in line_tags:
                handler = handlers.get(tag)
                if handler is None:
                    name = tag.rpartition("}")[2]
                    if name == "trLine":
                        line_tags.add(tag)
                    else:
                        handler = handlers[tag] = getattr(self, f"_{name}", _drop)
                if handler is not None:
                    handler(element)
                    continue
            shape = tuple([child.tag for child in element])
            texts = [child.text for child in element]
            texts.append(None)
            pick = shapes.get(shape)
            if pick is None:
                pick = shapes[shape] = _picker(shape)
            fields.extend(pick(texts))
            ordinals.append(contents.transaction_count)
            file_lines.append(element.sourceline)
            element.clear()
            if len(ordinals) >= settings.BATCH_LINES:
                writer.flush(self._number)
                _drop_elder_siblings(element)
        writer.flush(self._number)

    def _header(self, element: Any) -> None:
        header = read_header(element, self._document.names[0])
        self._contents.header = {**header, **self._contents.header}

    def _companyName(self, element: Any) -> None:  # noqa: N802 (named after the element)
        if _local(element.getparent()) == "company" and not self._contents.company_name:
            self._contents.company_name = _clean(element.text)

    def _companyIdent(self, element: Any) -> None:  # noqa: N802
        if _local(element.getparent()) == "company" and not self._contents.company_ident:
            self._contents.company_ident = _clean(element.text)

    def _ledgerAccount(self, element: Any) -> None:  # noqa: N802
        texts = _texts(element)
        account_id = texts.get("accID")
        if account_id is None:
            raise SourceError("A ledger account has no accID.", file=self._document.names[0], line=element.sourceline)
        concept = next((_clean(found.text) for found in element.iterfind(".//{*}conceptRef")), None)
        account = rgs.Account(
            account_id,
            texts.get("accDesc") or "",
            (texts.get("accTp") or "").upper(),
            *rgs.code_of({**texts, "conceptRef": concept}),
        )
        known = self._contents.accounts.setdefault(account_id, account)
        if (known.description, known.type, known.rgs_code) != (account.description, account.type, account.rgs_code):
            self._contents.warnings.append(
                f"ledger account {account_id} is listed twice with different properties; the first one is used"
            )
        _drop(element)

    def _taxonomies(self, element: Any) -> None:
        for link in element.iterfind(".//{*}taxoElement"):
            texts = _texts(link)
            code = next((t for t in (texts.get("txCd"), texts.get("txClusCd")) if rgs.is_code(t)), None)
            for account in link.iterfind("{*}glAccID"):
                account_id = _clean(account.text)
                if code and account_id:
                    self._contents.taxonomy.setdefault(account_id, code)
        element.clear()

    def _period(self, element: Any) -> None:
        texts = _texts(element)
        self._contents.periods.append(
            (
                texts.get("periodNumber"),
                texts.get("startDatePeriod"),
                texts.get("endDatePeriod"),
                self._number,
                element.sourceline,
            )
        )
        _drop(element)

    def _obLine(self, element: Any) -> None:  # noqa: N802
        texts = _texts(element)
        self._contents.opening.append(
            (
                texts.get("accID"),
                texts.get("amnt"),
                texts.get("amntTp"),
                texts.get("nr"),
                self._number,
                element.sourceline,
            )
        )
        _drop(element)

    def _openingBalance(self, element: Any) -> None:  # noqa: N802
        self._contents.opening_totals.append(self._totals(element))
        element.clear()

    def _transactions(self, element: Any) -> None:
        self._contents.transaction_totals.append(self._totals(element))
        element.clear()

    def _totals(self, element: Any) -> Totals:
        texts = _texts(element)
        return Totals(
            self._number,
            element.sourceline,
            texts.get("linesCount"),
            texts.get("totalDebit"),
            texts.get("totalCredit"),
        )

    def _journal(self, element: Any) -> None:
        texts = _texts(element)
        self._contents.journals.append(
            (len(self._contents.journals), texts.get("jrnID"), texts.get("jrnTp"), texts.get("offsetAccID"))
        )
        _drop(element)

    def _transaction(self, element: Any) -> None:
        fields: dict[str, str | None] = {}
        line_tags, names = self._line_tags, self._names
        for child in element:
            tag = child.tag
            if tag not in line_tags:
                name = names.get(tag)
                if name is None:
                    name = names[tag] = _local(child)
                fields.setdefault(name, child.text)
        self._writer.transactions.append(
            (
                self._contents.transaction_count,
                len(self._contents.journals),
                self._number,
                element.sourceline,
                fields.get("nr"),
                fields.get("periodNumber"),
                fields.get("trDt"),
            )
        )
        self._contents.transaction_count += 1
        _drop(element)


def read_header(element: Any, file: str) -> dict[str, str]:
    """The fields of a header element by local name.

    Raises:
        SourceError: it is the header of a version before 3.
    """
    texts = {name: text for name, text in _texts(element).items() if text}
    if "auditfileVersion" in texts:
        raise inbox.refuse_clair(file, texts["auditfileVersion"], element.sourceline)
    return texts


def syntax_error(document: Document, error: etree.XMLSyntaxError) -> SourceError:
    """What went wrong with the XML, in words, with file and line."""
    place = Place(document)
    name, line = place(error.lineno or 1)
    last = document.paths[-1]
    if not _has_end(last):
        return SourceError(
            "The file is broken off: it ends before </auditfile>.",
            file=name,
            line=line,
            advice="Export or copy it again; nothing of it was loaded.",
        )
    message = re.sub(r",? line \d+.*$", "", error.msg or "").strip()
    if re.search(r"encod|UTF-8|invalid.*(byte|char)|PCDATA", message, re.IGNORECASE):
        return SourceError(
            "The file has characters that do not fit the encoding it claims, or that XML does not allow.",
            file=name,
            line=line,
            advice="Export it again, or save it in the encoding its first line names.",
        )
    if re.search(r"huge|too long|depth|limit|amplification", message, re.IGNORECASE):
        return SourceError(
            "The file has an element that is far too large or too deep for an auditfile.", file=name, line=line
        )
    return SourceError(
        f"The XML is not well-formed ({message}).", file=name, line=line, advice="Export the auditfile again."
    )


def _has_end(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        return re.search(rb"</(?:[\w.-]+:)?auditfile\s*>", stream.read().replace(b"\0", b"")) is not None


def _picker(shape: tuple[Any, ...]) -> Callable[[list[str | None]], tuple[str | None, ...]]:
    names = [tag.rpartition("}")[2] if isinstance(tag, str) else "" for tag in shape]
    # -1 is the None that the caller puts behind the texts: the field is absent.
    return itemgetter(*(names.index(name) if name in names else -1 for name in LINE_TEXTS))


def _local(element: Any) -> str:
    tag = element.tag if element is not None else ""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _clean(text: str | None) -> str | None:
    return (text or "").strip() or None


def _texts(element: Any) -> dict[str, str | None]:
    texts: dict[str, str | None] = {}
    for child in element:
        texts.setdefault(_local(child), _clean(child.text))
    return texts


def _drop(element: Any) -> None:
    # The element itself must stay until the parser has moved on; the one before it can go.
    element.clear()
    previous = element.getprevious()
    if previous is not None and previous.tag == element.tag:
        element.getparent().remove(previous)


def _drop_elder_siblings(element: Any) -> None:
    # Within one transaction with very many lines. The parser is ahead: younger siblings are still to be read.
    parent = element.getparent()
    for elder in list(element.itersiblings(element.tag, preceding=True)):
        parent.remove(elder)
