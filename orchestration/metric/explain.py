"""From a released value down to the source rows it is made of, by following the SQL of the models.

Each step takes the definition of a table, puts the expressions of its columns in the place of their names, and asks
DuckDB for the rows below with what each of them adds. Nothing is assumed about a metric: a step counts only when what
its rows add comes to the same total, and where it does not (a median, a distinct count, a running balance) the walk
stops and says so. A product or quotient of numbers of several tables is no sum: each number is followed by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb
from sqlglot import Expr, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from ingestion import quoting
from orchestration import release, values
from orchestration.metric.compiler import lineage
from orchestration.paths import Paths

_PERSONAL = re.compile(r"customer|person|donor|employee|respondent|email|phone|description|_key$|^_dlt")
_ADDS = "adds__"
_CONSTANT = "constant__"
_ABOVE = "above__"
_TOLERANCE = Decimal("0.005")


@dataclass(frozen=True)
class Step:
    """A table on the way down: how many of its rows count, what they add together, and the largest of them.

    `covered` is what the rows in `largest` add; `is_source` when nothing lies below it. `factor` names the number the
    rows add up to, where it is multiplied or divided with others.
    """

    table: str
    factor: str | None
    is_source: bool
    rows: int
    total: Decimal
    covered: Decimal
    largest: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Side:
    """Numerator or denominator: its value, the steps down, and where and why the walk stopped before the sources.

    `products` says where numbers are multiplied or divided and followed each by itself.
    """

    name: str
    value: Decimal
    steps: tuple[Step, ...]
    stops: tuple[str, ...]
    products: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """A released value and what it is made of."""

    value: dict[str, Any]
    label: str
    definition: str
    formula: str
    decimals: int
    sides: tuple[Side, ...]


def explain(
    paths: Paths,
    metric: str,
    period: str,
    *,
    grain: str | None = None,
    scope: str = "total",
    version: int | None = None,
    rows: int = 5,
) -> Explanation:
    """Walks from one released value to its source rows; `rows` are shown of each table.

    Raises KerncijfersError as `kerncijfers value` does, and when the value is missing, with its reason.
    """
    folder = values.current(paths)
    with values.opened(folder) as database:
        registered = values.resolve(database, metric, version)
    grain = grain or _grain_of(period, registered["report_grain"])
    found = values.released_value(paths, metric, grain=grain, period=period, version=registered["version"], scope=scope)
    sides: list[Side] = []
    warehouse = release.private_warehouse(paths)
    if found["numerator"] is not None and warehouse is not None:
        models = lineage(registered["metric"], registered["version"])
        with duckdb.connect() as database:
            # Views in the warehouse know it by this name.
            database.execute(f"attach {quoting.text(warehouse)} as warehouse (read_only)")
            database.execute("use warehouse")
            for name in ("numerator", "denominator"):
                if name == "numerator" or Decimal(found[name]) != 1:
                    walk = _Walk(database, models, rows)
                    metric_table = f"metrics.metric_{registered['metric']}_v{registered['version']}"
                    at = {"period_grain": grain, "period": period, "scope": scope}
                    sides.append(walk.side(name, Decimal(found[name]), metric_table, at))
    return Explanation(
        value=found,
        label=registered["label_en"],
        definition=registered["definition_en"],
        formula=registered["formula_en"],
        decimals=registered["decimals"],
        sides=tuple(sides),
    )


def _grain_of(period: str, usual: str) -> str:
    """The grain a period is written in; a month is the month itself unless the report shows twelve months."""
    if period == "all":
        return "all"
    if "Q" in period.upper():
        return "quarter"
    return usual if re.fullmatch(r"\d{4}-\d{2}", period) else "year"


class _StopError(Exception):
    """The walk can't go on from here; says why, in words."""


@dataclass(frozen=True)
class _Rows:
    """The rows of a relation that count, in a temporary table, and what each adds in terms of its columns.

    `factor` is the column they add up to when that is one of several numbers that are multiplied or divided.
    """

    relation: str
    table: str
    adds: Expr
    factor: str | None = None


class _ProductError(_StopError):
    """No row adds to a product or quotient, but each of its numbers can be followed."""

    def __init__(self, words: str, factors: list[tuple[_Rows, Decimal]]) -> None:
        super().__init__(words)
        self.factors = factors


@dataclass
class _Walk:
    """Follows one side of the quotient down. `models` has the compiled select of every model, by schema and name."""

    database: duckdb.DuckDBPyConnection
    models: Mapping[str, str]
    shown: int
    steps: list[Step] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    made: int = 0

    def side(self, name: str, total: Decimal, metric: str, at: Mapping[str, str]) -> Side:
        """The steps from the row of the metric, which `at` names, to its source rows."""
        chosen = " and ".join(f"{column} = ${column}" for column in at)
        table = self._make(f"select *, {name} as {_ADDS} from {metric} where {chosen}", at)
        self._down(_Rows(metric, table, exp.column(name)), total)
        stops, products = (tuple(dict.fromkeys(said)) for said in (self.stops, self.products))
        return Side(name, total, tuple(self.steps), stops, products)

    def _down(self, rows: _Rows, total: Decimal) -> None:
        if rows.relation not in self.models:
            return
        try:
            below = self._through_model(rows, total)
        except _StopError as stop:
            self.stops.append(str(stop))
            return
        except (SqlglotError, duckdb.Error) as error:
            said = str(error).splitlines()[0]
            self.stops.append(f"The SQL of {rows.relation} is more than this command can follow: {said}")
            return
        for found, part in below:
            self.steps.append(self._step(found, part))
            self._down(found, part)

    def _through_model(self, rows: _Rows, total: Decimal) -> list[tuple[_Rows, Decimal]]:
        """One model down, through its named steps, to the tables it takes its rows from."""
        query: Any = qualify(
            parse_one(self.models[rows.relation], dialect="duckdb"),
            dialect="duckdb",
            schema=self._schema,
            quote_identifiers=False,
            validate_qualify_columns=False,
        )
        named = {cte.alias: cte.this for cte in query.find_all(exp.CTE)}
        first = query.copy()
        _without(first, "with", "with_")
        open_ends, reached = [(rows, first, total)], []
        while open_ends:
            here, definition, amount = open_ends.pop(0)
            try:
                below = self._through_select(here, definition, amount, named, rows.relation)
            except _ProductError as product:
                self.products.append(str(product))
                below = product.factors
            for found, part in [(replace(one, factor=one.factor or here.factor), part) for one, part in below]:
                if found.relation in named:
                    open_ends.append((found, named[found.relation], part))
                else:
                    reached.append((found, part))
        return reached

    def _through_select(
        self, rows: _Rows, definition: Expr, total: Decimal, named: dict[str, Any], relation: str
    ) -> list[tuple[_Rows, Decimal]]:
        """From the rows of a select, or of selects below one another, to the rows they are made from."""
        if total == 0:
            raise _StopError(f"it is zero in {relation}.")
        for apart in (True, False):
            try:
                found = [
                    below
                    for select in _branches(definition)
                    for below in self._from(select, rows, named, relation, apart)
                ]
            except duckdb.ConversionException:  # a quotient with one of its tables taken away
                continue
            sums = [(below, self._total(below.table)) for below in found]
            parts = [(below, part) for below, part in sums if part is not None]
            if parts and abs(sum((part for _, part in parts), Decimal(0)) - total) <= _TOLERANCE:
                return parts
        raise _StopError(
            f"{relation} does not add rows up to this number: it counts again, or takes it in another way."
        )

    def _from(self, select: exp.Select, rows: _Rows, named: dict[str, Any], relation: str, apart: bool) -> list[_Rows]:
        """The rows below one select. When amounts of several tables add up, `apart` follows each by itself."""
        columns = {one.alias_or_name: one.unalias() for one in select.selects}
        group = select.args.get("group")
        adds = rows.adds.transform(lambda node: _put(node, columns, group is not None))
        if adds.find(exp.Window):
            raise _StopError(f"{relation} has a running total or a rank here, to which no single row adds.")
        if group is not None or adds.find(exp.AggFunc):
            adds = _per_row(adds, relation)
        inputs = _inputs(select, named, relation)
        keys = {
            name: content
            for name, content in columns.items()
            if (group is None or content in group.expressions)
            and not content.find(exp.AggFunc, exp.Window, exp.Subquery)
        }
        held = [column.name for column in adds.find_all(exp.Column) if column.table == _ABOVE]
        kept = ", ".join(dict.fromkeys([*keys, *held])) or "1 as one"
        on = " and ".join(f"{_ABOVE}.{name} is not distinct from ({_sql(key)})" for name, key in keys.items())
        joined = select.copy()
        _without(joined, "group", "having", "order", "limit", "distinct", "qualify", "with", "with_")
        joined.set("expressions", [])
        above = f"(select distinct {kept} from {rows.table}) as {_ABOVE}"
        joined = joined.join(above, on=on or "true", dialect="duckdb")
        steps = ", ".join(f"{name} as ({_sql(step)})" for name, step in named.items())
        with_steps = f"with {steps} " if steps else ""
        if group is None and _multiplies(adds, list(inputs)):
            raise _ProductError(
                f"{relation} multiplies or divides numbers of several tables: each is followed by itself.",
                self._factors(adds, inputs, joined, with_steps),
            )
        amounts = _amounts(adds, list(inputs))
        mains = amounts if apart and amounts else [self._main(adds, list(inputs), joined, with_steps)]
        found = []
        for alias in mains:
            part = adds.transform(lambda node, alias=alias: _only(node, alias, mains)) if len(mains) > 1 else adds
            others = dict.fromkeys(column for column in part.find_all(exp.Column) if column.table != alias)
            constants = {column: f"{_CONSTANT}{self.made}_{number}" for number, column in enumerate(others)}
            made = joined.select(
                f"{alias}.*",
                *(f"{_sql(column)} as {name}" for column, name in constants.items()),
                f"{_sql(part)} as {_ADDS}",
                dialect="duckdb",
            )
            table = self._make(f"{with_steps}select * from ({_sql(made)}) where {_ADDS} <> 0")
            lifted = part.transform(lambda node, constants=constants: _lifted(node, constants))
            found.append(_Rows(inputs[alias], table, lifted))
        return found

    def _factors(
        self, adds: Expr, inputs: Mapping[str, str], joined: exp.Select, with_steps: str
    ) -> list[tuple[_Rows, Decimal]]:
        """The rows behind each number of a product or quotient, and what they come to."""
        found = []
        for column in dict.fromkeys(column for column in adds.find_all(exp.Column) if column.table in inputs):
            made = joined.select(f"{column.table}.*", f"{_sql(column)} as {_ADDS}", dialect="duckdb")
            table = self._make(f"{with_steps}{_sql(made)}")
            total = self._total(table)
            if total is not None:
                found.append((_Rows(inputs[column.table], table, exp.column(column.name), column.name), total))
        return found

    def _main(self, adds: Expr, aliases: list[str], joined: exp.Select, with_steps: str) -> str:
        """The input whose rows add: the one the amount is taken from; for a count, the one with the most rows."""
        fit = _amounts(adds, aliases) or aliases
        if len(fit) == 1:
            return fit[0]
        counted = joined.select(*(f"count(distinct {alias})" for alias in fit), dialect="duckdb")
        [counts] = self.database.execute(f"{with_steps}{_sql(counted)}").fetchall()
        return max(zip(counts, fit, strict=True))[1]

    def _step(self, rows: _Rows, total: Decimal) -> Step:
        names = [
            name
            for (name, *_) in self.database.execute(f"describe {rows.table}").fetchall()
            if not name.startswith((_CONSTANT, _ADDS)) and not _PERSONAL.search(name)
        ]
        chosen = ", ".join(f'"{name}"' for name in names)
        largest = values.rows_of(
            self.database,
            f"select {chosen}, {_ADDS} as adds from {rows.table} "
            f"order by abs({_ADDS}) desc, {chosen} limit {self.shown}",
            {},
        )
        [(count,)] = self.database.execute(f"select count(*) from {rows.table}").fetchall()
        covered = sum((Decimal(str(row["adds"])) for row in largest), Decimal(0))
        is_source = rows.relation not in self.models
        return Step(rows.relation, rows.factor, is_source, count, total, covered, tuple(largest))

    def _make(self, sql: str, parameters: Mapping[str, str] | None = None) -> str:
        self.made += 1
        self.database.execute(f"create or replace temp table rows_{self.made} as {sql}", parameters or {})
        return f"temp.rows_{self.made}"

    def _total(self, table: str) -> Decimal | None:
        query = f"select try_cast(sum({_ADDS}) as decimal(38, 6)) from {table}"
        [(total,)] = self.database.execute(query).fetchall()
        return total

    @cached_property
    def _schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for schema, table, column, kind in self.database.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() "
            "where database_name = 'warehouse'"
        ).fetchall():
            found.setdefault("warehouse", {}).setdefault(schema, {}).setdefault(table, {})[column] = kind
        return found


def _branches(definition: Expr) -> Iterator[exp.Select]:
    """The selects of a union, or the select itself."""
    if isinstance(definition, exp.SetOperation):
        yield from _branches(definition.left)
        yield from _branches(definition.right)
    elif isinstance(definition, exp.Subquery):
        yield from _branches(definition.this)
    elif isinstance(definition, exp.Select):
        yield definition


def _put(node: Expr, columns: Mapping[str, Expr], is_grouped: bool) -> Expr:
    """What a column of a select stands for. What the rows above know already, and no row below adds to, is theirs."""
    if not isinstance(node, exp.Column) or node.table:
        return node
    content = columns.get(node.name)
    if content is None or (not is_grouped and content.find(exp.Window) and _decides(node)):
        return exp.column(node.name, table=_ABOVE)
    return exp.paren(content.copy())


def _per_row(adds: Expr, relation: str) -> Expr:
    """What one row adds to a sum or a count. Raises _StopError for every other aggregate."""

    if any(part.left.find(exp.AggFunc) and part.right.find(exp.AggFunc) for part in adds.find_all(exp.Mul, exp.Div)):
        raise _StopError(f"{relation} multiplies or divides sums here, to which no single row adds.")

    def one(node: Expr) -> Expr:
        if isinstance(node, exp.Cast) and node.find(exp.AggFunc):
            return one(node.this) if isinstance(node.this, exp.AggFunc) else node.this.transform(one)
        if not isinstance(node, exp.AggFunc):
            return node
        if isinstance(node, exp.Sum | exp.Count) and not node.find(exp.Distinct):
            if isinstance(node, exp.Sum):
                return exp.paren(node.this.copy())
            if isinstance(node.this, exp.Star):
                return exp.Literal.number(1)
            return parse_one(f"case when {_sql(node.this)} is not null then 1 else 0 end", dialect="duckdb")
        raise _StopError(f"{relation} takes {_sql(node)} here, to which rows do not add up.")

    return adds.transform(one)


def _inputs(select: exp.Select, named: dict[str, Any], relation: str) -> dict[str, str]:
    """What a select reads: the relation behind each alias. A select in brackets becomes a named step."""
    source = select.args.get("from_") or select.args.get("from")
    if source is None:
        raise _StopError(f"{relation} makes its own rows here.")
    found: dict[str, str] = {}
    for part in (source.this, *(join.this for join in select.args.get("joins") or [])):
        if isinstance(part, exp.Subquery):
            named[part.alias] = part.this
            found[part.alias] = part.alias
        elif isinstance(part, exp.Table):
            found[part.alias_or_name] = f"{part.db}.{part.name}" if part.db else part.name
    return found


def _amounts(adds: Expr, aliases: list[str]) -> list[str]:
    """The inputs an amount is taken from; not those that only decide whether it counts."""
    taken = {column.table for column in adds.find_all(exp.Column) if not _decides(column)}
    return [alias for alias in aliases if alias in taken]


def _multiplies(adds: Expr, aliases: list[str]) -> bool:
    """True for a product or quotient of numbers of different inputs."""
    for part in adds.find_all(exp.Mul, exp.Div):
        left, right = (_amounts(side, aliases) for side in (part.left, part.right))
        if left and right and len({*left, *right}) > 1:
            return True
    return False


def _only(node: Expr, alias: str, mains: list[str]) -> Expr:
    """Without the amounts of the other tables."""
    if isinstance(node, exp.Column) and node.table in mains and node.table != alias and not _decides(node):
        return exp.Literal.number(0)
    return node


def _decides(column: Expr) -> bool:
    """True for a column that only decides whether an amount counts: it stands in the condition of a case."""
    node: Expr = column
    while node.parent is not None:
        if isinstance(node.parent, exp.If) and node.parent.this is node:
            return True
        node = node.parent
    return False


def _lifted(node: Expr, constants: Mapping[Expr, str]) -> Expr:
    """In terms of the columns of the rows that were kept."""
    if not isinstance(node, exp.Column):
        return node
    return exp.column(constants.get(node, node.name))


def _without(query: Expr, *clauses: str) -> None:
    for clause in clauses:
        if query.args.get(clause) is not None:
            query.set(clause, None)


def _sql(expression: Expr) -> str:
    return expression.sql(dialect="duckdb")
