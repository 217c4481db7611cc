"""What a connector keeps of a system's rows: an allow-list of fields with their types, written down once.

One line a column: `name kind path`. The path is where the value is in the system's own JSON. After the name, `!` says
there must be a value, `?` that the field may be absent; without either the field must be there and may be null. What is
not listed is never kept. After that, `@` says what the column tells about a person (`privacy.Mark`):

    customer_id!@customer text id           who the row is about: kept as a pseudonym, gone when the person is erased
    relation_id@relation:link text account  the same, but an erasure keeps the row and empties this column
    order_id!@order:owned text id           numbers something of that person
    order_id!@order:belonging text order.id refers to such a number: the row goes along with it
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion import privacy
from ingestion.errors import SourceError
from ingestion.privacy import Mark
from ingestion.sources.files.entities import ARROW
from ingestion.terms import Days

# Every raw table of a connector also says whether the system still has the row.
IS_DELETED = "is_deleted"
_ABSENT = object()
_COMPACT_DAY = re.compile(r"\d{8}")
_MOST_DIGITS = Decimal(10) ** 14
# How a text is written that Arrow reads as we would.
_PLAIN = {
    "decimal": r"^-?\d{1,14}(\.\d{1,4})?$",
    "integer": r"^-?\d{1,18}$",
    "timestamp": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$",
    "date": r"^\d{4}-\d\d-\d\d$",
}
# The types of values that Arrow takes as they are.
_AS_THEY_ARE: dict[str, set[type]] = {
    "text": set(),
    "decimal": {Decimal, int},
    "integer": {int},
    "boolean": {bool},
    "timestamp": set(),
    "date": {date},
}


@dataclass(frozen=True)
class Field:
    """One column and where its value comes from."""

    name: str
    kind: str
    path: tuple[str, ...]
    required: bool
    may_be_absent: bool
    mark: Mark | None = None


@dataclass(frozen=True)
class Rows:
    """One raw table of a connector.

    `key` names a row: read again, it replaces the one there. `windows` names columns instead whose values are read as
    a whole: what was there before goes. With neither, every read brings the whole table.

    For the day that its people are past their term (`forgetting`): `recalled_by` names what tells that a row is one
    that is here, if its key does not, or is itself who the row is about; a row goes on while `open_until` is empty;
    the columns of `derived` hold a digest of the whole row, the first of them being its key.
    """

    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    # Not in the description by which a landing zone knows what it holds: none of this changes what is read.
    recalled_by: tuple[str, ...] = field(default=(), repr=False)
    open_until: str = field(default="", repr=False)
    derived: tuple[str, ...] = field(default=(), repr=False)

    @property
    def people(self) -> list[str]:
        """The columns that say who a row is about."""
        return list(privacy.people(self.schema))

    @property
    def days(self) -> Days:
        """The columns that say when."""
        dated = {one.name: one.kind for one in self.fields if one.kind in ("date", "timestamp")}
        return Days(dated, self.open_until)

    @property
    def schema(self) -> pa.Schema:
        """The raw table, in Arrow types."""
        columns = [
            field.mark.field(field.name) if field.mark else pa.field(field.name, ARROW[field.kind])  # type: ignore[index]
            for field in self.fields
        ]
        return pa.schema([*columns, pa.field(IS_DELETED, pa.bool_())])


def rows(
    text: str, *, key: str = "", windows: str = "", recalled_by: str = "", open_until: str = "", derived: str = ""
) -> Rows:
    """A table from one line a column; the others are names with spaces between them."""
    found = []
    for line in text.strip().splitlines():
        told, kind, path = line.split()
        name, _, about = told.partition("@")
        mark = _mark(about, line.strip()) if about else None
        if mark and kind != "text":
            raise ValueError(f"{line.strip()!r}: what is about a person is a text.")
        steps = tuple(path.split("."))
        found.append(Field(name.rstrip("!?"), kind, steps, name.endswith("!"), name.endswith("?"), mark))
    named = {one.name for one in found if one.mark and one.mark.role == "identifier"}
    told = recalled_by.split() or [one for one in key.split() if not named & set(key.split())]
    return Rows(
        tuple(found), tuple(key.split()), tuple(windows.split()), tuple(told), open_until, tuple(derived.split())
    )


def _mark(about: str, line: str) -> Mark:
    kind, _, says = about.partition(":")
    if says not in ("", "link", "owned", "belonging"):
        raise ValueError(f"{line!r}: after @{kind} comes nothing, :link, :owned or :belonging.")
    if says in ("", "link"):
        return Mark(kind, on_erasure="link" if says else "row")
    return Mark(kind, says)  # type: ignore[arg-type]


def arrow(table: str, spec: Rows, content: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The listed fields of a system's rows, typed.

    Raises `SourceError` with table, field, row and value for a field that is gone, empty or of another type.
    """
    columns = [_column(table, spec, field, content) for field in spec.fields]
    columns.append(pa.array([False] * len(content), pa.bool_()))
    return pa.Table.from_arrays(columns, schema=spec.schema)


def deleted(spec: Rows, keys: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows that say of these keys that the system no longer has them."""
    return pa.Table.from_pylist([{**key, IS_DELETED: True} for key in keys], schema=spec.schema)


def _column(table: str, spec: Rows, field: Field, content: Sequence[Mapping[str, Any]]) -> pa.Array:
    """The values of one field: at once when all are plainly of its kind, else one by one, to say which is not."""
    values: list[Any] = list(content)
    for step in field.path:
        values = [value.get(step, _ABSENT) if type(value) is dict else _step(value, step) for value in values]
    if field.may_be_absent:
        values = [None if value is _ABSENT else value for value in values]
    at_once = _at_once(field.kind, values)
    if at_once is not None and not (field.required and at_once.null_count):
        return at_once
    convert = _CONVERT[field.kind]
    converted = []
    for row, found in zip(content, values, strict=True):
        if found is _ABSENT:
            raise _refusal(table, spec, field, row, "is not in the answer any more", None)
        if found is None or found == "":
            if field.required:
                raise _refusal(table, spec, field, row, "is empty and must have a value", None)
            converted.append(None)
            continue
        try:
            converted.append(convert(found))
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            said = f"is not a {_WORDS[field.kind]}"
            raise _refusal(table, spec, field, row, said, found) from None
    return pa.array(converted, ARROW[field.kind])  # type: ignore[index]


def _step(value: Any, step: str) -> Any:
    """One step along a path: None where something on the way is, `_ABSENT` where the step is not there."""
    if value is None:
        return None
    return value.get(step, _ABSENT) if isinstance(value, Mapping) else _ABSENT


def _at_once(kind: str, values: Sequence[Any]) -> pa.Array | None:
    """All values by Arrow; None when one needs a closer look, or would mean something else to Arrow than to us."""
    types = set(map(type, values)) - {type(None)}
    arrow_type = ARROW[kind]  # type: ignore[index]
    try:
        if types == {str}:
            texts = pa.array(values, pa.string())
            is_empty = pc.equal(texts, "")  # pyright: ignore[reportAttributeAccessIssue]
            given = pc.if_else(is_empty, None, texts)  # pyright: ignore[reportAttributeAccessIssue]
            if kind == "text":
                return pc.utf8_trim_whitespace(given)  # pyright: ignore[reportAttributeAccessIssue]
            plain = _PLAIN.get(kind)
            if plain is None:
                return None
            is_plain = pc.match_substring_regex(given, plain)  # pyright: ignore[reportAttributeAccessIssue]
            return given.cast(arrow_type) if False not in is_plain.to_pylist() else None
        if types <= _AS_THEY_ARE[kind]:
            found = pa.array(values, arrow_type)
            # Arrow makes nothing of a number that is none.
            return found if found.null_count == values.count(None) else None
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        pass
    return None


def _refusal(table: str, spec: Rows, field: Field, row: Mapping[str, Any], said: str, found: object) -> SourceError:
    identity = []
    for other in spec.fields:
        if other.name in (spec.key or spec.windows):
            value: Any = row
            for step in other.path:
                value = value.get(step) if isinstance(value, Mapping) else None
            identity.append(f"{other.name} {value}")
    return SourceError(
        f"{table}{' with ' + ', '.join(identity) if identity else ''}: field {'.'.join(field.path)} {said}.",
        value=None if found is None else ascii(found)[:60] if not _is_whole(found) else str(found)[:60],
        advice="Nothing of this was loaded. The system changed what it answers, or hides the field from this account; "
        "the README of the source lists the fields and permissions.",
    )


def _is_whole(value: object) -> bool:
    """Whether a value can be printed: JSON can hold half a character."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: object) -> str:
    """An id or a word. Numbers are written out: an id that was a number yesterday is a text today."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(value)
    written = str(value).strip()
    written.encode()  # half a character, which JSON can hold, is a ValueError here
    return written


def decimal(value: object) -> Decimal:
    """An amount, as the system wrote it: never a binary fraction, never a notation with commas."""
    if isinstance(value, bool | float):
        raise TypeError(value)
    number = Decimal(value.strip() if isinstance(value, str) else value)  # type: ignore[arg-type]
    if not number.is_finite() or abs(number) >= _MOST_DIGITS:
        raise ValueError(value)
    return number.quantize(Decimal("0.0001")) if number.as_tuple().exponent < -4 else number  # type: ignore[operator]


def integer(value: object) -> int:
    """A whole number."""
    if isinstance(value, bool):
        raise TypeError(value)
    number = Decimal(str(value))
    if number != number.to_integral_value():
        raise ValueError(value)
    return int(number)


def boolean(value: object) -> bool:
    """Yes or no, in the ways JSON has for it."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()] if str(value).lower() in {"true", "false"} else _no(value)


def _no(value: object) -> bool:
    raise ValueError(value)


def timestamp(value: object) -> datetime:
    """A moment with its zone; one without is refused, for nobody can know when it was."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.astimezone(UTC)


def day(value: object) -> date:
    """A calendar date: 2026-01-31, 20260131, or the date a moment begins with."""
    if isinstance(value, datetime):
        raise TypeError(value)
    if isinstance(value, date):
        return value
    written = str(value)
    if _COMPACT_DAY.fullmatch(written):
        return date(int(written[:4]), int(written[4:6]), int(written[6:]))
    return date.fromisoformat(written)


_CONVERT: dict[str, Callable[[Any], object]] = {
    "text": text,
    "decimal": decimal,
    "integer": integer,
    "boolean": boolean,
    "timestamp": timestamp,
    "date": day,
}
_WORDS = {
    "text": "text",
    "decimal": "number",
    "integer": "whole number",
    "boolean": "yes or no",
    "timestamp": "moment with a time zone",
    "date": "date",
}
