"""The registry: what the YAML beside each metric may and must say. One definition, from which the JSON schema follows.

Editors read the published schema (`dbt_project/metric.schema.json`) and complete keys and values from it;
`metrics_lint` validates with the same definition. A description here is what an analyst reads in the editor.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from babel import Locale
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads YAML; the loader in C reads the catalogue ten times as fast."""

METRICS = Path("models/metrics")
SCHEMA = Path("metric.schema.json")
MODELINE = "# yaml-language-server: $schema=../../../../metric.schema.json"
STATEMENT_LINES = Path("seeds/statement_lines.csv")

Profile = Literal["mkb", "saas", "ecommerce", "services", "nonprofit"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
Interval = Literal["wilson", "inverse_wilson", "poisson", "nps", "nps_per_respondent"]
Reason = Literal["no_base", "no_denominator", "negative_base", "not_applicable", "not_yet_mature"]

SHAPE = (
    ("period_grain", "varchar"),
    ("period", "varchar"),
    ("period_start", "date"),
    ("period_end", "date"),
    ("scope", "varchar"),
    ("numerator", "decimal(28,6)"),
    ("denominator", "decimal(28,6)"),
    ("n", "bigint"),
)
"""The columns every metric returns, in this order."""


def _is_a_day(text: str) -> str:
    date.fromisoformat(text)
    return text


def _is_a_territory(code: str) -> str:
    if code not in Locale("en").territories:
        raise ValueError("it is no code of a country or the world")
    return code


def _no_double(values: list[str]) -> list[str]:
    if double := {value for value in values if values.count(value) > 1}:
        raise ValueError(f"{', '.join(sorted(double))} is named twice")
    return values


Text = Annotated[str, StringConstraints(pattern=r"\S")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_is_a_day)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Place = Annotated[int, Field(ge=1, le=7)]
StatementLine = Annotated[str, StringConstraints(pattern=r"^(income|balance|cash_flow)\.[a-z_]+$")]
ReconcilesTo = Literal["none"] | Annotated[list[StatementLine], Field(min_length=1), AfterValidator(_no_double)]
Number = int | float
Unique: JsonDict = {"uniqueItems": True}


class _Part(BaseModel):
    """A part of the YAML. A key without a value is a mistake: one that is not needed is left out."""

    @model_validator(mode="before")
    @classmethod
    def _no_key_is_empty(cls, content: Any) -> Any:
        if isinstance(content, dict) and (empty := [str(key) for key, value in content.items() if value is None]):
            raise ValueError(f"{', '.join(empty)} is empty; fill it in or leave it out")
        return content


class _Strict(_Part):
    """A part in which a key that is not known is a typing mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Dbt(_Part):
    """A part of which dbt knows more keys than we do."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class CorePlaces(_Strict):
    """The profiles in which the KPI is core, each with its place on the first page."""

    mkb: Place | SkipJsonSchema[None] = Field(None, description="Place among the core KPIs of a small company.")
    saas: Place | SkipJsonSchema[None] = Field(None, description="Place among the core KPIs of a software company.")
    ecommerce: Place | SkipJsonSchema[None] = Field(None, description="Place among the core KPIs of a webshop.")
    services: Place | SkipJsonSchema[None] = Field(None, description="Place among the core KPIs of a service firm.")
    nonprofit: Place | SkipJsonSchema[None] = Field(None, description="Place among the core KPIs of a non-profit.")


class Alerts(_Strict):
    """The alert rules that watch the metric; the generic ones are rows of seeds/alert_rules.csv."""

    below: Number | SkipJsonSchema[None] = Field(
        None, description="Hard limit: fires at once when the value is below it."
    )
    above: Number | SkipJsonSchema[None] = Field(
        None, description="Hard limit: fires at once when the value is above it."
    )
    rules: (
        Annotated[
            list[Literal["off_target", "deviation", "trend"]],
            Field(json_schema_extra=Unique),
            AfterValidator(_no_double),
        ]
        | SkipJsonSchema[None]
    ) = Field(
        None,
        description="The generic rules that look at it. Months that overlap leave deviation and trend out. "
        "[default: all three per month, off_target for twelve months]",
    )
    compare_with: Literal["level", "last_year", "previous"] | SkipJsonSchema[None] = Field(
        None,
        description="What makes its periods comparable. last_year: takes the season out; previous: for what drifts; "
        "level: the value itself. [default: previous for a stock, last_year for the rest]",
    )
    min_baseline: Annotated[int, Field(ge=6)] | SkipJsonSchema[None] = Field(
        None, description="Fewest earlier periods before deviation and trend say anything. [default: 12]"
    )


class ForecastChoice(_Strict):
    """The metric is forecast."""

    positive: bool = Field(description="true when it is never zero or negative, and so is forecast in proportions.")


class Meta(_Strict):
    """What the registry says about a metric, for every version."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"target_type": {"const": "none"}}, "required": ["target_type"]},
            "then": {"required": ["no_target_reason"]},
        }
    )

    label_nl: Text = Field(description="Name in Dutch, as a reader of a report sees it.")
    label_en: Text = Field(description="Name in English, as a reader of a report sees it.")
    definition_nl: Text = Field(description="What it is, in one plain Dutch sentence.")
    definition_en: Text = Field(
        description="What it is, in one plain English sentence. dbt's description is the same text (a YAML anchor)."
    )
    formula_nl: Text = Field(description="The formula in Dutch words: numerator / denominator.")
    formula_en: Text = Field(description="The formula in English words: numerator / denominator.")
    formula_source: Text = Field(description="Who defined it this way: a law, a standard, a publication.")
    reconciles_to: ReconcilesTo = Field(
        description="The lines of the income statement, balance sheet and cash flow statement that its amounts are, or "
        "are part of, as RJ 430 asks: income.net_revenue. none when it does not come from the books."
    )
    unit: Literal["currency", "percent", "ratio", "days", "months", "hours", "count", "points"] = Field(
        description="How the value is printed. percent: a fraction, 0.25 is 25 %. ratio: 1.2 is 1.2 times."
    )
    decimals: Annotated[int, Field(ge=0, le=4)] = Field(description="Decimals a report prints.")
    better: Literal["up", "down", "band", "none"] = Field(
        description="Which way is good. band: inside a band; none: neither way."
    )
    timing: Literal["leading", "lagging"] = Field(
        description="leading: moves before the result does; lagging: tells how it went."
    )
    measure_class: Literal["flow", "stock", "ratio", "distinct", "median", "score", "modelled"] = Field(
        alias="class",
        description="How it adds up. flow: sums over time; stock: the last of a period; ratio: divided again from "
        "its parts; distinct and median: counted again; score: from answers; modelled: never added.",
    )
    interval: Interval | SkipJsonSchema[None] = Field(
        None,
        description="The kind of confidence interval. wilson: a share of the denominator; inverse_wilson: an amount "
        "over the denominator, itself a share of n; poisson: an amount over a number of events; nps: a score from -100 "
        "to 100; nps_per_respondent: the same over respondents. Leave out when the value is no sample.",
    )
    profiles: Annotated[list[Profile], Field(min_length=1, json_schema_extra=Unique), AfterValidator(_no_double)] = (
        Field(description="The kinds of company it is meant for.")
    )
    core_in: CorePlaces | SkipJsonSchema[None] = Field(
        None, description="Profiles in which it is a core KPI, with its place: at most 7 in a profile."
    )
    twins: Annotated[list[Name], Field(json_schema_extra=Unique), AfterValidator(_no_double)] = Field(
        default_factory=list,
        description="Metrics that say the same in other words, such as churn and retention: never both core.",
    )
    sort: Annotated[int, Field(ge=0)] = Field(description="Order in lists: low comes first.")
    domain: Literal[
        "finance", "webshop", "marketing", "customers", "subscriptions", "sales", "services", "nonprofit"
    ] = Field(description="The subject; the same as the folder it lies in.")
    owner: Text = Field(description="The role that answers for the number, such as Controller: one, never a team.")
    frequency: Literal["daily", "weekly", "monthly", "quarterly", "yearly"] = Field(
        description="How often somebody looks at it."
    )
    report_grain: Literal["month", "ttm"] = Field(
        description="The period a report shows: month, or ttm for the twelve months up to and including it."
    )
    target_type: Literal["cumulative", "level", "floor", "ceiling", "band", "none"] = Field(
        description="How a target is met. cumulative: a total by a date; level: a level by a date; floor and ceiling: "
        "every period; band: between two edges; none: no target makes sense, and no_target_reason says why."
    )
    no_target_reason: Text | SkipJsonSchema[None] = Field(
        None, description="Why no target makes sense; needed with target_type none, which a core KPI can't have."
    )
    aliases: Annotated[list[Name], Field(json_schema_extra=Unique), AfterValidator(_no_double)] = Field(
        default_factory=list, description="Other names `kerncijfers value` understands; no two metrics share one."
    )
    sources: Annotated[list[Name], Field(min_length=1, json_schema_extra=Unique), AfterValidator(_no_double)] = Field(
        description="The sources it can't do without: when one is absent, that is the reason there is no value."
    )
    zero_denominator_reason: Reason = Field(description="The reason shown when the denominator is zero.")
    negative_denominator_reason: Reason | SkipJsonSchema[None] = Field(
        None, description="The reason shown when the denominator is negative. [default: negative_base]"
    )
    negative_numerator_reason: Reason | SkipJsonSchema[None] = Field(
        None, description="The reason shown when a numerator that can't be negative is. [default: negative_base]"
    )
    partial: Literal["to_date", "missing"] = Field(
        description="A period the data do not fill. to_date: show it so far; missing: show no value, with its reason."
    )
    non_negative: bool = Field(description="true when a negative numerator can't be right and is not shown.")
    min_n: Annotated[int, Field(ge=0)] = Field(description="Fewest observations with which a value is shown.")
    alerts: Alerts | SkipJsonSchema[None] = Field(
        None, description="Hard limits, and what the generic alert rules should do differently."
    )
    forecast: ForecastChoice | SkipJsonSchema[None] = Field(
        None, description="Forecast the coming months. Leave out for a metric nobody plans with: forecasts cost time."
    )

    @model_validator(mode="after")
    def _no_target_has_its_reason(self) -> Meta:
        if self.target_type == "none" and self.no_target_reason is None:
            raise ValueError("target_type none needs no_target_reason: say why no target makes sense")
        return self


class BridgePart(_Strict):
    """One named part of the difference with the version before."""

    component: Name = Field(description="As the column `component` of bridge_<kpi>_v<v>.sql calls it.")
    label_nl: Text = Field(description="What it is, in Dutch, as a report says it.")
    label_en: Text = Field(description="What it is, in English, as a report says it.")


class VersionMeta(_Strict):
    """What the registry says about one version."""

    valid_from: Day = Field(description="The day this definition took effect, such as 2024-01-01, in quotes.")
    version_reason_nl: Text = Field(description="Why this version exists, in Dutch.")
    version_reason_en: Text = Field(description="Why this version exists, in English.")
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] = Field(
        description="Of the SQL without comments and layout. `kerncijfers metrics sign NAME` writes it."
    )
    version_reconciles_to: ReconcilesTo | SkipJsonSchema[None] = Field(
        None,
        description="What this version reconciles to, where that is something else than reconciles_to of the metric.",
    )
    deprecated_on: Day | SkipJsonSchema[None] = Field(
        None, description="The day after which editions should no longer use this version."
    )
    replaced_by: Annotated[int, Field(ge=1)] | SkipJsonSchema[None] = Field(
        None, description="The version to use instead."
    )
    bridge: Annotated[list[BridgePart], Field(min_length=1)] | SkipJsonSchema[None] = Field(
        None, description="By which parts it differs from the version before, in the order a report shows them."
    )


class VersionConfig(_Dbt):
    """dbt's configuration of one version."""

    meta: VersionMeta = Field(description="The registry of this version.")


class Version(_Strict):
    """One version: a SQL file `metric_<kpi>_v<v>.sql`."""

    v: Annotated[int, Field(ge=1)] = Field(description="Number of the version.")
    description: Text | SkipJsonSchema[None] = Field(None, description="For dbt docs, when it differs per version.")
    deprecation_date: Text | SkipJsonSchema[None] = Field(None, description="From when dbt warns who still uses it.")
    config: VersionConfig = Field(description="Configuration of the version, with its registry under meta.")


class Column(_Dbt):
    """A column of the contract."""

    name: Literal["period_grain", "period", "period_start", "period_end", "scope", "numerator", "denominator", "n"] = (
        Field(description="Every metric returns the same eight columns.")
    )
    data_type: Literal["varchar", "date", "decimal(28,6)", "bigint"] = Field(
        description="The type the contract enforces."
    )


def _has_the_shape(columns: list[Column]) -> list[Column]:
    if tuple((column.name, column.data_type) for column in columns) != SHAPE:
        raise ValueError("a metric returns " + ", ".join(f"{name} {kind}" for name, kind in SHAPE) + ", in this order")
    return columns


class ModelConfig(_Dbt):
    """dbt's configuration of the model."""

    meta: Meta = Field(description="The registry of the metric.")


class Model(_Strict):
    """The metric as a dbt model: registry, contract, data tests, versions."""

    name: Annotated[str, StringConstraints(pattern=r"^metric_[a-z][a-z0-9_]*$")] = Field(
        description="metric_ and the name of the folder."
    )
    description: Text = Field(description="The text of definition_en, for dbt docs.")
    latest_version: Annotated[int, Field(ge=1)] = Field(description="The version an unpinned ref gets.")
    config: ModelConfig = Field(description="Configuration, with the registry under meta.")
    columns: Annotated[list[Column], Field(min_length=8, max_length=8), AfterValidator(_has_the_shape)] = Field(
        description="The contract: the eight columns of every metric."
    )
    data_tests: Annotated[list[str | dict[str, Any]], Field(min_length=1)] = Field(
        description="Tests of the data, run at every refresh."
    )
    versions: Annotated[list[Version], Field(min_length=1)] = Field(description="Every version that has a SQL file.")


class UnitTest(_Strict):
    """A worked case: rows in, rows out."""

    name: Name = Field(description="A sentence about behaviour, joined by underscores.")
    description: Text = Field(description="The case and its arithmetic.")
    model: Text = Field(description="The metric.")
    versions: dict[Literal["include", "exclude"], list[int]] | SkipJsonSchema[None] = Field(
        None, description="Which versions it holds for, such as {include: [2]}."
    )
    given: list[dict[str, Any]] = Field(description="The rows of each model the metric reads.")
    expect: dict[str, Any] = Field(description="The rows the metric must return.")
    overrides: dict[str, Any] | SkipJsonSchema[None] = Field(
        None, description="dbt's overrides of macros and variables."
    )
    config: dict[str, Any] | SkipJsonSchema[None] = Field(None, description="dbt's configuration of the test.")


class MetricFile(_Strict):
    """The YAML beside a metric."""

    version: Literal[2] | SkipJsonSchema[None] = Field(None, description="Version of dbt's own format.")
    models: Annotated[list[Model], Field(min_length=1, max_length=1)] = Field(description="The metric: exactly one.")
    unit_tests: Annotated[list[UnitTest], Field(min_length=1)] = Field(
        description="Worked cases from a source we did not write."
    )


class Benchmark(BaseModel):
    """A row of `seeds/benchmarks.csv`: a figure from outside. An empty cell is a key that is not there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    benchmark: Name = Field(description="its id, in lower case and underscores")
    metric: Name = Field(description="the metric it is about")
    profile: Profile | None = Field(None, description="the profile it fits, or nothing when it fits every company")
    value: Decimal = Field(description="the figure in the unit of the metric: 0.25 is 25 %")
    statistic: Literal["norm", "median", "mean", "total", "unstated"] = Field(description="what kind of figure it is")
    n: Annotated[int, Field(gt=0)] | None = Field(None, description="how many were counted, when the source says so")
    population_nl: Text = Field(description="of whom, in Dutch")
    population_en: Text = Field(description="of whom, in English")
    geography: Annotated[str, AfterValidator(_is_a_territory)] = Field(
        description="a code of CLDR: NL, US, 001 (world)"
    )
    data_period: Text | None = Field(None, description="the period or edition it is about")
    published_on: date | None = Field(None, description="the day, or the last day of the year when no more is known")
    verified_on: date = Field(description="the day somebody last looked at the source, such as 2026-11-25")
    source: Text = Field(description="who published it, as a report names it")
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] = Field(description="where to look")
    licence: Text = Field(description="under what terms")
    may_ship: Literal["data", "single figure"] = Field(
        description="data when open, else single figure: cited, no table"
    )
    definition_match: Literal["exact", "similar", "differs"] = Field(description="how close its definition is to ours")
    caution_nl: Text | None = Field(None, description="what a reader must know, in Dutch")
    caution_en: Text | None = Field(None, description="what a reader must know, in English")


@dataclass(frozen=True)
class Problem:
    """Something in a metric's YAML that the definition does not allow."""

    file: Path
    line: int
    message: str


@dataclass(frozen=True)
class Metric:
    """A metric whose YAML is as it should be. `file` is the YAML."""

    file: Path
    model: Model
    unit_tests: tuple[UnitTest, ...]

    @property
    def name(self) -> str:
        """Without `metric_`."""
        return self.model.name.removeprefix("metric_")

    @property
    def meta(self) -> Meta:
        """The registry for every version."""
        return self.model.config.meta

    def sql(self, version: int) -> Path:
        """The SQL file of a version, which may not exist."""
        return self.file.parent / f"{self.model.name}_v{version}.sql"

    def bridge(self, version: int) -> Path:
        """The SQL of the bridge from the version before to this one, which may not exist."""
        return self.file.parent / f"bridge_{self.name}_v{version}.sql"

    def core_place(self, profile: str) -> int | None:
        """Its place among the core KPIs of a profile, None when it is not core there."""
        return getattr(self.meta.core_in, profile, None) if self.meta.core_in else None


def files(project_dir: Path) -> list[Path]:
    """The YAML of every metric, sorted."""
    return sorted((project_dir / METRICS).glob("*/*/metric_*.yml"))


def read(file: Path) -> tuple[Metric | None, list[Problem]]:
    """The metric of one YAML file, or what is wrong with it."""
    text = file.read_text(encoding="utf-8")
    try:
        loader = Loader(text)
        node = loader.get_single_node()
        content = loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        return None, [Problem(file, mark.line + 1 if mark else 1, f"it can't be read as YAML: {error}")]
    try:
        described = MetricFile.model_validate(content)
    except ValidationError as error:
        return None, [Problem(file, _line(node, problem["loc"]), _in_words(problem)) for problem in error.errors()]
    return Metric(file, described.models[0], tuple(described.unit_tests)), []


def schema(project_dir: Path) -> str:
    """The JSON schema of a metric's YAML, as text. The statement lines are those of the project's seed."""
    content = _plain(MetricFile.model_json_schema(by_alias=True))
    for part, key in (("Meta", "reconciles_to"), ("VersionMeta", "version_reconciles_to")):
        _, listed = content["$defs"][part]["properties"][key]["anyOf"]
        listed["items"] = {"enum": statement_lines(project_dir)}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Kerncijfers metric: metric_<kpi>.yml",
        "$comment": "Generated by `kerncijfers metrics schema` from orchestration/registry.py; do not edit.",
    }
    return json.dumps(head | content, indent=2, ensure_ascii=False) + "\n"


def statement_lines(project_dir: Path) -> list[str]:
    """Every line of the published statements as `statement.line`, in their order."""
    with (project_dir / STATEMENT_LINES).open(encoding="utf-8", newline="") as handle:
        return [f"{row['statement']}.{row['line']}" for row in csv.DictReader(handle)]


def _plain(part: Any) -> Any:
    """Without what pydantic adds for itself: titles of fields, and defaults of null."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {
        key: value
        for key, value in part.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None)
    }
    return {key: _plain(value) for key, value in kept.items()}


def _line(node: yaml.Node, location: tuple[str | int, ...]) -> int:
    """The line of the deepest part of the file that a place in it leads to."""
    line = 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if found:  # else it is a missing key, or pydantic's own name of an alternative
                [(key, node), *_] = found
                line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _in_words(problem: Any) -> str:
    """What is wrong with one key, for an analyst."""
    location = [step for step in problem["loc"] if step not in ("list", "int", "str")]
    place = ".".join(str(step) for step in location).removeprefix("models.0.").removeprefix("config.")
    match problem["type"]:
        case "missing":
            return f"{place} is missing. {_DESCRIPTIONS.get(str(location[-1]), '')}".strip()
        case "extra_forbidden":
            return f"{place} is not a key the registry knows. Is it a typing mistake?"
        case "literal_error":
            return f"{place} is {problem['input']!r}; it can be {problem['ctx']['expected']}."
        case _:
            said = problem["msg"].removeprefix("Value error, ")
            shown = f" Found {problem['input']!r}." if isinstance(problem["input"], str | int) else ""
            return f"{place}: {said}.{shown}"


_DESCRIPTIONS = {
    field.alias or name: field.description or ""
    for part in (BridgePart, VersionMeta, Meta, Version, Model, UnitTest, MetricFile)
    for name, field in part.model_fields.items()
}
