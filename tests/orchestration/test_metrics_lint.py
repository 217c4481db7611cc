"""Every rule of the lint, each by breaking a copy of the project for it and reading what is said."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from orchestration import cli, fingerprints, metrics_lint, registry

TODAY = date(2026, 11, 25)
ROOT = Path(__file__).parents[2]
METRICS = "dbt_project/models/metrics"
AOV = f"{METRICS}/webshop/aov/metric_aov.yml"
REVENUE = f"{METRICS}/finance/revenue/metric_revenue.yml"
TARGETS = "dbt_project/seeds/targets.csv"
BENCHMARKS = "dbt_project/seeds/benchmarks.csv"
EDITION = "reports/editions/management.yml"
COPIED = (
    METRICS,
    "dbt_project/models/reporting",
    "dbt_project/seeds",
    "dbt_project/metric.schema.json",
    "reports/editions",
    "company.toml",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the lint reads. A test leaves it as it found it: see `Copy`."""
    root = tmp_path_factory.mktemp("project")
    for part in COPIED:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part)
        else:
            shutil.copyfile(ROOT / part, root / part)
    return root


@pytest.fixture(scope="module", autouse=True)
def what_did_not_change_is_read_once() -> Iterator[None]:
    """A hundred files, of which each test changes one."""
    read, fingerprint = registry.read, functools.cache(fingerprints.fingerprint)
    known: dict[tuple[Path, str], Any] = {}

    def read_once(file: Path) -> Any:
        key = (file, file.read_text(encoding="utf-8"))
        if key not in known:
            known[key] = read(file)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "read", read_once)
        patch.setattr(fingerprints, "fingerprint", fingerprint)
        yield


class Copy:
    """Edits files of the copy, and puts back what was there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._before: dict[Path, str | None] = {}

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces the first such text, which must be there."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new, 1))

    def change(self, name: str, pattern: str, new: str, count: int = 0) -> None:
        """Replaces every fit of a regular expression, of which there must be one."""
        text, found = re.subn(pattern, new, (self.root / name).read_text(encoding="utf-8"), count=count, flags=re.M)
        assert found, f"{pattern!r} is not in {name}"
        self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Makes a file say this."""
        file = self.root / name
        self._before.setdefault(file, file.read_text(encoding="utf-8") if file.is_file() else None)
        file.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        """Takes a file away."""
        file = self.root / name
        self._before.setdefault(file, file.read_text(encoding="utf-8"))
        file.unlink()

    def restore(self) -> None:
        """As it was."""
        for file, text in self._before.items():
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8")


@pytest.fixture
def copied(project: Path):
    held = Copy(project)
    yield held
    held.restore()


def yaml_of(metric: str) -> str:
    [file] = (ROOT / METRICS).glob(f"*/{metric}/metric_{metric}.yml")
    return str(file.relative_to(ROOT))


def core(it: Copy, profile: str) -> list[registry.Metric]:
    """The core KPIs of a profile in the copy, in their order."""
    read = (registry.read(file)[0] for file in registry.files(it.root / "dbt_project"))
    return metrics_lint.Project(it.root, tuple(metric for metric in read if metric), TODAY).core(profile)


def no_core(it: Copy, metric: str) -> None:
    it.change(yaml_of(metric), r"^        core_in: .*\n", "")


def aim_at_nothing(it: Copy, metric: str) -> None:
    text = (it.root / TARGETS).read_text(encoding="utf-8")
    it.write(TARGETS, "".join(row for row in text.splitlines(keepends=True) if f",{metric}," not in row))


def eight_in_the_core(it: Copy) -> None:
    spare = next(name for name in ("working_capital", "current_ratio") if name not in {m.name for m in core(it, "mkb")})
    it.change(yaml_of(spare), r"^(        profiles: .*)$", r"\1\n        core_in: {mkb: 7}")


def four_in_the_core(it: Copy) -> None:
    for metric in core(it, "saas")[4:]:
        no_core(it, metric.name)


def none_leading(it: Copy) -> None:
    for metric in core(it, "mkb"):
        it.change(yaml_of(metric.name), "timing: .*", 'timing: "lagging"')


def a_place_twice(it: Copy) -> None:
    it.change(yaml_of(core(it, "mkb")[1].name), r"core_in: \{.*mkb: 2", "core_in: {mkb: 1")


def twins_in_the_core(it: Copy) -> None:
    no_core(it, core(it, "mkb")[0].name)
    it.edit(yaml_of("equity_to_debt"), "        twins:", "        core_in: {mkb: 1}\n        twins:")


BREAKS: dict[str, tuple[Callable[[Copy], object], str, str]] = {
    # what is broken: how, and what is said about it: where and what (a regular expression), and what to do
    "a_key_with_a_typing_mistake": (
        lambda it: it.edit(AOV, "        owner:", "        ower:"),
        r"aov\.yml:\d+: meta\.ower is not a key the registry knows",
        "a neighbour's YAML shows it",
    ),
    "a_value_that_is_none": (
        lambda it: it.edit(AOV, 'unit: "currency"', 'unit: "euro"'),
        r"aov\.yml:\d+: meta\.unit is 'euro'; it can be 'currency', 'percent'",
        "dbt_project/README.md says what each key is for",
    ),
    "a_core_kpi_without_owner": (
        lambda it: it.change(AOV, r"^        owner:.*\n", ""),
        r"aov\.yml:\d+: meta\.owner is missing\. The role that answers for the number",
        "a neighbour's YAML shows it",
    ),
    "a_definition_missing_in_dutch": (
        lambda it: it.change(AOV, r"^        definition_nl:.*\n", ""),
        r"aov\.yml:\d+: meta\.definition_nl is missing\. What it is, in one plain Dutch sentence",
        "a neighbour's YAML shows it",
    ),
    "a_definition_missing_in_english": (
        lambda it: it.change(AOV, r"^        definition_en:.*\n", ""),
        r"aov\.yml:\d+: meta\.definition_en is missing",
        "a neighbour's YAML shows it",
    ),
    "a_version_without_its_reason": (
        lambda it: it.change(AOV, r"^            version_reason_nl:.*\n", "", 1),
        r"aov\.yml:\d+: versions\.0\.config\.meta\.version_reason_nl is missing",
        "a neighbour's YAML shows it",
    ),
    "no_target_and_no_reason": (
        lambda it: it.edit(REVENUE, 'target_type: "cumulative"', 'target_type: "none"'),
        r"revenue\.yml:\d+: meta: target_type none needs no_target_reason",
        "a neighbour's YAML shows it",
    ),
    "no_yaml_at_all": (
        lambda it: it.edit(AOV, "models:", "models: ["),
        r"aov\.yml:\d+: it can't be read as YAML",
        "a neighbour's YAML shows it",
    ),
    "another_domain_than_the_folder": (
        lambda it: it.edit(AOV, 'domain: "webshop"', 'domain: "sales"'),
        r"aov\.yml:\d+: domain is sales, and the metric lies in the folder webshop",
        "Move the folder, or change domain",
    ),
    "another_name_than_the_folder": (
        lambda it: it.change(AOV, "metric_aov$", "metric_order_value"),
        r"aov\.yml:1: folder aov, file metric_aov\.yml and model metric_order_value do not go together",
        "call them all aov",
    ),
    "docs_that_say_something_else": (
        lambda it: (
            it.edit(AOV, "description: &definition_en", 'description: "Something else."\n    x: &definition_en')
            or it.change(AOV, r"^    x: &definition_en .*\n", "")
            or it.edit(AOV, "*definition_en", '"The mean order."')
        ),
        r"aov\.yml:\d+: description and definition_en differ",
        r"Write the text once: `description: &definition_en",
    ),
    "a_version_without_sql": (
        lambda it: it.remove(f"{METRICS}/webshop/aov/metric_aov_v1.sql"),
        r"aov\.yml:\d+: version 1 has no SQL: metric_aov_v1\.sql is not there",
        "Write the file, or take the version out of versions",
    ),
    "sql_without_a_version": (
        lambda it: it.write(f"{METRICS}/webshop/aov/metric_aov_v3.sql", "-- Grain: one row per period.\nselect 1"),
        r"metric_aov_v3\.sql:1: version 3 is not under versions of metric_aov\.yml",
        "Add it there with valid_from and the reason in Dutch and English",
    ),
    "a_latest_version_that_is_none": (
        lambda it: it.edit(AOV, "latest_version: 2", "latest_version: 3"),
        r"aov\.yml:\d+: latest_version is 3, which is not under versions",
        "Write 2, or add version 3",
    ),
    "a_version_twice": (
        lambda it: it.edit(AOV, "- v: 2", "- v: 1"),
        r"aov\.yml:\d+: version 1 is 2 times under versions",
        "Keep one",
    ),
    "a_version_without_a_worked_case": (
        lambda it: it.edit(AOV, "{include: [2]}", "{include: [1]}"),
        r"aov\.yml:\d+: no unit test proves version 2",
        "Add one with a worked case",
    ),
    "a_case_of_another_metric": (
        lambda it: it.change(AOV, "    model: metric_aov$", "    model: metric_orders", 1),
        r"aov\.yml:\d+: unit test aov_v1_is_total_sales_per_order is about metric_orders",
        "Here it is about metric_aov",
    ),
    "a_version_that_ends_without_a_next_one": (
        lambda it: it.edit(AOV, "            replaced_by: 2\n", ""),
        r"aov\.yml:\d+: version 1 is deprecated, and nothing says what to use instead",
        "Add replaced_by",
    ),
    "a_version_replaced_by_none": (
        lambda it: it.edit(AOV, "            replaced_by: 2\n", "            replaced_by: 4\n"),
        r"aov\.yml:\d+: version 1 is replaced by version 4, which is not another version of it",
        "Versions are 1, 2",
    ),
    "a_version_nobody_explains": (
        lambda it: it.remove(f"{METRICS}/webshop/aov/bridge_aov_v2.sql"),
        r"aov\.yml:\d+: nothing explains how version 2 differs from version 1",
        r"Write bridge_aov_v2\.sql and bridge_aov_v2\.yml",
    ),
    "a_part_of_a_difference_without_a_name": (
        lambda it: it.change(AOV, r" *- {component: shipping,.*\n", ""),
        r"aov\.yml:\d+: bridge of version 2 names tax, returns, and bridge_aov_v2\.sql has tax, shipping, returns",
        "Name each component once",
    ),
    "a_version_that_does_not_say_it_is_replaced": (
        lambda it: it.change(AOV, r" *deprecated_on: .*\n *replaced_by: .*\n", ""),
        r"aov\.yml:\d+: version 2 is there, and version 1 does not say that it is replaced",
        r'Add deprecated_on: "2023-01-09" and replaced_by: 2 to version 1',
    ),
    "an_edition_with_a_replaced_version": (
        lambda it: it.edit(EDITION, "quick_ratio_liquidity@2", "quick_ratio_liquidity@1"),
        r"management\.yml:\d+: edition management shows quick_ratio_liquidity@1, which was replaced on 2023-07-01",
        r"Show quick_ratio_liquidity@2; under `versions` both may stand side by side",
    ),
    "a_formula_that_changed_under_its_version": (
        lambda it: it.edit(f"{METRICS}/webshop/aov/metric_aov_v2.sql", "gross_amount - ", "gross_amount + "),
        r"metric_aov_v2\.sql:1: the formula of aov changed, and it is still version 2 \(fingerprint [0-9a-f]{16}, signed",
        r"put this file back and make it version 3\. When no published number moves, run `kerncijfers metrics sign aov`",
    ),
    "sql_that_is_none": (
        lambda it: it.edit(f"{METRICS}/webshop/aov/metric_aov_v2.sql", "{{ ref(", "{{ ref('"),
        r"metric_aov_v2\.sql:1: line \d+: this is no Jinja",
        "Mend the SQL",
    ),
    "a_line_of_no_statement": (
        lambda it: it.edit(REVENUE, "income.net_revenue", "income.turnover"),
        r"revenue\.yml:\d+: reconciles_to names income\.turnover, which is no line of statement_lines\.csv",
        "Lines are income.net_revenue",
    ),
    "a_version_with_a_line_of_no_statement": (
        lambda it: it.edit(
            yaml_of("net_burn"), "version_reconciles_to: [income.ebitda]", "version_reconciles_to: [income.x]"
        ),
        r"net_burn\.yml:\d+: version_reconciles_to names income\.x, which is no line of statement_lines\.csv",
        "Lines are income.net_revenue",
    ),
    "a_number_from_the_books_that_reconciles_to_nothing": (
        lambda it: it.change(REVENUE, r"reconciles_to: .*", 'reconciles_to: "none"'),
        r"revenue\.yml:\d+: it reads the ledger and reconciles to none",
        "Name the lines of the statements",
    ),
    "a_number_from_elsewhere_that_reconciles": (
        lambda it: it.change(AOV, r"^        reconciles_to: .*", "        reconciles_to: [income.net_revenue]"),
        r"aov\.yml:\d+: it reconciles to the books, and ledger is not among its sources",
        "Add ledger to sources",
    ),
    "more_than_seven_core_kpis": (
        eight_in_the_core,
        r"profile mkb has 8 core KPIs: .*More than 7 is no focus",
        "Take one out of core_in",
    ),
    "fewer_than_five_core_kpis": (
        four_in_the_core,
        r"profile saas has 4 core KPIs: mrr, .*5 is the least",
        r"core_in: \{saas",
    ),
    "fewer_than_two_leading": (
        none_leading,
        r"profile mkb has 0 leading core KPIs \(none\)",
        "Choose at least 2 that move before the result does",
    ),
    "a_place_twice": (
        a_place_twice,
        r"the core KPIs of profile mkb are .* with places 1, 1, 3, ",
        r"Number them 1 to \d, each once",
    ),
    "twins_that_are_both_core": (
        twins_in_the_core,
        r"\.yml:\d+: equity_to_debt and solvency are twins, and both core in profile mkb",
        "Take one of them out of core_in",
    ),
    "a_company_that_chose_too_few": (
        lambda it: it.change("company.toml", r"^core = .*", 'core = ["mrr", "nps"]'),
        r"company\.toml:\d+: Koffiebranderij De Linde B\.V\. has 2 core KPIs: nps, mrr\. 5 is the least",
        r"Add others to \[kpis\] core",
    ),
    "a_company_that_chose_twins": (
        lambda it: it.change("company.toml", r'"solvency"', '"solvency", "equity_to_debt"'),
        r"company\.toml:\d+: equity_to_debt and solvency are twins, and both core in Koffiebranderij",
        r"Take one of them out of \[kpis\] core",
    ),
    "core_where_it_is_not_meant_for": (
        lambda it: it.change(yaml_of("solvency"), r"profiles: .*", "profiles: [saas]"),
        r"solvency\.yml:\d+: it is core in profile mkb, which is not among its profiles",
        "Add mkb to profiles",
    ),
    "an_unknown_twin": (
        lambda it: it.edit(AOV, "twins: [net_aov]", "twins: [net_aov, nothing]"),
        r"aov\.yml:\d+: its twin nothing is no metric",
        "Take it out of twins",
    ),
    "a_twin_that_does_not_know_it": (
        lambda it: it.edit(AOV, "twins: [net_aov]", "twins: [net_aov, revenue]"),
        r"aov\.yml:\d+: revenue does not name it as a twin",
        "Add aov to twins of revenue",
    ),
    "an_alias_of_two_metrics": (
        lambda it: it.edit(REVENUE, "aliases: [", "aliases: [average_order_value, "),
        r"\.yml:\d+: alias average_order_value already means",
        "Choose another",
    ),
    "a_core_kpi_with_target_type_none": (
        lambda it: it.edit(
            AOV, 'target_type: "level"', 'target_type: "none"\n        no_target_reason: "It goes as it goes."'
        ),
        r"aov\.yml:\d+: it is a core KPI \(ecommerce\) without a target",
        "Choose a target_type, or take it out of core_in",
    ),
    "a_core_kpi_of_the_company_without_a_target": (
        lambda it: aim_at_nothing(it, "solvency"),
        r"targets\.csv:1: solvency is a core KPI of Koffiebranderij De Linde B\.V\. without a target",
        "Add a row for koffiebranderij_de_linde_bv, solvency: its target_type is floor",
    ),
    "a_core_kpi_of_its_profile_without_a_target": (
        lambda it: it.change("company.toml", r"^core = .*\n", "") or aim_at_nothing(it, "aov"),
        r"targets\.csv:1: aov is a core KPI of Koffiebranderij De Linde B\.V\. without a target",
        "Add a row for koffiebranderij_de_linde_bv, aov: its target_type is level",
    ),
    "a_metric_nobody_reads": (
        lambda it: it.change(EDITION, r"^  *- tickets@1\n", ""),
        r"metric_tickets\.yml:1: no edition shows tickets: nobody reads it",
        "Add tickets@1 to a file in reports/editions, or remove the metric",
    ),
    "an_edition_that_shows_what_is_not_there": (
        lambda it: it.edit(EDITION, "- tickets@1", "- tickets@1\n  - tickets@9"),
        r"management\.yml:\d+: edition management shows tickets@9, which does not exist",
        "Pin a version that does",
    ),
    "a_benchmark_nobody_verified_for_18_months": (
        lambda it: it.change(BENCHMARKS, r"^(solvency_kvk,.*)2026-11-25", r"\g<1>2025-05-24"),
        r"benchmarks\.csv:\d+: benchmark solvency_kvk was last verified on 2025-05-24, more than 18 months ago",
        r"Look at https://financielekengetallen\.nl: correct the figure",
    ),
    "a_benchmark_verified_on_no_day": (
        lambda it: it.change(BENCHMARKS, r"^(solvency_kvk,.*)2026-11-25", r"\g<1>autumn"),
        r"benchmarks\.csv:\d+: verified_on of benchmark solvency_kvk is 'autumn': ",
        "It is: the day somebody last looked at the source",
    ),
    "a_benchmark_from_no_country": (
        lambda it: it.change(BENCHMARKS, r"^(solvency_kvk,.*),NL,", r"\1,XQ,"),
        r"benchmarks\.csv:\d+: geography of benchmark solvency_kvk is 'XQ': ",
        "It is: a code of CLDR: NL, US, 001",
    ),
    "a_benchmark_of_no_profile": (
        lambda it: it.edit(BENCHMARKS, "solvency_kvk,solvency,,", "solvency_kvk,solvency,bakery,"),
        r"benchmarks\.csv:\d+: profile of benchmark solvency_kvk is 'bakery': ",
        "It is: the profile it fits",
    ),
    "a_benchmark_without_a_source": (
        lambda it: it.change(BENCHMARKS, r'^(solvency_kvk,.*,)"KVK[^"]*"', r"\1"),
        r"benchmarks\.csv:\d+: source of benchmark solvency_kvk is empty: ",
        "It is: who published it",
    ),
    "a_benchmark_of_no_metric": (
        lambda it: it.edit(BENCHMARKS, "solvency_kvk,solvency,", "solvency_kvk,solvability,"),
        r"benchmarks\.csv:\d+: benchmark solvency_kvk is about solvability, which is no metric",
        "Name the metric, or remove the row",
    ),
    "a_benchmark_that_differs_and_does_not_say_how": (
        lambda it: it.change(BENCHMARKS, r"^(activation_rate_lenny,.*,differs,).*", r"\1,"),
        r"benchmarks\.csv:\d+: the definition of benchmark activation_rate_lenny differs, and it does not say how",
        "Fill in caution_nl and caution_en",
    ),
    "a_union_that_is_out_of_date": (
        lambda it: it.edit("dbt_project/models/reporting/int_metrics_unioned.sql", "union all", "union"),
        r"int_metrics_unioned\.sql:1: it is out of date",
        "Run `kerncijfers metrics sync`",
    ),
    "exposures_that_are_out_of_date": (
        lambda it: it.edit("dbt_project/models/reporting/_reporting__exposures.yml", "owner:", "owned_by:"),
        r"_reporting__exposures\.yml:1: it is out of date with reports/editions",
        "Run `kerncijfers metrics sync`",
    ),
    "an_edition_without_owner": (
        lambda it: it.change(EDITION, r"^owner: .*\n", ""),
        r"management\.yml:\d+: edition management has no owner",
        "dbt docs show who answers for it",
    ),
    "a_schema_that_is_out_of_date": (
        lambda it: it.edit("dbt_project/metric.schema.json", '"points"', '"marks"'),
        r"metric\.schema\.json:1: it is out of date",
        "Run `kerncijfers metrics schema`",
    ),
    "no_schema": (
        lambda it: it.remove("dbt_project/metric.schema.json"),
        r"metric\.schema\.json:1: it is out of date",
        "Run `kerncijfers metrics schema`",
    ),
    "a_yaml_that_does_not_lead_to_the_schema": (
        lambda it: it.edit(AOV, registry.MODELINE, "# A metric."),
        r"aov\.yml:1: editors can't find the schema",
        f"Make this the first line: {re.escape(registry.MODELINE)}",
    ),
}


@pytest.mark.parametrize(("break_it", "said", "advised"), BREAKS.values(), ids=BREAKS.keys())
def test_the_lint_says_where_what_and_what_to_do_about(
    copied: Copy, break_it: Callable[[Copy], object], said: str, advised: str
) -> None:
    break_it(copied)
    fits = [
        finding
        for finding in metrics_lint.check(copied.root, TODAY)
        if re.search(said, f"{finding.file}:{finding.line}: {finding.what}") and re.search(advised, finding.advice)
    ]
    assert len(fits) == 1, [str(finding) for finding in metrics_lint.check(copied.root)]


def test_the_copy_is_as_it_should_be(project: Path) -> None:
    assert metrics_lint.check(project, TODAY) == []


def test_a_benchmark_is_good_for_18_months_to_the_day(copied: Copy) -> None:
    copied.change(BENCHMARKS, r"^(solvency_kvk,.*)2026-11-25", r"\g<1>2025-05-25")
    assert metrics_lint.check(copied.root, TODAY) == []


def test_every_rule_is_broken_above() -> None:
    """A rule without a test above would find nothing in this list of its own advice."""
    source = Path(metrics_lint.__file__).read_text(encoding="utf-8")
    assert source.count("yield project.at(") + 1 <= len(BREAKS)


def test_an_edition_with_the_core_of_the_profile_reads_every_core_kpi(copied: Copy) -> None:
    def unread() -> set[str]:
        return {f.file.parent.name for f in metrics_lint.check(copied.root) if "nobody reads it" in f.what}

    name = core(copied, "saas")[0].name
    for file in sorted((copied.root / "reports" / "editions").glob("*.yml")):
        edition = yaml.safe_load(file.read_text(encoding="utf-8"))
        copied.write(str(file.relative_to(copied.root)), yaml.safe_dump(without(edition, name) | {"core": []}))
    assert name in unread()
    copied.change(EDITION, r"^core: .*", "core: profile")
    assert name not in unread()


def without(part: Any, metric: str) -> Any:
    """An edition that does not name a metric."""
    if isinstance(part, dict):
        return {key: without(value, metric) for key, value in part.items()}
    if isinstance(part, list):
        return [item for item in part if not str(item).startswith(f"{metric}@")]
    return part


def test_the_command_prints_every_finding_and_exits_with_1(copied: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "PROJECT", copied.root)
    copied.edit(AOV, 'domain: "webshop"', 'domain: "sales"')
    copied.edit(AOV, "latest_version: 2", "latest_version: 3")
    done = CliRunner().invoke(cli.app, ["metrics", "check"])
    assert done.exit_code == 1
    assert "domain is sales" in done.output
    assert "Write 2, or add version 3" in done.output
    assert "2 findings" in done.output


def test_the_lint_takes_less_than_three_seconds_of_work_and_no_dbt() -> None:
    work = "import sys, time; from pathlib import Path; from orchestration import metrics_lint; metrics_lint.check(Path('.'))"
    told = subprocess.run(
        [sys.executable, "-c", f"{work}; print(time.process_time(), 'dbt' in sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, dbt = told.stdout.split()
    assert (float(seconds) < 3, dbt) == (True, "False"), told.stdout
