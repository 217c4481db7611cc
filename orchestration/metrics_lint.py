"""Lint of the metrics layer: what makes a KPI untrustworthy, before anything is built.

Every rule is a function from the catalogue to findings. A finding says in which file, what, and what to do. Nothing
here imports dbt or opens a database, so the whole check takes a second.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from pydantic import ValidationError

from ingestion.sources.company.settings import FEWEST_CORE, MOST_CORE, slug
from orchestration import editions, exposures, fingerprints, metrics_union, registry
from orchestration.errors import KerncijfersError
from orchestration.registry import Metric

FEWEST_LEADING = 2
_COMPONENT = re.compile(r"'(\w+)' as component\b")
MOST_MONTHS_UNVERIFIED = 18
_FILE_NAME = re.compile(r"metric_(?P<metric>[a-z0-9_]+)_v(?P<version>[0-9]+)\.sql")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where, what, and what to do."""

    file: Path
    line: int
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}\n    {self.advice}"


@dataclass(frozen=True)
class Company:
    """What company.toml says about core KPIs. Without a `[company]` it has no id, and nothing is asked of it."""

    file: Path
    name: str
    company_id: str
    profile: str
    chosen: tuple[str, ...]
    """The core KPIs it chose itself under `[kpis]`; empty when those of its profile hold."""
    left_out: tuple[str, ...]

    def core(self, project: Project) -> set[str]:
        """The names of its core KPIs."""
        if not self.company_id:
            return set()
        of_profile = {metric.name for metric in project.core(self.profile)} - {*self.left_out}
        return {*self.chosen} or of_profile


@dataclass(frozen=True)
class Project:
    """A checkout, and the metrics of which the YAML is as it should be."""

    root: Path
    metrics: tuple[Metric, ...]
    today: date

    @property
    def dbt(self) -> Path:
        return self.root / "dbt_project"

    @cached_property
    def editions(self) -> list[editions.Edition]:
        return editions.read(self.root)

    @cached_property
    def company(self) -> Company:
        file = self.root / "company.toml"
        content = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        told, kpis = content.get("company", {}), content.get("kpis", {})
        return Company(
            file,
            told.get("name", ""),
            slug(told.get("name", "")),
            told.get("profile", "mkb"),
            tuple(kpis.get("core", ())),
            tuple(kpis.get("leave_out", ())),
        )

    @cached_property
    def statement_lines(self) -> list[str]:
        return registry.statement_lines(self.dbt)

    def core(self, profile: str) -> list[Metric]:
        """The core KPIs of a profile, in their order."""
        return sorted(
            (metric for metric in self.metrics if metric.core_place(profile) is not None),
            key=lambda metric: metric.core_place(profile) or 0,
        )

    def at(self, file: Path, what: str, advice: str, of: str = "") -> Finding:
        """A finding in a file, at the first line that begins with `of`."""
        line = 1
        if of and file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines()
            line = next((number for number, text in enumerate(lines, 1) if text.strip(" -").startswith(of)), 1)
        return Finding(file.relative_to(self.root), line, what, advice)


def check(root: Path, today: date | None = None) -> list[Finding]:
    """Everything that is wrong with the metrics layer of a checkout, by file. Empty when all is well.

    Benchmarks are judged by how old they are `today`.
    """
    dbt_project = root / "dbt_project"
    metrics: list[Metric] = []
    problems: list[registry.Problem] = []
    for file in registry.files(dbt_project):
        metric, wrong = registry.read(file)
        problems += wrong
        if metric is not None:
            metrics.append(metric)
    project = Project(root, tuple(metrics), today or date.today())
    findings = [
        Finding(
            problem.file.relative_to(root),
            problem.line,
            problem.message,
            "dbt_project/README.md says what each key is for; a neighbour's YAML shows it.",
        )
        for problem in problems
    ]
    for rule in OF_A_METRIC:
        for metric in metrics:
            findings += rule(project, metric)
    # What holds for the catalogue as a whole can't be judged while a part of it can't be read.
    for rule in OF_THE_CATALOGUE if not problems else ():
        findings += rule(project)
    return sorted(findings, key=lambda finding: (str(finding.file), finding.line, finding.what))


def _names(project: Project, metric: Metric) -> Iterator[Finding]:
    """Folder, file, model and domain agree, so that a metric is found where it is looked for."""
    folder = metric.file.parent
    if metric.model.name != f"metric_{folder.name}" or metric.file.stem != metric.model.name:
        yield project.at(
            metric.file,
            f"folder {folder.name}, file {metric.file.name} and model {metric.model.name} do not go together.",
            f"Folder <kpi> holds metric_<kpi>.yml, which describes metric_<kpi>: call them all {folder.name}.",
        )
    if metric.meta.domain != folder.parent.name:
        yield project.at(
            metric.file,
            f"domain is {metric.meta.domain}, and the metric lies in the folder {folder.parent.name}.",
            "Move the folder, or change domain.",
            of="domain:",
        )


def _descriptions(project: Project, metric: Metric) -> Iterator[Finding]:
    """dbt docs and the report say the same."""
    if metric.model.description != metric.meta.definition_en:
        yield project.at(
            metric.file,
            "description and definition_en differ, so dbt docs say something else than the report.",
            'Write the text once: `description: &definition_en "..."` and `definition_en: *definition_en`.',
            of="description:",
        )


def _versions(project: Project, metric: Metric) -> Iterator[Finding]:
    """`versions:` and the SQL files tell of the same versions, and each version is proved by a worked case."""
    told = [version.v for version in metric.model.versions]
    found = {
        int(match["version"])
        for file in metric.file.parent.glob("*.sql")
        if (match := _FILE_NAME.fullmatch(file.name)) and f"metric_{match['metric']}" == metric.model.name
    }
    for version, times in Counter(told).items():
        if times > 1:
            yield project.at(
                metric.file, f"version {version} is {times} times under versions.", "Keep one.", "versions:"
            )
    for version in sorted(set(told) - found):
        yield project.at(
            metric.file,
            f"version {version} has no SQL: {metric.sql(version).name} is not there.",
            "Write the file, or take the version out of versions.",
            of=f"v: {version}",
        )
    for version in sorted(found - set(told)):
        yield project.at(
            metric.sql(version),
            f"version {version} is not under versions of {metric.file.name}.",
            "Add it there with valid_from and the reason in Dutch and English, or remove the file.",
        )
    if metric.model.latest_version not in told:
        yield project.at(
            metric.file,
            f"latest_version is {metric.model.latest_version}, which is not under versions.",
            f"Write {max(told)}, or add version {metric.model.latest_version}.",
            of="latest_version:",
        )
    for version in told:
        if not any(_holds_for(test, metric, version) for test in metric.unit_tests):
            yield project.at(
                metric.file,
                f"no unit test proves version {version}.",
                "Add one with a worked case from a source you did not write, such as a published example.",
                of=f"v: {version}",
            )
    for test in metric.unit_tests:
        if test.model != metric.model.name:
            yield project.at(
                metric.file,
                f"unit test {test.name} is about {test.model}.",
                f"Here it is about {metric.model.name}; move it to the YAML of its own model otherwise.",
                of=f"name: {test.name}",
            )


def _holds_for(test: registry.UnitTest, metric: Metric, version: int) -> bool:
    if test.model != metric.model.name:
        return False
    chosen = test.versions or {}
    return version in chosen.get("include", [version]) and version not in chosen.get("exclude", [])


def _replacements(project: Project, metric: Metric) -> Iterator[Finding]:
    """A version that ends says which one takes over."""
    told = [version.v for version in metric.model.versions]
    for version in metric.model.versions:
        meta = version.config.meta
        if meta.deprecated_on is not None and meta.replaced_by is None:
            yield project.at(
                metric.file,
                f"version {version.v} is deprecated, and nothing says what to use instead.",
                "Add replaced_by with the number of that version.",
                of=f'deprecated_on: "{meta.deprecated_on}',
            )
        if meta.replaced_by is not None and (meta.replaced_by not in told or meta.replaced_by == version.v):
            yield project.at(
                metric.file,
                f"version {version.v} is replaced by version {meta.replaced_by}, which is not another version of it.",
                f"Versions are {', '.join(map(str, told))}.",
                of=f"replaced_by: {meta.replaced_by}",
            )


def _bridges(project: Project, metric: Metric) -> Iterator[Finding]:
    """A version after the first says by which parts it differs from the one before, and replaces it."""
    metas = {version.v: version.config.meta for version in metric.model.versions}
    for before, after in pairwise(sorted(metas)):
        sql, named = metric.bridge(after), [part.component for part in metas[after].bridge or ()]
        if not sql.is_file() or not sql.with_suffix(".yml").is_file():
            yield project.at(
                metric.file,
                f"nothing explains how version {after} differs from version {before}.",
                f"Write {sql.name} and {sql.with_suffix('.yml').name}; webshop/aov has an example.",
                of=f"v: {after}",
            )
        elif (found := _COMPONENT.findall(sql.read_text(encoding="utf-8"))) != named:
            yield project.at(
                metric.file,
                f"bridge of version {after} names {', '.join(named) or 'nothing'}, and {sql.name} has "
                f"{', '.join(found) or 'no component'}.",
                "Name each component once, in the order of the SQL.",
                of=f"v: {after}",
            )
        if metas[before].replaced_by is None or metas[before].deprecated_on is None:
            yield project.at(
                metric.file,
                f"version {after} is there, and version {before} does not say that it is replaced.",
                f'Add deprecated_on: "{metas[after].valid_from}" and replaced_by: {after} to version {before}.',
                of=f"v: {before}",
            )


def _formulas(project: Project, metric: Metric) -> Iterator[Finding]:
    """The SQL of a version still is what was signed."""
    for version in metric.model.versions:
        file = metric.sql(version.v)
        if not file.is_file():
            continue
        try:
            now = fingerprints.fingerprint(file.read_text(encoding="utf-8"))
        except KerncijfersError as error:
            yield project.at(file, str(error), "Mend the SQL.")
            continue
        if now != version.config.meta.fingerprint:
            yield project.at(
                file,
                f"the formula of {metric.name} changed, and it is still version {version.v} "
                f"(fingerprint {now}, signed {version.config.meta.fingerprint}).",
                f"A number that was published could move: put this file back and make it version "
                f"{max(told.v for told in metric.model.versions) + 1}. When no published number moves, run "
                f"`kerncijfers metrics sign {metric.name}`.",
            )


def _reconciliation(project: Project, metric: Metric) -> Iterator[Finding]:
    """A number from the books says to which lines of the statements it can be traced (RJ 430)."""
    known = project.statement_lines
    told = [("reconciles_to", metric.meta.reconciles_to)]
    told += [("version_reconciles_to", version.config.meta.version_reconciles_to) for version in metric.model.versions]
    for key, lines in told:
        for line in lines if isinstance(lines, list) else ():
            if line not in known:
                yield project.at(
                    metric.file,
                    f"{key} names {line}, which is no line of {registry.STATEMENT_LINES.name}.",
                    f"Lines are {', '.join(known)}.",
                    of=f"{key}:",
                )
    from_the_books = "ledger" in metric.meta.sources
    if from_the_books and metric.meta.reconciles_to == "none":
        yield project.at(
            metric.file,
            "it reads the ledger and reconciles to none.",
            "Name the lines of the statements its amounts are part of, such as [income.net_revenue].",
            of="reconciles_to:",
        )
    if not from_the_books and metric.meta.reconciles_to != "none":
        yield project.at(
            metric.file,
            "it reconciles to the books, and ledger is not among its sources.",
            'Add ledger to sources, or write reconciles_to: "none".',
            of="reconciles_to:",
        )


def _core_sets(project: Project) -> Iterator[Finding]:
    """A profile has five to seven core KPIs, at least two leading, no twins; so has a company that chose its own."""
    for profile in registry.PROFILES:
        core = project.core(profile)
        last = core[-1].file if core else project.dbt / registry.METRICS
        yield from _focus(project, core, f"profile {profile}", last, "core_in:", f"core_in: {{{profile}: ...}}")
        places = [metric.core_place(profile) for metric in core]
        if len(core) <= MOST_CORE and places != list(range(1, len(core) + 1)):
            names = ", ".join(metric.name for metric in core)
            yield project.at(
                last,
                f"the core KPIs of profile {profile} are {names}, with places {', '.join(map(str, places))}.",
                f"Number them 1 to {len(core)}, each once.",
                of="core_in:",
            )
        for metric in core:
            if profile not in metric.meta.profiles:
                yield project.at(
                    metric.file,
                    f"it is core in profile {profile}, which is not among its profiles.",
                    f"Add {profile} to profiles.",
                    of="profiles:",
                )
    company = project.company
    if company.chosen:
        core = [metric for metric in project.metrics if metric.name in company.chosen]
        yield from _focus(project, core, company.name, company.file, "core =", "[kpis] core")


def _focus(project: Project, core: list[Metric], whose: str, file: Path, of: str, where: str) -> Iterator[Finding]:
    """What holds for any set of core KPIs; `where` is the place in which it is chosen."""
    names = ", ".join(metric.name for metric in core) or "none"
    if len(core) > MOST_CORE:
        yield project.at(
            file,
            f"{whose} has {len(core)} core KPIs: {names}. More than {MOST_CORE} is no focus.",
            f"Take one out of {where}; it stays a supporting KPI.",
            of,
        )
    if len(core) < FEWEST_CORE:
        yield project.at(
            file,
            f"{whose} has {len(core)} core KPIs: {names}. {FEWEST_CORE} is the least.",
            f"Add others to {where}.",
            of,
        )
    leading = [metric.name for metric in core if metric.meta.timing == "leading"]
    if core and len(leading) < FEWEST_LEADING:
        yield project.at(
            file,
            f"{whose} has {len(leading)} leading core KPIs ({', '.join(leading) or 'none'}).",
            f"Choose at least {FEWEST_LEADING} that move before the result does (timing: leading) in {where}.",
            of,
        )
    for metric in core:
        for twin in core:
            if twin.name in metric.meta.twins and metric.name < twin.name:
                yield project.at(
                    file,
                    f"{metric.name} and {twin.name} are twins, and both core in {whose}.",
                    f"Take one of them out of {where}.",
                    of,
                )


def _twins(project: Project) -> Iterator[Finding]:
    """Twins know each other."""
    of = {metric.name: metric for metric in project.metrics}
    for metric in project.metrics:
        for twin in metric.meta.twins:
            if twin not in of:
                what, advice = f"its twin {twin} is no metric.", "Take it out of twins."
            elif metric.name not in of[twin].meta.twins:
                what, advice = f"{twin} does not name it as a twin.", f"Add {metric.name} to twins of {twin}."
            else:
                continue
            yield project.at(metric.file, what, advice, of="twins:")


def _aliases(project: Project) -> Iterator[Finding]:
    """A name means one metric."""
    owner: dict[str, str] = {metric.name: metric.name for metric in project.metrics}
    for metric in project.metrics:
        for alias in metric.meta.aliases:
            if owner.setdefault(alias, metric.name) != metric.name:
                yield project.at(
                    metric.file,
                    f"alias {alias} already means {owner[alias]}.",
                    "Choose another, or leave it out.",
                    of="aliases:",
                )


def _targets(project: Project) -> Iterator[Finding]:
    """A core KPI has a target; for the company of company.toml, also a figure."""
    for metric in project.metrics:
        places = [profile for profile in registry.PROFILES if metric.core_place(profile) is not None]
        if places and metric.meta.target_type == "none":
            yield project.at(
                metric.file,
                f"it is a core KPI ({', '.join(places)}) without a target.",
                "Choose a target_type, or take it out of core_in.",
                of="target_type:",
            )
    company = project.company
    seed = project.dbt / "seeds" / "targets.csv"
    with seed.open(encoding="utf-8", newline="") as handle:
        aimed = {row["metric"] for row in csv.DictReader(handle) if row["company_id"] == company.company_id}
    for metric in project.metrics:
        if metric.name in company.core(project) and metric.name not in aimed:
            yield project.at(
                seed,
                f"{metric.name} is a core KPI of {company.name} without a target.",
                f"Add a row for {company.company_id}, {metric.name}: its target_type is {metric.meta.target_type}.",
            )


def _readers(project: Project) -> Iterator[Finding]:
    """Every metric is read by an edition, and every edition reads what exists."""
    of = {metric.name: metric for metric in project.metrics}
    read: set[str] = set()
    for edition in project.editions:
        for key, told in (("owner", edition.owner), ("description", edition.description)):
            if not told:
                yield project.at(
                    edition.file,
                    f"edition {edition.name} has no {key}.",
                    "dbt docs show who answers for it (owner) and what it is for (description): say it in English.",
                    of="title:",
                )
        if edition.takes_core_of_profile:
            read |= {metric.name for metric in project.metrics if metric.meta.core_in is not None}
            read |= {*project.company.chosen}
        for name, version in edition.pins:
            read.add(name)
            if name not in of or version not in [told.v for told in of[name].model.versions]:
                yield project.at(
                    edition.file,
                    f"edition {edition.name} shows {name}@{version}, which does not exist.",
                    "Pin a version that does, or take the line out.",
                    of=f"{name}@{version}",
                )
            elif (name, version) not in edition.compared:
                yield from _use_of_a_replaced_version(project, edition, of[name], version)
    for metric in project.metrics:
        if metric.name not in read:
            yield project.at(
                metric.file,
                f"no edition shows {metric.name}: nobody reads it.",
                f"Add {metric.name}@{metric.model.latest_version} to a file in reports/editions, or remove the metric.",
            )


def _use_of_a_replaced_version(
    project: Project, edition: editions.Edition, metric: Metric, version: int
) -> Iterator[Finding]:
    meta = next(told.config.meta for told in metric.model.versions if told.v == version)
    if meta.deprecated_on is not None and meta.deprecated_on <= project.today.isoformat():
        instead = f"{metric.name}@{meta.replaced_by}"
        yield project.at(
            edition.file,
            f"edition {edition.name} shows {metric.name}@{version}, which was replaced on {meta.deprecated_on}.",
            f"Show {instead}; under `versions` both may stand side by side.",
            of=f"{metric.name}@{version}",
        )


def _benchmarks(project: Project) -> Iterator[Finding]:
    """A figure from outside is about a metric, was looked at lately, and says where its definition differs."""
    seed = project.dbt / "seeds" / "benchmarks.csv"
    with seed.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    known = {metric.name for metric in project.metrics}
    for row in rows:
        name = row["benchmark"]
        if row["metric"] not in known:
            yield project.at(
                seed,
                f"benchmark {name} is about {row['metric']}, which is no metric.",
                "Name the metric, or remove the row.",
                of=f"{name},",
            )
        try:
            verified = registry.Benchmark.model_validate({key: told for key, told in row.items() if told}).verified_on
        except ValidationError as error:
            for problem in error.errors():
                key = str(problem["loc"][0])
                shown = repr(row[key]) if row.get(key) else "empty"
                yield project.at(
                    seed,
                    f"{key} of benchmark {name} is {shown}: {problem['msg']}.",
                    f"It is: {registry.Benchmark.model_fields[key].description}"
                    if key in registry.Benchmark.model_fields
                    else "There is no such column; remove it.",
                    of=f"{name},",
                )
            continue
        months = (project.today.year - verified.year) * 12 + project.today.month - verified.month
        if months > MOST_MONTHS_UNVERIFIED or (months == MOST_MONTHS_UNVERIFIED and project.today.day > verified.day):
            yield project.at(
                seed,
                f"benchmark {name} was last verified on {verified}, more than {MOST_MONTHS_UNVERIFIED} months ago.",
                f"Look at {row['url']}: correct the figure when there is a newer one, and write today in verified_on.",
                of=f"{name},",
            )
        if row["definition_match"] == "differs" and not (row["caution_nl"].strip() and row["caution_en"].strip()):
            yield project.at(
                seed,
                f"the definition of benchmark {name} differs, and it does not say how in Dutch and English.",
                "Fill in caution_nl and caution_en: it is shown with them only.",
                of=f"{name},",
            )


def _generated(project: Project) -> Iterator[Finding]:
    """What is generated says what its sources say."""
    for union in metrics_union.out_of_date(project.dbt):
        yield project.at(
            project.dbt / union,
            "it is out of date with the folders of the metrics.",
            "Run `kerncijfers metrics sync`.",
        )
    if not exposures.is_current(project.root):
        yield project.at(
            project.dbt / exposures.TARGET,
            "it is out of date with reports/editions.",
            "Run `kerncijfers metrics sync`.",
        )
    schema = project.dbt / registry.SCHEMA
    if not schema.is_file() or schema.read_text(encoding="utf-8") != registry.schema(project.dbt):
        yield project.at(
            schema,
            "it is out of date with orchestration/registry.py.",
            "Run `kerncijfers metrics schema`.",
        )
    for metric in project.metrics:
        with metric.file.open(encoding="utf-8") as handle:
            if handle.readline().rstrip() != registry.MODELINE:
                yield project.at(
                    metric.file,
                    "editors can't find the schema: the first line does not name it.",
                    f"Make this the first line: {registry.MODELINE}",
                )


OF_A_METRIC: tuple[Callable[[Project, Metric], Iterator[Finding]], ...] = (
    _names,
    _descriptions,
    _versions,
    _replacements,
    _bridges,
    _formulas,
    _reconciliation,
)
OF_THE_CATALOGUE: tuple[Callable[[Project], Iterator[Finding]], ...] = (
    _core_sets,
    _twins,
    _aliases,
    _targets,
    _readers,
    _benchmarks,
    _generated,
)
