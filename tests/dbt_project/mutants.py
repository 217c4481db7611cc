"""Small faults put into a model's SQL, one at a time, to see whether its unit tests notice.

A mutant changes one thing a person could get wrong: a sign, a filter, a join, a column, an aggregate, a default, a
literal, an order. What DuckDB refuses to bind is no mutant: it would never be built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import sqlglot
from rich.console import Console
from rich.table import Table
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from tests.dbt_project.unit_tests import Bench, UnitTest

OPERATORS: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.Add: (exp.Sub,),
    exp.Sub: (exp.Add,),
    exp.Mul: (exp.Div,),
    exp.Div: (exp.Mul,),
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LT),
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GT),
    exp.And: (exp.Or,),
    exp.Or: (exp.And,),
    exp.Sum: (exp.Max, exp.Min),
    exp.Max: (exp.Min,),
    exp.Min: (exp.Max,),
    exp.Avg: (exp.Sum,),
    exp.Greatest: (exp.Least,),
    exp.Least: (exp.Greatest,),
    exp.Lag: (exp.Lead,),
    exp.Lead: (exp.Lag,),
}
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "HUGEINT")


@dataclass(frozen=True)
class Mutant:
    """One fault: what was changed, and the SQL that holds it."""

    fault: str
    sql: str


def mutants(test: UnitTest, bench: Bench) -> list[Mutant]:
    """Every fault we know in the SQL of one model, each once and each of them SQL that DuckDB accepts."""
    query = sqlglot.parse_one(test.sql, dialect="duckdb")
    assert isinstance(query, exp.Query)
    kinds = kinds_of_columns(query, test, bench)
    found: dict[str, Mutant] = {}
    for fault in faults(query, kinds):
        sql = query.sql(dialect="duckdb")
        if sql != test.sql and sql not in found and binds(sql, test, bench):
            found[sql] = Mutant(fault, sql)
    return list(found.values())


def binds(sql: str, test: UnitTest, bench: Bench) -> bool:
    """Whether DuckDB accepts an SQL on the tables of a test."""
    bench.enter(test)
    try:
        bench.connection.execute(f"explain {sql}")
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException):
        return False
    except duckdb.Error:
        return True  # folded and failed at once: a query that fails for its rows
    return True


def faults(query: exp.Query, kinds: dict[str, dict[str, str]]) -> Iterator[str]:
    """Put one fault after another in `query`, name it, and take it out again."""
    for node in list(query.walk()):
        if isinstance(node, exp.DataType) or node.find_ancestor(exp.DataType):
            continue
        for make in (operators, negations, literals, conditions, joins, calls, cases, lists, windows, unions):
            yield from make(node)
    for scope in traverse_scope(query):
        yield from columns(scope, kinds)
    yield from outputs(query)


def replaced(node: exp.Expr, other: exp.Expr, fault: str) -> Iterator[str]:
    """The query with `other` in the place of `node`, for as long as the caller looks at it."""
    node.replace(other)
    yield fault
    other.replace(node)


def short(node: exp.Expr) -> str:
    text = " ".join(node.sql(dialect="duckdb", comments=False).split())
    return text if len(text) < 70 else f"{text[:67]}..."


def operators(node: exp.Expr) -> Iterator[str]:
    for other in OPERATORS.get(type(node), ()):
        mutant = other(
            **{key: node.copy().args[key] for key in node.args if key in {"this", "expression", "expressions"}}
        )
        yield from replaced(node, mutant, f"{short(node)} became {short(mutant)}")
    if isinstance(node, exp.Sub | exp.Div):
        mutant = type(node)(this=node.expression.copy(), expression=node.this.copy())
        yield from replaced(node, mutant, f"{short(node)} turned round")


def negations(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Neg | exp.Not | exp.Abs):
        yield from replaced(node, node.this.copy(), f"{short(node)} without {type(node).__name__.lower()}")
    if isinstance(node, exp.Sum):
        yield from replaced(node, exp.Neg(this=node.copy()), f"{short(node)} with the other sign")


def literals(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Literal):
        other = exp.Literal.string(f"not {node.this}") if node.is_string else exp.Literal.number(float(node.this) + 1)
        if not node.is_string and node.is_int:
            other = exp.Literal.number(int(node.this) + 1)
        yield from replaced(node, other, f"{short(node)} became {short(other)} in {short(node.parent or node)}")
    if isinstance(node, exp.Boolean):
        other = exp.Boolean(this=not node.this)
        yield from replaced(node, other, f"{short(node)} became {short(other)}")


def conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    """The parts of a condition that `and` binds."""
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def conditions(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node, exp.Where | exp.Having | exp.Qualify | exp.Filter):
        return
    condition = node.expression.this if isinstance(node, exp.Filter) else node.this
    for part in conjuncts(condition):
        yield from replaced(part, exp.true(), f"without the filter {short(part)}")
        yield from replaced(part, exp.not_(part.copy()), f"the filter {short(part)} negated")


def joins(node: exp.Expr) -> Iterator[str]:
    if not isinstance(node, exp.Join) or node.args.get("on") is None:
        return
    side, kind = node.side, node.kind
    for other in {"": ("LEFT", "RIGHT"), "LEFT": ("", "FULL"), "RIGHT": ("", "FULL"), "FULL": ("LEFT", "RIGHT")}[side]:
        if lets_nulls_through(node, other):
            node.set("side", other or None)
            node.set("kind", None if other else "INNER")
            yield f"{side or 'inner'} join {node.alias_or_name} became {other or 'inner'}"
            node.set("side", side or None)
            node.set("kind", kind or None)
    for part in conjuncts(node.args["on"].unnest()):
        yield from replaced(part, exp.true(), f"join {node.alias_or_name} without {short(part)}")


def lets_nulls_through(join: exp.Join, side: str) -> bool:
    """Whether the rows another side of a join would add can reach the outcome.

    They can't where a comparison further on needs a column they have no value for: such a mutant is the same query.
    """
    select = join.find_ancestor(exp.Select)
    if side == "" or select is None:
        return True
    joins_: list[exp.Join] = select.args["joins"]
    place = next(place for place, other in enumerate(joins_) if other is join)
    before = [select.args["from_"].this, *joins_[:place]]
    empty = {join.alias_or_name} if side == "LEFT" else {other.alias_or_name for other in before}
    later = [other.args["on"] for other in joins_[place + 1 :] if not other.side and other.args.get("on")]
    where = select.args.get("where")
    tests = [part for on in [*later, *([where.this] if where else [])] for part in conjuncts(on.unnest())]
    return not any(
        isinstance(part, COMPARISONS) and empty & {column.table for column in part.find_all(exp.Column)}
        for part in tests
    )


def calls(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Coalesce):
        yield from replaced(node, node.this.copy(), f"{short(node)} without its default")
    if isinstance(node, exp.Nullif):
        yield from replaced(node, node.this.copy(), f"{short(node)} without nullif")
    if isinstance(node, exp.Count):
        if isinstance(node.this, exp.Distinct):
            other = exp.Count(this=node.this.expressions[0].copy())
        elif isinstance(node.this, exp.Star) or node.this is None:
            return
        else:
            other = exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))
        yield from replaced(node, other, f"{short(node)} became {short(other)}")
    if isinstance(node, exp.Select) and node.args.get("distinct"):
        distinct = node.args["distinct"]
        node.set("distinct", None)
        yield "select without distinct"
        node.set("distinct", distinct)


def cases(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Case):
        for branch in node.args["ifs"]:
            condition = branch.this
            yield from replaced(condition, exp.not_(exp.paren(condition.copy())), f"when {short(condition)} negated")


def lists(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.In) and len(node.expressions) > 1:
        for item in list(node.expressions):
            rest = [other.copy() for other in node.expressions if other is not item]
            other = exp.In(this=node.this.copy(), expressions=rest)
            yield from replaced(node, other, f"{short(node)} without {short(item)}")
    if isinstance(node, exp.In | exp.Is):
        yield from replaced(node, exp.not_(node.copy()), f"{short(node)} negated")


def windows(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Window):
        for part in list(node.args.get("partition_by") or []):
            everything = node.args["partition_by"]
            node.set("partition_by", [other for other in everything if other is not part])
            yield f"{short(node)}: not per {short(part)}"
            node.set("partition_by", everything)
        spec = node.args.get("spec")
        if spec is not None:
            node.set("spec", None)
            yield f"{short(node)}: without its frame"
            node.set("spec", spec)
    if isinstance(node, exp.Ordered):
        node.set("desc", not node.args.get("desc"))
        yield f"the other order of {short(node.this)}"
        node.set("desc", not node.args.get("desc"))


def unions(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Union):
        for side in (node.left, node.right):
            yield from replaced(node, side.copy(), f"only one side of the union: {short(side)}")


def is_number(kind: str) -> bool:
    return any(word in kind.upper() for word in NUMBERS)


def alike(one: str, other: str) -> bool:
    """Whether a person could take one column for another: both numbers, or of one type."""
    return (is_number(one) and is_number(other)) or one.partition("(")[0] == other.partition("(")[0]


def columns(scope: Scope, kinds: dict[str, dict[str, str]]) -> Iterator[str]:
    """A column replaced by its neighbour of the same kind."""
    for column in list(scope.columns):
        source = column.table or (next(iter(scope.sources)) if len(scope.sources) == 1 else "")
        if source not in scope.sources:
            continue
        read = scope.sources[source]
        relation = read.name if isinstance(read, exp.Table) else cte_name(read)
        neighbours = kinds.get(relation, {})
        kind = neighbours.get(column.name)
        if kind is None:
            continue
        same = {column.name} | (equal_columns(read, column.name) if isinstance(read, Scope) else set())
        for name, other_kind in neighbours.items():
            if name not in same and alike(kind, other_kind):
                other = exp.column(name, table=column.table or None)
                if isinstance(column.parent, exp.Select):
                    replacement: exp.Expr = exp.alias_(other, column.name)
                else:
                    replacement = other
                yield from replaced(
                    column, replacement, f"{short(column)} became {name} in {short(column.parent or column)}"
                )


def equal_columns(scope: Scope, name: str) -> set[str]:
    """The columns a step keeps only where they equal this one: reading one for the other is the same query."""
    where = scope.expression.args.get("where")
    equal = set()
    for part in conjuncts(where.this) if where else []:
        names = {side.name for side in (part.this, part.args.get("expression")) if isinstance(side, exp.Column)}
        if isinstance(part, exp.EQ) and len(names) == 2 and name in names:
            equal |= names
    return equal


def cte_name(scope: Scope) -> str:
    parent = scope.expression.parent
    return parent.alias if isinstance(parent, exp.CTE) else ""


def outputs(query: exp.Query) -> Iterator[str]:
    """Numerator and denominator swapped, and each with the other sign."""
    named = {item.alias: item.this for item in query.selects if isinstance(item, exp.Alias)}
    numerator, denominator = named.get("numerator"), named.get("denominator")
    if numerator is None or denominator is None:
        return
    first, second = numerator.copy(), denominator.copy()
    numerator.replace(second)
    denominator.replace(first)
    yield "numerator and denominator swapped"
    second.replace(numerator)
    first.replace(denominator)
    for name, node in (("numerator", numerator), ("denominator", denominator)):
        yield from replaced(node, exp.Neg(this=exp.paren(node.copy())), f"{name} with the other sign")


def kinds_of_columns(query: exp.Expr, test: UnitTest, bench: Bench) -> dict[str, dict[str, str]]:
    """The columns and types of every given table and every step of a query."""
    kinds = {table: described(f'select * from "{table}"', test, bench) for table in test.given}
    with_ = query.args.get("with_")
    for place, cte in enumerate(with_.expressions if with_ else []):
        steps = query.copy()
        steps.args["with_"].set("expressions", steps.args["with_"].expressions[: place + 1])
        clauses = steps.args["with_"].sql(dialect="duckdb")
        kinds[cte.alias] = described(f'{clauses} select * from "{cte.alias}"', test, bench)
    return kinds


def described(sql: str, test: UnitTest, bench: Bench) -> dict[str, str]:
    bench.enter(test)
    return {row[0]: row[1] for row in bench.connection.execute(f"describe {sql}").fetchall()}


def survivors(tests: list[UnitTest], bench: Bench, found: list[Mutant]) -> list[Mutant]:
    """The mutants of one model that none of its unit tests notices."""
    return [mutant for mutant in found if not any(killed(test, bench, mutant) for test in tests)]


def killed(test: UnitTest, bench: Bench, mutant: Mutant) -> bool:
    """Whether a unit test fails on a mutant."""
    try:
        return not bench.passes(test, mutant.sql)
    except duckdb.Error:
        return True


@dataclass(frozen=True)
class Verdict:
    """What the unit tests of one model are worth."""

    model: str
    mutants: int
    survivors: tuple[str, ...]
    """The faults nobody noticed."""


verdicts: list[Verdict] = []
"""Every model judged in this test session."""


def judge(tests: list[UnitTest], bench: Bench, *, prefix: str) -> list[Verdict]:
    """Put every fault in every model whose name begins so, and run that model's unit tests on each."""
    # A unit test that overrides a variable is compiled to another SQL: its faults are its own to notice.
    groups: dict[tuple[str, str], list[UnitTest]] = {}
    for test in tests:
        if test.model.startswith(prefix):
            groups.setdefault((test.model, test.sql), []).append(test)
    judged = []
    for (model, _), own in sorted(groups.items()):
        found = mutants(own[0], bench)
        judged.append(Verdict(model, len(found), tuple(mutant.fault for mutant in survivors(own, bench, found))))
    verdicts.extend(judged)
    return judged


def print_table(console: Console) -> None:
    """Each model: how many faults, how many were noticed, and which were not."""
    table = Table("model", "mutants", "killed", "survivors", title="Faults put in the SQL of every KPI")
    for verdict in verdicts:
        missed = "\n".join(verdict.survivors) or "none"
        table.add_row(verdict.model, str(verdict.mutants), str(verdict.mutants - len(verdict.survivors)), missed)
    console.print(table)
    total, missed = sum(verdict.mutants for verdict in verdicts), sum(len(verdict.survivors) for verdict in verdicts)
    console.print(f"{len(verdicts)} models, {total} mutants, {total - missed} killed, {missed} survivors")
