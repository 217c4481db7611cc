"""Reads one declared file into a Parquet file with the entity's schema. DuckDB does the reading, typing and checking.

Data flow: text or Excel -> Parquet of text cells in the order of the file (read on all cores; the row number in it is
the line) -> Parquet with types. Good cells are cast in one pass; only when that pass meets a bad cell does a second
query look for the lines.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from ingestion.errors import SourceError
from ingestion.quoting import name as _name
from ingestion.quoting import text as _text
from ingestion.sources.files import excel
from ingestion.sources.files.entities import DUCKDB, ENTITIES, Column, Kind
from ingestion.sources.files.settings import FileSpec

SHOWN_CELLS = 5
_BAD_CELL = "kerncijfers: bad cell"
# DuckDB's own name for the place of a row in a Parquet file.
_ROW = "file_row_number"
_LINE = "kerncijfers_line"
_BESIDE = "kerncijfers_beside_"
# A moment as ISO 8601 writes it. DuckDB itself also reads words such as "epoch", and drops an offset it does not know.
_DAY = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}"
_CLOCK = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_OFFSET = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_ZIP = b"PK\x03\x04"


# How a currency is written beside an amount, as a regular expression.
_SIGNS = {"EUR": "€|EUR", "USD": "\\$|USD", "GBP": "£|GBP"}


@dataclass(frozen=True)
class Read:
    """One file, read: the Parquet with its rows, and the control total that was compared (None without one)."""

    parquet: Path
    rows: int
    control_total_column: str | None = None
    control_total: Decimal | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Table:
    """A file as Parquet, row by row: its columns with their types, and the line of the first row."""

    parquet: Path
    types: dict[str, str]
    first_line: int
    has_line_breaks: bool = False


def read(path: Path, shown: str, spec: FileSpec, work: Path, *, time_zone: str) -> Read:
    """Read `path` as `spec` declares and write its rows to a Parquet file in `work`.

    `shown` is how messages name the file. Naive times are in `time_zone`. Raises `SourceError` for anything that is
    not as declared: columns, cells (file, line, column, value), encoding, control totals.
    """
    work.mkdir(parents=True, exist_ok=True)
    if path.stat().st_size == 0:
        raise SourceError("this file is empty.", file=shown, advice="Export it again.")
    if spec.database:
        table = _open_parquet(path, shown, spec)
    elif spec.format in {"csv", "text"}:
        table = _open_text(path, shown, spec, work)
    elif spec.format == "excel":
        table = _open_excel(path, shown, spec, work)
    else:
        table = _open_parquet(path, shown, spec)
    return _convert(table, shown, spec, work, time_zone)


def _open_text(path: Path, shown: str, spec: FileSpec, work: Path) -> _Table:
    source = _as_utf8(path, shown, spec, work)
    if spec.format == "text":
        return _open_whitespace(source, shown, spec, work)
    with source.open(encoding="utf-8-sig", newline="") as file:
        try:
            header = next(csv.reader(file, delimiter=spec.delimiter), [])
        except csv.Error as error:
            raise SourceError(f"the header can't be read ({error}).", file=shown, line=1) from error
    names = _without_trailing(header)
    _check_columns(shown, spec, names)
    beside = [f"{_BESIDE}{number}" for number in range(len(header) - len(names))]
    columns = ", ".join(f"{_text(name)}: 'varchar'" for name in [*names, *beside])
    cells = (
        f"from read_csv({_text(source)}, columns = {{{columns}}}, delim = {_text(spec.delimiter)}, "
        "header = true, quote = '\"', escape = '\"', auto_detect = false, strict_mode = true, null_padding = false, "
        "max_line_size = 16777216)"
    )
    if beside:
        _refuse_beside(cells, beside, shown)
        cells = f"select * exclude ({', '.join(map(_name, beside))}) {cells}"
    return _Table(
        _as_parquet(cells, shown, work),
        dict.fromkeys(names, "VARCHAR"),
        first_line=2,
        has_line_breaks=_has_quoted_line_break(source),
    )


def _without_trailing(header: Sequence[object]) -> list[str]:
    """The names of the columns; exports that end each line with a delimiter have columns without one after them."""
    names = [str(name).strip() for name in header]
    while names and not names[-1]:
        names.pop()
    return names


def _refuse_beside(cells: str, beside: Sequence[str], shown: str) -> None:
    """Refuses a value in a column after the last name: nothing says what it is."""
    filled = " or ".join(f"trim({_name(column)}) <> ''" for column in beside)
    with duckdb.connect() as connection:
        try:
            row = connection.execute(
                f"select min(line) from (select *, row_number() over () + 1 as line {cells}) where {filled}"
            ).fetchone()
        except duckdb.InvalidInputException as error:
            raise _unsplit(error, shown) from error
    if row and row[0] is not None:
        raise _beside(shown, row[0])


def _beside(shown: str, line: int) -> SourceError:
    return SourceError(
        "there is a value in a column that has no name in the header.",
        file=shown,
        line=line,
        advice="Give the column a name in the export, or leave the value out.",
    )


def _as_parquet(cells: str, shown: str, work: Path) -> Path:
    """The text cells a query reads from a file, in the order of the file."""
    target = _scratch(work, shown, "cells.parquet")
    with duckdb.connect() as connection:
        try:
            connection.execute(f"copy ({cells}) to {_text(target)} (format parquet, compression uncompressed)")
        except duckdb.InvalidInputException as error:
            raise _unsplit(error, shown) from error
    return target


def _scratch(work: Path, shown: str, kind: str) -> Path:
    return work / f"{hashlib.sha256(shown.encode()).hexdigest()[:24]}.{kind}"


def _unsplit(error: duckdb.Error, shown: str) -> SourceError:
    """What to say of a file that can't be split into cells."""
    message = str(error)
    if width := re.search(rf"{_BAD_CELL} width (\d+)", message):
        return SourceError(f"a line does not have {width.group(1)} columns.", file=shown, advice="Export it again.")
    line = re.search(r"(?:CSV Error on Line|Line): ?(\d+)", message)
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    problem = (
        f"the line has {counts.group(2)} cells where {counts.group(1)} are declared by the header."
        if counts
        else "the line can't be split into cells: a quote is not closed, or the delimiter is another."
    )
    return SourceError(
        problem,
        file=shown,
        line=int(line.group(1)) if line else None,
        advice="The file may be cut off; export it again.",
    )


def _as_utf8(path: Path, shown: str, spec: FileSpec, work: Path) -> Path:
    """The file itself when it is UTF-8, else a copy in UTF-8. Every byte is checked."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == _ZIP:
        raise SourceError(
            "this is a zip or Excel file, not text.",
            file=shown,
            advice='Declare it with format = "excel", or unpack it.',
        )
    encoding = spec.encoding
    if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        encoding = "utf-16"
    elif start[:3] == codecs.BOM_UTF8:
        encoding = "utf-8"
    target = path if encoding == "utf-8" else _scratch(work, shown, "utf8")
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file, target.open("wb") if target != path else _nowhere() as copy:
        while True:
            chunk = file.read(1 << 20)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                raise SourceError(
                    f"the characters are not {spec.encoding}.",
                    file=shown,
                    line=line,
                    advice=f'Set encoding in [[files]] {spec.name}; Dutch exports are often "cp1252".',
                ) from error
            if "\x00" in text:
                raise SourceError(
                    "this is not a text file: it holds binary data.", file=shown, advice="Export it again."
                )
            if copy is not None:
                copy.write(text.encode())
            line += chunk.count(b"\n")
            if not chunk:
                return target


@contextmanager
def _nowhere() -> Iterator[None]:
    yield None


def _has_quoted_line_break(path: Path) -> bool:
    """Whether a quote may hold a line break: there are quotes, and some line has an odd number of them."""
    with path.open("rb") as file:
        if b'"' not in file.read(1 << 16):
            file.seek(0)
            if not any(b'"' in chunk for chunk in iter(lambda: file.read(1 << 20), b"")):
                return False
        file.seek(0)
        return any(line.count(b'"') % 2 for line in file)


def _open_whitespace(path: Path, shown: str, spec: FileSpec, work: Path) -> _Table:
    with path.open(encoding="utf-8-sig") as file:
        width = len(next((line for line in file if line.strip()), "").split())
    if width == 0:
        raise SourceError("this file has no rows.", file=shown, advice="Export it again.")
    names = [f"c{index}" for index in range(1, width + 1)]
    _check_columns(shown, spec, names)
    cells = ", ".join(f"cells[{index}] as c{index}" for index in range(1, width + 1))
    rows = f"""
        select {cells}
        from (
            select regexp_split_to_array(trim(line), '\\s+') as cells
            from read_csv({_text(path)}, columns = {{'line': 'varchar'}}, delim = '\\x01', header = false,
                quote = '', escape = '', auto_detect = false)
            where trim(line) <> ''
        )
        where case when len(cells) = {width} then true else error({_text(f"{_BAD_CELL} width {width}")}) end
    """
    return _Table(_as_parquet(rows, shown, work), dict.fromkeys(names, "VARCHAR"), first_line=1)


def _open_parquet(path: Path, shown: str, spec: FileSpec) -> _Table:
    path = path.resolve()
    try:
        described = duckdb.sql(f"describe select * from read_parquet({_text(path)})").fetchall()
    except duckdb.Error as error:
        raise SourceError("this is not a readable Parquet file.", file=shown, advice="Export it again.") from error
    names = [row[0] for row in described]
    _check_columns(shown, spec, names)
    return _Table(path, {row[0]: row[1] for row in described}, first_line=1)


def _open_excel(path: Path, shown: str, spec: FileSpec, work: Path) -> _Table:
    with _readable(shown):
        workbook = CalamineWorkbook.from_path(str(path))
        if not workbook.sheet_names:
            raise SourceError("this Excel file has no sheet.", file=shown, advice="Save it again as .xlsx.")
        sheet = spec.sheet or workbook.sheet_names[0]
        if sheet not in workbook.sheet_names:
            raise SourceError(
                f"there is no sheet {sheet!r}; the sheets are {', '.join(workbook.sheet_names)}.",
                file=shown,
                advice=f"Set sheet in [[files]] {spec.name}.",
            )
        rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    if not rows or not any(str(cell).strip() for cell in rows[0]):
        raise SourceError("the first row of this sheet has no column names.", file=shown, line=1)
    names = _without_trailing(rows[0])
    _check_columns(shown, spec, names)
    for line, row in enumerate(rows[1:], start=2):
        if any(str(cell).strip() for cell in row[len(names) :]):
            raise _beside(shown, line)
    with _readable(shown):
        for line, index, what in excel.without_value(path, sheet):
            if index < len(names) and line > 1 and names[index] not in spec.ignore:
                raise SourceError(
                    f"this cell holds {what}, which is no value.",
                    file=shown,
                    line=line,
                    column=names[index],
                    advice="Mend it in the workbook and save it again; nothing of it was loaded.",
                )
    columns = {
        name: pa.array([_cell(row[index] if index < len(row) else "", spec) for row in rows[1:]], pa.string())
        for index, name in enumerate(names)
    }
    target = _scratch(work, shown, "cells.parquet")
    pq.write_table(pa.table(columns), target)
    return _Table(target, dict.fromkeys(names, "VARCHAR"), first_line=2)


@contextmanager
def _readable(shown: str) -> Iterator[None]:
    """Says in words that a workbook is damaged, whichever reader finds it."""
    try:
        yield
    except (CalamineError, *excel.UNREADABLE) as error:
        raise SourceError("this is not a readable Excel file.", file=shown, advice="Save it again as .xlsx.") from error


def _cell(value: object, spec: FileSpec) -> str | None:
    """An Excel cell as the declaration would write it, so that numbers and dates are read by one rule."""
    if value == "" or value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        number = f"{Decimal(repr(value)):f}"
        number = number.removesuffix(".0")
        return number.replace(".", spec.decimal)
    if isinstance(value, datetime):
        return value.strftime(spec.timestamp_format) if spec.timestamp_format else value.isoformat(" ")
    if isinstance(value, date):
        return value.strftime(spec.date_format) if spec.date_format else value.isoformat()
    if isinstance(value, (time, timedelta)):
        return str(value)
    return str(value)


def _refuse_names(shown: str, names: list[str]) -> None:
    if _ROW in names:
        raise SourceError(
            f"a column can't be called {_ROW!r}.", file=shown, line=1, advice="Give it another name in the export."
        )
    if "" in names:
        raise SourceError(
            f"column {names.index('') + 1} has no name.", file=shown, line=1, advice="Give it one in the export."
        )
    seen: dict[str, str] = {}
    for name in names:
        normal = re.sub(r"\W+", "_", name.casefold())
        if normal in seen:
            raise SourceError(
                f"two columns have the same name: {seen[normal]!r} and {name!r}.",
                file=shown,
                line=1,
                advice="Give each column a name of its own in the export.",
            )
        seen[normal] = name


def _check_columns(shown: str, spec: FileSpec, names: list[str]) -> None:
    _refuse_names(shown, names)
    wanted = {*spec.columns.values(), *spec.ignore}
    if missing := [name for name in spec.columns.values() if name not in names]:
        raise SourceError(
            f"column {', '.join(map(repr, missing))} is missing. The file has: {', '.join(names)}.",
            file=shown,
            line=1,
            advice=f"If the export changed its names, change [[files]] {spec.name} in company.toml.",
        )
    if unknown := [name for name in names if name not in wanted | spec.columns_in(names)]:
        raise SourceError(
            f"column {', '.join(map(repr, unknown))} is new: nothing says whether it may be loaded.",
            file=shown,
            line=1,
            advice=f"Map it, or list it under ignore, in [[files]] {spec.name} of company.toml.",
        )


def _parsed(text: str, column: Column, file_type: str, spec: FileSpec, time_zone: str) -> str:
    """An SQL expression that gives the typed value of `text`, or null when it can't be read."""
    kind, zone = column.kind, _text(time_zone)
    if kind == "text":
        return text if file_type == "VARCHAR" else f"cast({text} as varchar)"
    if file_type != "VARCHAR":
        if kind == "timestamp" and file_type != "TIMESTAMP WITH TIME ZONE":
            return _of_our_time(f"timezone({zone}, try_cast({text} as timestamp))", kind)
        typed = f"try_cast({text} as {DUCKDB[kind]})"
        return _of_our_time(typed, kind) if kind in {"date", "timestamp"} else typed
    if kind == "timestamp":
        if spec.timestamp_format:
            moment = _strptime(text, spec.timestamp_format)
            return _of_our_time(moment if "%z" in spec.timestamp_format else f"timezone({zone}, {moment})", kind)
        naive = f"timezone({zone}, try_cast({text} as timestamp))"
        return _of_our_time(
            f"case when regexp_full_match({text}, '{_DAY}([T ]{_CLOCK})?') then {naive} "
            f"when regexp_full_match({text}, '{_DAY}[T ]{_CLOCK} ?{_OFFSET}') then try_cast({text} as timestamptz) end",
            kind,
        )
    if kind == "date":
        return _of_our_time(
            f"cast({_strptime(text, spec.date_format)} as date)"
            if spec.date_format
            else f"case when regexp_full_match({text}, '{_DAY}([T ]00:00(:00([.]0+)?)?)?') "
            f"then try_cast({text} as date) end",
            kind,
        )
    if kind == "boolean":
        true = ", ".join(_text(value.casefold()) for value in spec.true_values)
        false = ", ".join(_text(value.casefold()) for value in spec.false_values)
        return f"case when lower({text}) in ({true}) then true when lower({text}) in ({false}) then false end"
    return _number(text, spec, whole=kind == "integer")


def _strptime(text: str, notation: str) -> str:
    """Read by the notation. DuckDB answers 1900-01-01 to "epoch" and "infinity", so there must be a digit."""
    return f"case when regexp_matches({text}, '[0-9]') then try_strptime({text}, {_text(notation)}) end"


def _of_our_time(moment: str, kind: Kind) -> str:
    """The moment, or null when its century can't be meant: the year 25 of "31-12-25" under %Y, or infinity."""
    return f"case when {moment} between {DUCKDB[kind]} '1900-01-01' and {DUCKDB[kind]} '2200-01-01' then {moment} end"


def _number(text: str, spec: FileSpec, *, whole: bool) -> str:
    """A number in the declared notation. Plain digits take the short way; anything else is taken apart and checked.

    Accepted besides: the sign of the currency (of any, where rows say their own), thousands separators in their places,
    a minus before or after, and brackets. More than four decimals are refused: they would be lost.
    """
    signs = [_SIGNS[spec.values["currency"]]] if spec.values.get("currency") in _SIGNS else _SIGNS.values()
    target = "bigint" if whole else "decimal(18, 4)"
    mark = re.escape(spec.decimal)
    group = re.escape(spec.thousands)
    digits = f"([0-9]{{1,3}}({group}[0-9]{{3}})+|[0-9]+)" if spec.thousands else "[0-9]+"
    fraction = "" if whole else f"({mark}[0-9]{{1,4}}0*)?"
    bare = f"regexp_replace(replace({text}, chr(160), ''), '\\s|{'|'.join(signs)}', '', 'g')"
    amount = f"regexp_extract({bare}, '^[(-]?({digits}{fraction})[)-]?$', 1)"
    number = (
        f"replace(replace({amount}, {_text(spec.thousands)}, ''), {_text(spec.decimal)}, '.')"
        if (spec.thousands)
        else f"replace({amount}, {_text(spec.decimal)}, '.')"
    )
    negative = f"({bare} like '(%)' or {bare} like '-%' or {bare} like '%-')"
    balanced = f"regexp_matches({bare}, '^(\\([^()-]*\\)|-[^()-]+|[^()-]+-?)$')"
    written = text if spec.decimal == "." else f"replace({text}, ',', '.')"
    plain = f"regexp_full_match({text}, '-?[0-9]+{'' if whole else f'({mark}[0-9]{{1,4}})?'}')"
    return (
        f"coalesce(case when {plain} then try_cast({written} as {target}) end, "
        f"case when {balanced} and {amount} <> '' then "
        f"case when {negative} then -1 else 1 end * try_cast({number} as {target}) end)"
    )


def _expressions(table: _Table, spec: FileSpec, time_zone: str) -> Iterator[tuple[str, str, str, str | None]]:
    """Per entity column: its name, the typed expression, the text it comes from, the file column (None: computed)."""
    for name, column in ENTITIES[spec.entity].items():
        kind = DUCKDB[column.kind]
        if name in spec.columns:
            source = spec.columns[name]
            yield name, _parsed(_name(source), column, table.types[source], spec, time_zone), _name(source), source
        elif name in spec.computed:
            expression = f"({spec.computed[name]})"
            value = f"round({expression}, 4)" if column.kind == "decimal" else expression
            if column.kind == "timestamp":
                value = f"timezone({_text(time_zone)}, try_cast({expression} as timestamp))"
            yield name, f"try_cast({value} as {kind})", expression, None
        elif name in spec.values or column.default is not None:
            given = spec.values.get(name, column.default)
            yield name, f"cast({_text(given or '')} as {kind})", _text(given or ""), None
        else:
            yield name, f"cast(null as {kind})", "null", None


def _convert(table: _Table, shown: str, spec: FileSpec, work: Path, time_zone: str) -> Read:
    entity = ENTITIES[spec.entity]
    target = work / f"{hashlib.sha256(f'{spec.name}|{shown}'.encode()).hexdigest()[:24]}.parquet"
    first = _name(next(iter(table.types)))
    is_total = (
        f"starts_with(lower(trim({first})), {_text((spec.totals_row or '').casefold())})"
        if spec.totals_row
        else "false"
    )
    cells_in_order = f"select * from read_parquet({_text(table.parquet)}, {_ROW} = true)"
    line = f"{_ROW} + {table.first_line}"
    if table.has_line_breaks:
        breaks = " + ".join(f"length({_name(c)}) - length(replace({_name(c)}, chr(10), ''))" for c in table.types)
        line += f"""
            + coalesce(sum(coalesce({breaks}, 0)) over (
                order by {_ROW} rows between unbounded preceding and 1 preceding
            ), 0)
        """
    numbered = f"select * exclude ({_ROW}), cast({line} as bigint) as {_LINE} from ({cells_in_order})"
    cells = [
        f"nullif(trim({_name(name)}), '') as {_name(name)}" if kind == "VARCHAR" else _name(name)
        for name, kind in table.types.items()
    ]
    rows = f"select {', '.join(cells)}, {_LINE} from ({numbered}) where not coalesce({is_total}, false)"
    parts = list(_expressions(table, spec, time_zone))
    checked = [f"{_guarded(expression, text, entity[name])} as {_name(name)}" for name, expression, text, _ in parts]
    key = (
        " || '|' || ".join(
            f"coalesce({_name(name) if entity[name].kind == 'text' else f'cast({_name(name)} as varchar)'}, '')"
            for name in spec.key
        )
        if spec.key
        else f"{_text(shown + '|')} || cast({_LINE} as varchar)"
    )
    select = f"""
        select {", ".join(map(_name, entity))}, {_text(spec.name)} as source_name, {_text(shown)} as file_name,
            {_LINE} as file_line, {key} as _key
        from (select {", ".join(checked)}, {_LINE} from ({rows}))
    """
    with duckdb.connect() as connection:
        connection.execute(f"set TimeZone = {_text(time_zone)}")
        _lock(connection, table, work)
        try:
            connection.execute(f"copy ({select}) to {_text(target)} (format parquet, compression uncompressed)")
        except duckdb.OutOfMemoryException:
            raise  # no cell is to blame
        except duckdb.Error as error:
            raise _explain(error, connection, rows, parts, shown, spec) from error
        count, twice = _fetch(
            connection, f"select count(*), count(*) - count(distinct _key) from read_parquet({_text(target)})"
        )
        column, total = _control_total(connection, numbered, is_total, target, shown, spec, time_zone, table)
    warnings = (
        (f"{shown}: {twice} rows have the key of another row in the same file; the last one counts.",)
        if spec.key and twice
        else ()
    )
    return Read(target, count, column, total, warnings)


def _lock(connection: duckdb.DuckDBPyConnection, table: _Table, work: Path) -> None:
    """A computed expression may calculate, and nothing else: no other files, no settings, no network."""
    folders = [str(work.resolve()), str(work), str(table.parquet.parent)]
    listed = ", ".join(_text(folder) for folder in dict.fromkeys(folders))
    connection.execute(f"set allowed_directories = [{listed}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _guarded(expression: str, text: str, column: Column) -> str:
    """The expression; the query stops on a cell that is filled but unreadable, or required but empty."""
    stop = f"cast(error({_text(_BAD_CELL)}) as {DUCKDB[column.kind]})"
    if column.required:
        return f"coalesce({expression}, {stop})"
    if column.kind == "text" or text == "null":
        return expression
    return f"coalesce({expression}, case when {text} is not null then {stop} end)"


def _fetch(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _explain(
    error: duckdb.Error,
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    parts: list[tuple[str, str, str, str | None]],
    shown: str,
    spec: FileSpec,
) -> SourceError:
    message = str(error)
    # Other errors may quote the query, and so the words it stops with.
    if isinstance(error, duckdb.InvalidInputException) and _BAD_CELL in message:
        return _bad_cells(connection, rows, parts, shown, spec)
    return _not_worked_out(error, shown, spec)


def _not_worked_out(error: duckdb.Error, shown: str, spec: FileSpec) -> SourceError:
    reason = str(error).splitlines()[0].split(": ", 1)[-1]
    return SourceError(
        f"a computed column of [[files]] {spec.name} can't be worked out: {reason}",
        file=shown,
        advice="Correct the expression under computed in company.toml.",
    )


def _bad_cells(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    parts: list[tuple[str, str, str, str | None]],
    shown: str,
    spec: FileSpec,
) -> SourceError:
    """Look up the first cells that can't be read: of the file, else of what is computed from it."""
    try:
        found = _searched(connection, rows, [part for part in parts if part[3] is not None], spec)
        found = found or _searched(connection, rows, [part for part in parts if part[3] is None], spec)
    except duckdb.Error as error:
        return _not_worked_out(error, shown, spec)
    line, column, cell, kind = found[0]
    more = "".join(f" Also line {other[0]}, column {other[1]}: {other[2]!r}." for other in found[1:])
    return SourceError(
        ("this cell is empty and must have a value." if cell is None else f"this is not a {kind} as declared.") + more,
        file=shown,
        line=line,
        column=column,
        value=cell,
        advice=f"Correct the file, or the notation in [[files]] {spec.name} of company.toml.",
    )


def _searched(
    connection: duckdb.DuckDBPyConnection, rows: str, parts: list[tuple[str, str, str, str | None]], spec: FileSpec
) -> list[tuple]:
    entity = ENTITIES[spec.entity]
    searches = [
        f"""
        select {_LINE} as file_line, {_text(source or f"computed {name}")} as file_column,
            cast({text} as varchar) as cell,
            {_text(entity[name].kind)} as kind
        from ({rows})
        where ({expression}) is null and ({text} is not null or {str(entity[name].required).lower()})
        """
        for name, expression, text, source in parts
        if text != "null" and (entity[name].required or entity[name].kind != "text")
    ]
    if not searches:
        return []
    return connection.execute(
        f"select * from ({' union all '.join(searches)}) order by file_line limit {SHOWN_CELLS}"
    ).fetchall()


def _control_total(
    connection: duckdb.DuckDBPyConnection,
    numbered: str,
    is_total: str,
    target: Path,
    shown: str,
    spec: FileSpec,
    time_zone: str,
    table: _Table,
) -> tuple[str | None, Decimal | None]:
    """Compare the sums of the loaded rows with the file's own totals row. The first compared column is returned."""
    numeric = [
        name
        for name in spec.columns
        if ENTITIES[spec.entity][name].kind == "decimal" and table.types[spec.columns[name]] == "VARCHAR"
    ]
    if not spec.totals_row or not numeric:
        return None, None
    compared: tuple[str | None, Decimal | None] = (None, None)
    for name in numeric:
        text = f"nullif(trim({_name(spec.columns[name])}), '')"
        parsed = _parsed(text, ENTITIES[spec.entity][name], "VARCHAR", spec, time_zone)
        line, cell, stated, summed = _fetch(
            connection,
            f"""
            select max({_LINE}), any_value({text}), sum({parsed}),
                (select coalesce(sum({_name(name)}), 0) from read_parquet({_text(target)}))
            from ({numbered}) where {is_total} and {text} is not null
            """,
        )
        if cell is None:
            continue
        if stated is None or stated != summed:
            raise SourceError(
                f"the totals row says {cell}, but the rows above add up to {summed:,.2f}.",
                file=shown,
                line=line,
                column=spec.columns[name],
                advice="Rows are missing or changed; export the file again.",
            )
        if compared[0] is None:
            compared = (name, stated)
    return compared
