"""Writes the folder of a new metric: SQL and YAML, complete, with a worked case that has come out."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import duckdb
import yaml
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from ingestion import quoting
from orchestration import fingerprints, metrics_union, registry, release
from orchestration.errors import KerncijfersError, did_you_mean
from orchestration.paths import Paths

DOMAINS: tuple[str, ...] = get_args(registry.Meta.model_fields["domain"].annotation)
UNITS: tuple[str, ...] = get_args(registry.Meta.model_fields["unit"].annotation)
BETTER: tuple[str, ...] = get_args(registry.Meta.model_fields["better"].annotation)
PROFILES = registry.PROFILES
_BOUNDS = ("period_grain", "period", "period_start", "period_end")
_INHERITED = ("owner", "frequency", "sources", "profiles", "reconciles_to", "report_grain", "partial", "timing")
_CASE_BOUNDS = "period_grain: month, period: '2024-01', period_start: 2024-01-01, period_end: 2024-01-31"


@dataclass(frozen=True)
class Start:
    """Where a new metric begins: the mart it reads, the columns of that, and what its neighbours say of themselves."""

    mart: str
    columns: dict[str, str]
    defaults: dict[str, Any]

    @property
    def is_scoped(self) -> bool:
        """True when the mart has parts, such as channels."""
        return "scope" in self.columns

    @property
    def numbers(self) -> list[str]:
        """The columns that can be summed or divided."""
        return [name for name, kind in self.columns.items() if re.match(r"DECIMAL|BIGINT|INTEGER|DOUBLE|HUGEINT", kind)]


@dataclass(frozen=True)
class Case:
    """A worked case: columns of one row of the mart, and the numerator and denominator they must give."""

    inputs: dict[str, str]
    numerator: str
    denominator: str


@dataclass(frozen=True)
class Formula:
    """Three SQL expressions over the columns of the mart."""

    numerator: str
    denominator: str
    n: str


def start(paths: Paths, project: Path, name: str, domain: str, origin: str) -> Start:
    """Looks up the mart that is named, or that of the metric that is named.

    Raises KerncijfersError when the name is taken or no name, and with the nearest names when there is no such mart.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise KerncijfersError(
            f"{name!r} is no name for a metric. Use small letters, digits and underscores, such as orders_per_visitor."
        )
    if domain not in DOMAINS:
        raise KerncijfersError(f"There is no domain {domain!r}. Choose one of: {', '.join(DOMAINS)}.")
    metrics = [metric for file in registry.files(project) if (metric := registry.read(file)[0])]
    taken = {word: metric.name for metric in metrics for word in (metric.name, *metric.meta.aliases)}
    if name in taken:
        raise KerncijfersError(f"The name {name} is taken: it means {taken[name]}. A changed formula is a new version.")
    warehouse = release.private_warehouse(paths)
    if warehouse is None:
        raise KerncijfersError("There is no release to look up the marts in. Make one with `kerncijfers refresh`.")
    marts = _marts(warehouse)
    read = {metric.name: _refs(metric) for metric in metrics}
    asked = origin.removeprefix("metric_")
    if asked in taken:
        fit = [mart for mart in read[taken[asked]] if mart in marts]
        if len(fit) != 1:
            raise KerncijfersError(
                f"{origin} reads {', '.join(read[taken[asked]])}. Name the one mart a new metric reads with --from."
            )
        origin, near = fit[0], [metric for metric in metrics if metric.name == taken[asked]]
    else:
        near = [metric for metric in metrics if origin in read[metric.name]]
    if origin not in marts:
        raise KerncijfersError(
            f"There is no mart per period {origin!r}.{did_you_mean(origin, [*marts, *taken])} "
            f"Marts per period: {', '.join(sorted(marts))}."
        )
    metas = [metric.meta.model_dump(by_alias=True) for metric in near]
    defaults = {key: _most_common([meta[key] for meta in metas]) for key in _INHERITED if metas}
    defaults["sort"] = max(metric.meta.sort for metric in metrics) + 1 if metrics else 1
    return Start(origin, marts[origin], defaults)


def case(start: Start, text: str) -> Case:
    """Reads a worked case such as `order_count=3, visitor_count=150 -> 3 / 150`.

    Raises KerncijfersError that says how to write one.
    """
    found = re.fullmatch(r"(?P<inputs>.*?)\s*(?:->|=>)\s*(?P<top>[-\d.]+)\s*(?:/\s*(?P<bottom>[-\d.]+))?\s*", text)
    parts = [part.partition("=") for part in (found["inputs"] if found else "").split(",")]
    inputs = {column.strip(): number.strip() for column, _, number in parts}
    if found is None or not all(re.fullmatch(r"-?\d+(\.\d+)?", number) for number in inputs.values()):
        raise KerncijfersError(
            f"{text!r} is no worked case. Write the row and its outcome, such as "
            "`order_count=3, visitor_count=150 -> 3 / 150`; without a denominator for a sum."
        )
    if unknown := [column for column in inputs if column not in start.columns]:
        raise KerncijfersError(
            f"{start.mart} has no column {unknown[0]!r}.{did_you_mean(unknown[0], start.columns)} "
            f"Numbers: {', '.join(start.numbers)}."
        )
    return Case(inputs, found["top"], found["bottom"] or "1")


def write(project: Path, name: str, begin: Start, told: dict[str, Any], formula: Formula, case: Case) -> list[Path]:
    """Writes the folder and the unions, and returns the two files of the folder.

    Raises KerncijfersError when an expression names no column of the mart, when the worked case does not come out, or
    when what is told is not what the registry allows; then nothing is left behind.
    """
    for expression in (formula.numerator, formula.denominator, formula.n):
        _require_columns(begin, expression)
    top, bottom, n = _computed(case.inputs, formula)
    if (float(case.numerator), float(case.denominator)) != (top, bottom):
        raise KerncijfersError(
            f"The worked case does not come out: {formula.numerator} / {formula.denominator} is {top:g} / {bottom:g} "
            f"and the case says {case.numerator} / {case.denominator}. Change the formula or the case."
        )
    folder = project / registry.METRICS / told["domain"] / name
    sql, described = folder / f"metric_{name}_v1.sql", folder / f"metric_{name}.yml"
    code = _sql(begin, told, formula)
    folder.mkdir(parents=True)
    sql.write_text(code, encoding="utf-8")
    described.write_text(_yaml(name, begin, told, case, n, fingerprints.fingerprint(code)), encoding="utf-8")
    metric, problems = registry.read(described)
    if metric is None:
        shutil.rmtree(folder)
        raise KerncijfersError("\n".join(problem.message for problem in problems))
    metrics_union.write(project)
    return [sql, described]


def _marts(warehouse: Path) -> dict[str, dict[str, str]]:
    with duckdb.connect() as database:
        database.execute(f"attach {quoting.text(warehouse)} as warehouse (read_only)")
        rows = database.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where database_name = 'warehouse' and schema_name = 'marts' order by table_name, column_index"
        ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return {table: columns for table, columns in found.items() if table[:4] == "fct_" and {*_BOUNDS} <= columns.keys()}


def _most_common(answers: list[Any]) -> Any:
    return max(answers, key=answers.count)


def _refs(metric: registry.Metric) -> list[str]:
    file = metric.sql(metric.model.latest_version)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return list(dict.fromkeys(re.findall(r"ref\('(\w+)'\)", text)))


def _require_columns(begin: Start, expression: str) -> None:
    try:
        parsed = parse_one(expression, dialect="duckdb")
    except SqlglotError as error:
        raise KerncijfersError(f"{expression!r} is no SQL: {str(error).splitlines()[0]}") from None
    if parsed.find(exp.AggFunc, exp.Window, exp.Subquery, exp.Select):
        raise KerncijfersError(
            f"{expression!r} is more than arithmetic on one row of {begin.mart}. Give columns here, and write the rest "
            "in the SQL that comes out."
        )
    for column in parsed.find_all(exp.Column):
        if column.name not in begin.columns:
            raise KerncijfersError(
                f"{begin.mart} has no column {column.name!r}.{did_you_mean(column.name, begin.columns)} "
                f"Numbers: {', '.join(begin.numbers)}."
            )


def _computed(inputs: dict[str, str], formula: Formula) -> tuple[float, float, float]:
    row = ", ".join(f"cast({number} as decimal(28, 6)) as {column}" for column, number in inputs.items())
    try:
        with duckdb.connect() as database:
            query = f"select {formula.numerator}, {formula.denominator}, {formula.n} from (select {row})"
            [(top, bottom, n)] = database.execute(query).fetchall()
    except duckdb.Error as error:
        raise KerncijfersError(
            f"The worked case does not say enough: {str(error).splitlines()[0]} Name every column the formula uses."
        ) from None
    return float(top), float(bottom), float(n)


def _sql(begin: Start, told: dict[str, Any], formula: Formula) -> str:
    step = begin.mart.removeprefix("fct_").removesuffix("_by_period")
    ratio = formula.denominator != "1"
    grain = "one row per period and scope" if begin.is_scoped else "one row per period"
    parts = told["formula_en"].partition("/")
    named = f"Numerator: {parts[0].strip()}; denominator: {parts[2].strip()}"
    said = named if ratio and parts[2] else f"Numerator: {told['formula_en']}"
    adds = "Never average or sum the ratio." if ratio else "Not additive over grains."
    return (
        f"-- Grain: {grain}. {said}.\n-- {adds}\nwith\n\n{step} as (\n\n"
        f"    select * from {{{{ ref('{begin.mart}') }}}}\n\n)\n\n"
        "select\n    period_grain,\n    period,\n    period_start,\n    period_end,\n"
        f"    {'scope' if begin.is_scoped else chr(39) + 'total' + chr(39) + ' as scope'},\n"
        f"    cast({formula.numerator} as decimal(28, 6)) as numerator,\n"
        f"    cast({formula.denominator} as decimal(28, 6)) as denominator,\n"
        f"    cast({formula.n} as bigint) as n\nfrom {step}\n"
    )


def _yaml(name: str, begin: Start, told: dict[str, Any], case: Case, n: float, fingerprint: str) -> str:
    def text(content: Any) -> str:
        return (
            yaml.safe_dump(content, allow_unicode=True, default_flow_style=True, width=10_000)
            .removesuffix("...\n")
            .strip()
        )

    meta = {key: content for key, content in told.items() if key not in ("valid_from", "definition_en")}
    lines = [registry.MODELINE, "models:", f"  - name: metric_{name}"]
    lines += [f"    description: &definition_en {text(told['definition_en'])}", "    latest_version: 1", "    config:"]
    lines += ["      meta:", "        definition_en: *definition_en"]
    lines += [f"        {key}: {text(content)}" for key, content in meta.items()]
    lines += ["    columns:"]
    lines += [
        f"      - {{name: {column}, data_type: {text(kind) if '(' not in kind else chr(34) + kind + chr(34)}, "
        "constraints: [{type: not_null}]}"
        for column, kind in registry.SHAPE
    ]
    lines += ["    data_tests:", "      - one_row_per_period_and_scope:"]
    lines += [f"          name: {name}_has_one_row_per_period_and_scope", "    versions:", "      - v: 1"]
    lines += ["        config:", "          meta:", f'            valid_from: "{told["valid_from"]}"']
    lines += ['            version_reason_nl: "Eerste vastgelegde definitie."']
    lines += [
        '            version_reason_en: "First recorded definition."',
        f'            fingerprint: "{fingerprint}"',
    ]
    inputs = ", ".join(f"{column}: {number}" for column, number in case.inputs.items())
    scope = ", scope: total" if begin.is_scoped else ""
    outcome = f"numerator: {case.numerator}, denominator: {case.denominator}, n: {n:g}"
    told_case = ", ".join(f"{column} {number}" for column, number in case.inputs.items())
    lines += ["", "unit_tests:", f"  - name: {name}_gives_its_worked_case"]
    lines += [f'    description: "{told_case}: {case.numerator} / {case.denominator}."', f"    model: metric_{name}"]
    lines += ["    given:", f"      - input: ref('{begin.mart}')", "        rows:"]
    lines += [f"          - {{{_CASE_BOUNDS}{scope}, {inputs}}}", "    expect:", "      rows:"]
    lines += [f"        - {{period: '2024-01', scope: total, {outcome}}}"]
    return "\n".join(lines) + "\n"
