"""MetricFlow computes the same numbers along a second route: from events and daily marts, by SQL it writes itself.

Every metric in `models/semantic` is named after one of ours, `revenue_v1` after `revenue@1`. MetricFlow's own SQL runs on
the demo company's warehouse (as SQL, so that decimals stay decimals) and is compared with `rpt_metric_values`.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ingestion import demo
from tests.end_to_end.conftest import MakeCompany

pytestmark = pytest.mark.integration

_KPI = re.compile(r"(?P<metric>[a-z0-9_]+)_v(?P<version>[0-9]+)")
# Ours -> MetricFlow's name of the same period, and its label.
_GRAINS = {
    "month": ("metric_time__month", "strftime(metric_time__month, '%Y-%m')"),
    "quarter": ("metric_time__fiscal_quarter", "metric_time__fiscal_quarter"),
    "year": ("metric_time__fiscal_year", "metric_time__fiscal_year"),
}
# What a sum over events cannot say, and why. A new metric of ours is added here or to `models/semantic`.
_NOT_EXPRESSIBLE = {
    "looks back over three months in a month and over its own months otherwise": [
        "gross_burn@1",
        "net_burn@1",
        "net_burn@2",
    ],
    "a balance over a burn of another window": ["runway@1", "runway_with_securities@1"],
    "a balance times the days of its period": ["dso_closing@1"],
    "the opening and the closing balance of one period together": [
        "ccc@1",
        "dio@1",
        "dpo@1",
        "dso@1",
        "inventory_turnover@1",
    ],
    "repayments are netted per day before they are added": ["dscr@1", "dscr@2"],
    "exists over twelve months only": ["debt_to_ebitda@1"],
    "a sum of quotients": [
        "rule_of_40@1",
        "rule_of_40_ebitda@1",
        "rule_of_40_gross@1",
        "rule_of_40_operating@1",
    ],
    "its parts are quotients themselves": [
        "cac_payback@1",
        "cac_payback_all_customers@1",
        "cac_payback_net_new@1",
        "clv_cac@1",
        "clv_cac_revenue@1",
        "ltv@1",
        "ltv@2",
        "ltv_capped@1",
    ],
    "a power": ["annualised_churn@1", "annualised_gross_retention@1"],
    "a model of what customers will buy": [
        "clv@1",
        "clv_margin@1",
        "clv_multiple_advance@1",
        "clv_multiple_arrears@1",
        "subscriber_clv@1",
    ],
    "the mean over the months, not their sum": [
        "average_arr@1",
        "revenue_per_fte@1",
        "backlog_months@1",
        "continuity_reserve@1",
    ],
    "a median or a percentile": [
        "resolution_time@1",
        "response_time@1",
        "response_time_business@1",
        "response_time_business_p90@1",
        "response_time_p90@1",
        "sales_cycle@1",
        "sales_cycle_with_open@1",
        "unanswered_age@1",
    ],
    "what was open at the end is no event": [
        "contracted_arr@1",
        "expected_bookings@1",
        "open_pipeline@1",
        "order_backlog@1",
        "overdue_payables@1",
        "overdue_receivables@1",
        "unanswered_tickets@1",
    ],
    "targets of the months after the period": ["expected_target_share@1", "pipeline_coverage@1"],
    "customers are ranked or counted by how often they came": [
        "repeat_purchase_rate@1",
        "revenue_concentration@1",
        "revenue_hhi@1",
        "top5_customer_share@1",
        "top_customer_share@1",
    ],
    "people are followed from one period to another": [
        "cohort_retention@1",
        "donor_retention@1",
        "gross_mrr_churn_after_grace@1",
        "logo_churn_after_grace@1",
    ],
    "a base counts only when the source reaches it in full": [
        "fundraising_cost_ratio_three_years@1",
        "income_growth@1",
        "income_growth_three_years@1",
    ],
    "no mart holds single answers, campaigns, leads, tickets or sign-ups on their local day": [
        "activation_rate@1",
        "campaign_response_rate@1",
        "campaign_roi@1",
        "cost_per_lead@1",
        "csat@1",
        "csat_per_respondent@1",
        "csat_without_neutral@1",
        "lead_conversion@1",
        "marketing_leads@1",
        "nps@1",
        "nps_per_respondent@1",
        "tickets@1",
        "trial_conversion@1",
    ],
}

# The demo company records no key events, invoiced hours, payments per hour or contracts.
_NOT_IN_THE_DEMO = {
    "key_event_rate@1",
    "realisation_hours@1",
    "collection_rate@1",
    "utilisation_of_available@1",
    "utilisation_of_contract@1",
}


@dataclass(frozen=True)
class Mapped:
    """One metric of MetricFlow that is also one of ours."""

    name: str
    metric: str
    version: int
    numerator: str
    denominator: str | None
    limits: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ours(self) -> str:
        return f"{self.metric}@{self.version}"

    def covers(self, grain: str, scope: str) -> bool:
        return grain in self.limits.get("grains", list(_GRAINS)) and scope in self.limits.get("scopes", [scope])


@dataclass(frozen=True)
class SecondRoute:
    """The demo company as MetricFlow sees it."""

    data: Path
    project: Path
    environment: dict[str, str]

    def mf(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("mf")), *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def mapped(self) -> list[Mapped]:
        manifest = json.loads((self.project / "target" / "semantic_manifest.json").read_bytes())
        found = [(metric, _KPI.fullmatch(metric["name"])) for metric in manifest["metrics"]]
        return [self._mapped(metric, match) for metric, match in found if match]

    def _mapped(self, metric: dict[str, Any], match: re.Match[str]) -> Mapped:
        ratio = metric["type_params"] if metric["type"] == "ratio" else None
        return Mapped(
            name=metric["name"],
            metric=match["metric"],
            version=int(match["version"]),
            numerator=ratio["numerator"]["name"] if ratio else metric["name"],
            denominator=ratio["denominator"]["name"] if ratio else None,
            limits=(metric["config"] or {}).get("meta") or {},
        )

    def compare(self, grain: str, scope: str) -> dict[str, tuple[int, list[Any]]]:
        """Per metric of ours: how many values were compared, and what differs.

        `scope` is total, or what the scopes of one kind begin with, such as channel.
        """
        group_by, period = _GRAINS[grain]
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self.environment['KERNCIJFERS_WAREHOUSE']}' as warehouse (read_only)")
            connection.execute("use warehouse")
            published = {
                f"{metric}@{version}"
                for metric, version in connection.execute(
                    """
                    select distinct metric, version from reporting.rpt_metric_values
                    where scope = $scope or scope like $scope || ':%'
                    """,
                    {"scope": scope},
                ).fetchall()
            }
            mapped = [one for one in self.mapped() if one.covers(grain, scope) and one.ours in published]
            flows = [one.ours for one in mapped if one.denominator is None]
            names = {name for one in mapped for name in (one.name, one.numerator, one.denominator) if name}
            group = group_by if scope == "total" else f"{group_by},{scope}"
            sql = self.mf("query", "--metrics", ",".join(sorted(names)), "--group-by", group, "--explain", "--quiet")
            connection.execute(f"create temp table answer as {sql}")
            label = "'total'" if scope == "total" else f"'{scope}:' || {scope}"
            connection.execute(
                "create temp table theirs as "
                + " union all ".join(
                    f"""
                    select '{one.ours}' as metric, {period} as period, {label} as scope,
                        cast({one.numerator} as decimal(28, 6)) as numerator,
                        cast({one.denominator or "1"} as decimal(28, 6)) as denominator,
                        cast({one.name} as decimal(28, 10)) as value
                    from answer where {label} is not null
                    """
                    for one in mapped
                )
            )
            # Allowed, because there is a reason: a month of silence is a measured zero for us and no row for MetricFlow;
            # where ours has no row, MetricFlow has no value or zero, but for the opening balance on the day before the
            # books begin; growth without a full base has none for either.
            rows = connection.execute(
                """
                with ours as (
                    select metric || '@' || version as metric, period, scope, numerator, denominator, value, reason
                    from reporting.rpt_metric_values
                    where grain = $grain and (scope = $scope or scope like $scope || ':%')
                        and metric || '@' || version in (select metric from theirs)
                ),
                before_the_books as (
                    select periods.period
                    from intermediate.int_source_coverage as coverage
                    inner join marts.dim_period as periods
                        on coverage.first_date - 1 between periods.period_start and periods.period_end
                    where coverage.source = 'ledger' and periods.period_grain = $grain
                ),
                compared as (
                    select
                        metric, period, scope, ours.reason,
                        ours.numerator, ours.denominator, ours.value,
                        theirs.numerator as their_numerator, theirs.denominator as their_denominator,
                        theirs.value as their_value,
                        case
                            when ours.numerator is null
                                then coalesce(theirs.value, 0) <> 0
                                    and (metric, period) not in (
                                        select (unnest($balances), period) from before_the_books
                                    )
                            when ours.reason = 'no_base' then coalesce(theirs.denominator, 0) <> 0
                            else
                                ours.numerator <> coalesce(theirs.numerator, 0)
                                or ours.denominator <> coalesce(theirs.denominator, case when metric in (select unnest($flows)) then 1 else 0 end)
                                or (ours.value is not null and ours.value <> coalesce(theirs.value, 0))
                        end as differs
                    from ours
                    full outer join theirs using (metric, period, scope)
                )
                select metric, count(value), list(compared) filter (differs) from compared group by metric
                """,
                {"grain": grain, "scope": scope, "balances": self.balances(), "flows": flows},
            ).fetchall()
        return {metric: (count, differences or []) for metric, count, differences in rows}

    def balances(self) -> list[str]:
        """Metrics over what stands on the accounts at a month end."""
        manifest = json.loads((self.project / "target" / "semantic_manifest.json").read_bytes())
        measures = {
            measure["name"]
            for model in manifest["semantic_models"]
            if model["name"] == "balances"
            for measure in model["measures"]
        }
        inputs = {
            metric["name"]: {one["name"] for one in _inputs(metric["type_params"])} for metric in manifest["metrics"]
        }
        return [one.ours for one in self.mapped() if (inputs[one.name] | {one.numerator}) & measures]


def _inputs(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    measure = parameters.get("measure")
    return [*([measure] if measure else []), *(parameters.get("metrics") or [])]


@pytest.fixture(scope="module")
def route(make_company: MakeCompany, project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> SecondRoute:
    """The demo company, which for once also has a statement by function and people it reached."""
    company = make_company()
    demo.write(company.inbox, size=0.3)
    duckdb.sql(
        """
        select 'E' || i as entry_id, date '2024-01-01' + cast(i * 3 as integer) as booked_on, 100 + i % 7 * 13.37 as amount,
            ['raised_income', 'other_income', 'goal_spending', 'fundraising_cost', 'administration_cost'][1 + i % 5] as category
        from range(240) as days(i)
        """
    ).write_csv(str(company.inbox / "functions.csv"))
    duckdb.sql(
        """
        select 'P' || i * i % 97 as person_id, date '2024-01-01' + cast(i as integer) as reached_on,
            ['school', 'sport'][1 + i % 2] as programme, i % 3 = 0 as has_outcome
        from range(700) as days(i)
        """
    ).write_csv(str(company.inbox / "people.csv"))
    toml = (project_root / "company.toml").read_text(encoding="utf-8")
    (company.inbox / "company.toml").write_text(toml + _DECLARED, encoding="utf-8")
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr

    root = tmp_path_factory.mktemp("metricflow")
    project = root / "dbt_project"
    shutil.copytree(project_root / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs"))
    warehouse = root / "warehouse.duckdb"
    shutil.copy(company.marts(), warehouse)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KERNCIJFERS_", "DBT_"))}
    environment |= {
        "KERNCIJFERS_WAREHOUSE": str(warehouse),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    parsed = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--quiet", "parse"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert parsed.returncode == 0, parsed.stdout + parsed.stderr
    return SecondRoute(data=company.data, project=project, environment=environment)


_DECLARED = """
[[files]]
name = "functions"
entity = "function_results"
pattern = "functions.csv"
key = ["entry_id"]
[files.columns]
entry_id = "entry_id"
booked_on = "booked_on"
category = "category"
amount = "amount"
[files.values]
currency = "EUR"

[[files]]
name = "people"
entity = "beneficiaries"
pattern = "people.csv"
key = ["person_id", "reached_on", "programme"]
[files.columns]
person_id = "person_id"
reached_on = "reached_on"
programme = "programme"
has_outcome = "has_outcome"
"""


@pytest.mark.parametrize(
    ("grain", "scope"),
    [
        ("month", "total"),
        ("quarter", "total"),
        ("year", "total"),
        ("month", "channel"),
        ("month", "team"),
        ("year", "programme"),
    ],
)
def test_metricflow_gives_our_numerators_denominators_and_values(route: SecondRoute, grain: str, scope: str) -> None:
    compared = route.compare(grain, scope)
    assert compared
    assert {metric: rows for metric, (_, rows) in compared.items() if rows} == {}
    empty = {metric for metric, (count, _) in compared.items() if count == 0}
    assert empty <= _NOT_IN_THE_DEMO
    print(f"{grain} {scope}: {sum(count for count, _ in compared.values())} values of {len(compared)} metrics")


def test_every_metric_is_in_metricflow_or_has_a_reason_why_not(route: SecondRoute, project_root: Path) -> None:
    files = (project_root / "dbt_project" / "models" / "metrics").rglob("metric_*_v*.sql")
    ours = {f"{match['metric']}@{match['version']}" for file in files if (match := _KPI.fullmatch(file.stem[7:]))}
    mapped = [one.ours for one in route.mapped()]
    reasons = [metric for metrics in _NOT_EXPRESSIBLE.values() for metric in metrics]
    assert sorted([*mapped, *reasons]) == sorted(ours)


def test_a_metric_is_labelled_with_our_name_of_it(project_root: Path) -> None:
    for file in sorted((project_root / "dbt_project" / "models" / "semantic").glob("*.yml")):
        for metric in yaml.safe_load(file.read_text(encoding="utf-8")).get("metrics", []):
            match = _KPI.fullmatch(metric["name"])
            assert not match or metric["label"] == f"{match['metric']}@{match['version']}"


def test_make_mf_answers_as_a_user_asks(route: SecondRoute, project_root: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.csv"
    question = f"query --metrics orders_v1,gross_margin_v1 --group-by metric_time__fiscal_year --csv {answer}"
    done = subprocess.run(
        ["make", "mf", f"DATA={route.data}", f"ARGS={question}"],
        cwd=project_root,
        env={key: value for key, value in os.environ.items() if not key.startswith(("KERNCIJFERS_", "DBT_"))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with answer.open(encoding="utf-8") as file:
        years = {row["metric_time__fiscal_year"]: row for row in csv.DictReader(file)}
    with duckdb.connect(str(route.data / "current" / "kerncijfers.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            """
            select period, metric, value from reporting.rpt_metric_values
            where grain = 'year' and scope = 'total' and metric in ('orders', 'gross_margin') and value is not null
            """
        ).fetchall()
    assert len(rows) == 6
    for period, metric, value in rows:
        assert float(years[period][f"{metric}_v1"]) == pytest.approx(float(value), rel=1e-9)
