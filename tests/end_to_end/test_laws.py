"""Laws that every version of every metric keeps, over a company that has every source and over the demo company.

Each law is a query for what breaks it, so that a failure names period, scope and figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml

from tests.end_to_end.conftest import Company, Released
from tests.end_to_end.everything import INSTANTS

pytestmark = pytest.mark.integration

METRICS = Path(__file__).parents[2] / "dbt_project" / "models" / "metrics"
REGISTRY = {
    file.parent.name: yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["models"][0]
    for file in sorted(METRICS.glob("*/*/metric_*.yml"))
}
EVERY = [(name, version["v"]) for name, model in REGISTRY.items() for version in model["versions"]]

REASONS = {
    *("source_absent", "no_data", "partial_period", "no_denominator", "no_base", "negative_base"),
    *("insufficient_n", "not_applicable", "not_yet_mature", "model_rejected", "source_stale"),
}

# Ratios and scores of which both parts are counted or summed over rows, each in one period: they add up over months.
ADDITIVE = {
    *("activation_rate", "admin_ratio", "aov", "billable_utilisation", "cac", "collection_rate", "contribution_margin"),
    *("conversion", "cpa", "csat", "dscr", "ebitda_margin", "effective_rate", "fundraising_cost_ratio"),
    *("goal_spend_ratio_expense", "goal_spend_ratio_income", "gross_margin", "key_event_rate", "mer", "net_aov"),
    *("campaign_response_rate", "campaign_roi", "lead_conversion", "net_margin", "nps", "project_margin"),
    *("realisation_hours", "realisation_rate"),
    *("refund_order_rate", "refund_rate", "revenue_per_session", "roas", "saas_quick_ratio", "trial_conversion"),
    *("utilisation_of_available", "utilisation_of_contract", "win_rate"),
}
# A day without a refund, an adjustment or a project's cost is a day with none: such a source is never silent.
NEVER_SILENT = ("refunds", "adjustments", "project_costs")

# A scope that is not one of the parts a total falls apart into.
NO_PARTS = ("total", "customer:identified")

Query = Callable[[str], list[tuple]]


def of_class(*classes: str) -> list[tuple[str, int]]:
    return [(name, version) for name, version in EVERY if REGISTRY[name]["config"]["meta"]["class"] in classes]


def named(metric: tuple[str, int]) -> str:
    return f"{metric[0]}@{metric[1]}"


def open_marts(company: Company) -> duckdb.DuckDBPyConnection:
    """The private warehouse of the current release, under the name its views use."""
    connection = duckdb.connect()
    connection.execute(f"attach '{company.marts()}' as warehouse (read_only)")
    connection.execute("use warehouse")
    connection.execute("set timezone = 'UTC'")
    return connection


@pytest.fixture(scope="module", params=["everything", "demo"])
def query(request: pytest.FixtureRequest, everything: Company, released_company: Released) -> Iterator[Query]:
    """Rows of a query over one company's warehouse."""
    company = everything if request.param == "everything" else released_company("ecommerce")[0]
    with open_marts(company) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def rows(everything: Company) -> Iterator[Query]:
    """Rows of a query over the warehouse of the company that has every source."""
    with open_marts(everything) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def values(metric: tuple[str, int], alias: str) -> str:
    """The published rows of one metric as a common table expression."""
    name, version = metric
    return f"{alias} as (select * from reporting.rpt_metric_values where metric = '{name}' and version = {version})"


def test_the_laws_are_about_every_metric(rows: Query) -> None:
    published = set(rows("select distinct metric, version from reporting.rpt_metric_values where value is not null"))
    # A model may refuse a company as small as this one; it then has a value nowhere, and a reason everywhere.
    # How old unanswered questions are has no value either: here every question is answered. Three years of growth take four.
    assert set(EVERY) - published <= {*of_class("modelled"), ("unanswered_age", 1), ("income_growth_three_years", 1)}
    assert published <= set(EVERY)
    assert {name for name, _ in of_class("ratio", "score")} >= ADDITIVE


@pytest.mark.parametrize("metric", of_class("flow"), ids=named)
@pytest.mark.parametrize(
    ("whole", "part"), [("quarter", "month"), ("year", "quarter"), ("ttm", "month"), ("all", "month")]
)
def test_a_flow_of_a_longer_period_is_the_sum_of_the_shorter_ones_in_it(
    query: Query, metric: tuple[str, int], whole: str, part: str
) -> None:
    assert (
        query(
            f"""
            with {values(metric, "published")}
            select long.period, long.scope, long.numerator, sum(short.numerator)
            from published long
            left join published short on short.grain = '{part}' and short.scope = long.scope
                and short.period_start between long.period_start and long.period_end
            where long.grain = '{whole}'
            group by all having coalesce(long.numerator, 0) <> coalesce(sum(short.numerator), 0)
            """
        )
        == []
    )


@pytest.mark.parametrize("metric", of_class("flow"), ids=named)
def test_a_flow_is_the_sum_of_its_scopes(query: Query, metric: tuple[str, int]) -> None:
    assert (
        query(
            f"""
            with {values(metric, "published")}
            select total.grain, total.period, split_part(one.scope, ':', 1) as family, total.numerator, sum(one.numerator)
            from published total
            inner join published one on one.grain = total.grain and one.period = total.period and one.scope not in {NO_PARTS}
            where total.scope = 'total'
            group by all having coalesce(total.numerator, 0) <> sum(coalesce(one.numerator, 0))
            """
        )
        == []
    )


@pytest.mark.parametrize("metric", of_class("stock"), ids=named)
def test_a_stock_of_a_longer_period_is_that_of_its_last_month(query: Query, metric: tuple[str, int]) -> None:
    assert (
        query(
            f"""
            with {values(metric, "published")}
            select long.grain, long.period, long.scope, long.value, arg_max(short.value, short.period_start)
            from published long
            left join published short on short.grain = 'month' and short.scope = long.scope
                and short.period_start between long.period_start and long.period_end and short.value is not null
            where long.grain <> 'month'
            group by all having long.value is distinct from arg_max(short.value, short.period_start)
            """
        )
        == []
    )


@pytest.mark.parametrize("metric", EVERY, ids=named)
def test_a_value_is_its_numerator_over_its_denominator_at_every_grain(query: Query, metric: tuple[str, int]) -> None:
    found = query(
        f"with {values(metric, 'p')} select grain, period, scope, value, numerator, denominator from p where value is not null"
    )
    wrong = [
        row
        for row in found
        # Ten decimals, of the fifteen digits a double carries.
        if abs(row[3] - row[4] / row[5]) > max(abs(row[3]) * Decimal("1e-15"), Decimal("1e-10"))
    ]
    assert wrong == []


@pytest.mark.parametrize("metric", [metric for metric in EVERY if metric[0] in ADDITIVE], ids=named)
def test_a_ratio_is_the_sum_of_its_numerators_over_the_sum_of_its_denominators(
    query: Query, metric: tuple[str, int]
) -> None:
    assert (
        query(
            f"""
            with {values(metric, "published")}
            select long.grain, long.period, long.scope, long.numerator, sum(short.numerator), long.denominator, sum(short.denominator)
            from published long
            inner join published short on short.grain = 'month' and short.scope = long.scope
                and short.period_start between long.period_start and long.period_end
            where long.grain <> 'month' and long.numerator is not null
            group by all having long.numerator <> sum(short.numerator) or long.denominator <> sum(short.denominator)
            """
        )
        == []
    )


def test_no_ratio_is_the_mean_of_its_months(rows: Query) -> None:
    """Every additive ratio has a quarter in which months weigh differently, and is not their mean there."""
    compared = rows(
        f"""
        with ratios as (
            select *, metric || '@' || version as name from reporting.rpt_metric_values
            where metric in {tuple(sorted(ADDITIVE))} and scope = 'total' and value is not null
        )
        select long.name, bool_or(long.value <> cast(mean as decimal(28, 10)))
        from ratios long inner join (
            select quarters.name, quarters.period, avg(months.value) as mean
            from ratios quarters inner join ratios months on months.name = quarters.name and months.grain = 'month'
                and months.period_start between quarters.period_start and quarters.period_end
            where quarters.grain = 'quarter' group by all
            having count(*) = 3 and min(months.denominator) <> max(months.denominator) and min(months.value) <> max(months.value)
        ) means on long.name = means.name and long.period = means.period
        where long.grain = 'quarter' group by all
        """
    )
    assert [name for name, differs in compared if not differs] == []
    assert len(compared) > 25


@pytest.mark.parametrize("metric", EVERY, ids=named)
def test_a_metric_counts_and_divides_by_something(query: Query, metric: tuple[str, int]) -> None:
    non_negative = REGISTRY[metric[0]]["config"]["meta"].get("non_negative", False)
    assert (
        query(
            f"""
            with {values(metric, "published")} select grain, period, scope, numerator, denominator, n from published
            where n < 0 or (value is not null and (denominator <= 0 or n is null))
                or ({non_negative} and value is not null and numerator < 0)
            """
        )
        == []
    )


@pytest.mark.parametrize("metric", EVERY, ids=named)
def test_a_value_is_missing_exactly_when_a_known_reason_says_why(query: Query, metric: tuple[str, int]) -> None:
    found = query(f"with {values(metric, 'p')} select grain, period, scope, value, reason from p")
    assert [row for row in found if (row[3] is None) == (row[4] is None)] == []
    assert {row[4] for row in found} - {None} <= REASONS
    # Every period has a row of the total, so that nothing is missing without a word.
    periods = {(grain, period) for grain, period in query("select period_grain, period from marts.dim_period")}
    assert {(row[0], row[1]) for row in found if row[2] == "total"} == periods


@pytest.mark.parametrize("metric", EVERY, ids=named)
def test_there_is_no_value_where_a_source_is_silent(query: Query, metric: tuple[str, int]) -> None:
    sources = [source for source in REGISTRY[metric[0]]["config"]["meta"]["sources"] if source not in NEVER_SILENT]
    assert (
        query(
            f"""
            with {values(metric, "published")}
            select source, first_date, last_date, grain, period, scope, value from published
            inner join intermediate.int_source_coverage
                on source in {(*sources, "")} and (period_end < first_date or period_start > last_date)
            where value is not null
            """
        )
        == []
    )


MISSING_WHEN_PARTIAL = [name for name in EVERY if REGISTRY[name[0]]["config"]["meta"].get("partial") == "missing"]


@pytest.mark.parametrize("metric", MISSING_WHEN_PARTIAL, ids=named)
def test_a_metric_that_needs_whole_periods_has_no_value_when_one_source_covers_less(
    query: Query, metric: tuple[str, int]
) -> None:
    """All time too: it begins when its youngest source does."""
    sources = (*REGISTRY[metric[0]]["config"]["meta"]["sources"], "")
    assert (
        query(
            f"""
            with {values(metric, "published")},
            spans as (
                select min(first_date) as earliest, max(first_date) as latest, min(last_date) as last_date
                from intermediate.int_source_coverage where source in {sources}
            )
            select grain, period, value, reason from published cross join spans
            where value is not null and case
                when grain = 'all' then date_trunc('month', earliest) < date_trunc('month', latest)
                else period_start < date_trunc('month', latest) or period_end > last_date end
            """
        )
        == []
    )


PERIODS = "marts.dim_period periods inner join"
DAY = "cast(timezone('Europe/Amsterdam', {}) as date)"
# numerator / denominator by plain SQL over the rows as they were delivered.
RECOUNTED = {
    "reach": f"""
        select period_grain, period, count(distinct person_id), 1 from {PERIODS} raw_files.beneficiaries r
        on reached_on between period_start and period_end group by all
    """,
    "nps": f"""
        select period_grain, period, sum(case when score >= 9 then 100 when score <= 6 then -100 else 0 end), count(*)
        from {PERIODS} raw_files.survey_responses r
        on survey = 'nps' and {DAY.format("responded_at")} between period_start and period_end group by all
    """,
    "nps_per_respondent": f"""
        select period_grain, period, sum(case when score >= 9 then 100 when score <= 6 then -100 else 0 end), count(*) from (
            select distinct on (period_grain, period, customer_id) period_grain, period, score
            from {PERIODS} raw_files.survey_responses r
            on survey = 'nps' and {DAY.format("responded_at")} between period_start and period_end
            order by responded_at desc, response_id desc
        ) group by all
    """,
    "csat": f"""
        select period_grain, period, count(*) filter (score >= 4), count(*) from {PERIODS} raw_files.survey_responses r
        on survey = 'csat' and {DAY.format("responded_at")} between period_start and period_end group by all
    """,
    "sales_cycle": f"""
        select period_grain, period,
            round(quantile_cont({DAY.format("closed_at")} - {DAY.format("created_at")}, 0.5), 2), 1
        from {PERIODS} raw_files.deals r
        on status = 'won' and {DAY.format("closed_at")} between period_start and period_end group by all
    """,
    "repeat_purchase_rate": f"""
        select period_grain, period, count(*) filter (orders >= 2), count(*) from (
            select period_grain, period, customer_id, count(*) as orders from {PERIODS} (
                select order_id, any_value(customer_id) as customer_id, min(ordered_at) as moment from (
                    select * from raw_files.orders qualify row_number() over (partition by order_id order by file_name desc) = 1
                ) where status is null or status = 'completed' group by order_id
                union all
                select order_id, max(customer_id), min(ordered_at) from raw_files.order_lines
                where line_type <> 'refund' group by order_id having count(*) filter (line_type = 'sale') > 0
            ) r on {DAY.format("moment")} between period_start and period_end group by all
        ) group by all
    """,
    "visitor_conversion": f"""
        select period_grain, period, count(distinct visitor_id) filter (has_purchase), count(distinct visitor_id)
        from {PERIODS} raw_files.sessions r
        on {DAY.format("started_at")} between period_start and period_end group by all
    """,
    "time_per_project": f"""
        select period_grain, period, sum(hours), count(distinct project_id) from {PERIODS} raw_files.hours r
        on worked_on between period_start and period_end group by all
    """,
}


@pytest.mark.parametrize("metric", RECOUNTED)
def test_what_does_not_add_up_is_counted_from_the_rows_of_each_period(rows: Query, metric: str) -> None:
    latest = REGISTRY[metric]["latest_version"]
    published = rows(
        f"""
        with {values((metric, latest), "p")} select grain, period, numerator, denominator from p
        where scope = 'total' and numerator is not null and denominator <> 0 order by all
        """
    )
    counted = rows(
        f"from ({RECOUNTED[metric]}) t(grain, period, numerator, denominator) where denominator > 0 order by all"
    )
    assert len(published) > 20
    assert published == counted


LEDGER = "select {} from raw_xaf.transaction_lines where period_number > 0 and year(transaction_date) = {{year}} and {}"
SHOP = """
    select {} from (
        select gross_amount, coalesce(discount_amount, 0) as discount, ordered_at from (
            select * from raw_files.orders qualify row_number() over (partition by order_id order by file_name desc) = 1
        ) where coalesce(status, 'completed') = 'completed'
        union all
        select sum(case when line_type = 'sale' then amount else 0 end), 0, min(ordered_at) from raw_files.order_lines
        where line_type <> 'refund' group by order_id having count(*) filter (line_type = 'sale') > 0
    ) where year(timezone('Europe/Amsterdam', ordered_at)) = {{year}}
"""
# Numerator and denominator of a year by plain SQL over the rows as they were delivered, ledger accounts by their numbers.
RECONCILED = {
    "revenue": (LEDGER.format("-sum(amount)", "account_id like '8%'"), None),
    "cost_of_sales": (LEDGER.format("sum(amount)", "account_id like '7%'"), None),
    "net_profit": (LEDGER.format("-sum(amount)", "account_id >= '4'"), None),
    "ebitda": (LEDGER.format("-sum(amount)", "account_id >= '4' and account_id not in ('4800', '4900', '9000')"), None),
    "gross_margin": (
        LEDGER.format("-sum(amount)", "account_id >= '7' and account_id < '9'"),
        LEDGER.format("-sum(amount)", "account_id like '8%'"),
    ),
    "orders": (SHOP.format("count(*)"), None),
    "gross_sales": (
        f"""
        select ({SHOP.format("sum(gross_amount - discount)")}) + sum(amount) from raw_files.order_lines
        where line_type = 'adjustment' and year(timezone('Europe/Amsterdam', ordered_at)) = {{year}}
        """,
        None,
    ),
    "aov": (SHOP.format("sum(gross_amount - discount)"), SHOP.format("count(*)")),
    "conversion": (
        "select count(*) filter (has_purchase) from raw_files.sessions where year(timezone('Europe/Amsterdam', started_at)) = {year}",
        "select count(*) from raw_files.sessions where year(timezone('Europe/Amsterdam', started_at)) = {year}",
    ),
    "mer": (None, "select sum(cost) from raw_files.ad_spend where year(spend_date) = {year}"),
    "tickets": (
        "select count(*) from raw_files.tickets where year(timezone('Europe/Amsterdam', created_at)) = {year}",
        None,
    ),
    "leads": (
        "select count(*) from raw_files.deals where year(timezone('Europe/Amsterdam', created_at)) = {year}",
        None,
    ),
    "campaign_response_rate": (
        "select count(*) filter (has_responded) from raw_files.campaign_members where year(timezone('Europe/Amsterdam', added_at)) = {year}",
        "select count(*) from raw_files.campaign_members where year(timezone('Europe/Amsterdam', added_at)) = {year}",
    ),
    # The data end on 31 December 2025.
    "campaign_roi": tuple(
        f"""
        select {part} from raw_files.campaigns left join (
            select campaign_id, sum(amount) as won from raw_files.deals where status = 'won' group by all
        ) using (campaign_id)
        where cost > 0 and status <> 'In Progress' and year(ended_on) = {{year}}
        """
        for part in ("sum(coalesce(won, 0)) - sum(cost)", "sum(cost)")
    ),
    "cost_per_lead": (
        "select sum(cost) from raw_files.ad_spend where year(spend_date) = {year}",
        "select count(*) from raw_files.leads where year(timezone('Europe/Amsterdam', created_at)) = {year}",
    ),
    "overdue_receivables": (
        """
        select sum(amount) filter (due_on < listed_on - 30) from raw_files.open_items
        where kind = 'receivable' and listed_on = make_date({year}, 12, 31)
        """,
        "select sum(amount) from raw_files.open_items where kind = 'receivable' and listed_on = make_date({year}, 12, 31)",
    ),
    "overdue_payables": (
        """
        select -sum(amount) filter (due_on < listed_on - 30) from raw_files.open_items
        where kind = 'payable' and listed_on = make_date({year}, 12, 31)
        """,
        "select -sum(amount) from raw_files.open_items where kind = 'payable' and listed_on = make_date({year}, 12, 31)",
    ),
    "bookings": (
        "select sum(amount) from raw_files.deals where status = 'won' and year(timezone('Europe/Amsterdam', closed_at)) = {year}",
        None,
    ),
    "billable_utilisation": (
        "select sum(hours) from raw_files.hours where is_billable and year(worked_on) = {year}",
        "select sum(hours) from raw_files.hours where year(worked_on) = {year}",
    ),
    "realisation_rate": (
        "select sum(invoiced_amount) from raw_files.hours where is_billable and year(worked_on) = {year}",
        "select sum(hours * hourly_rate) from raw_files.hours where invoiced_amount is not null and is_billable and year(worked_on) = {year}",
    ),
    "utilisation_of_contract": (
        None,
        "select sum(contract_hours) from raw_files.staff where year(month_on) = {year}",
    ),
    "total_income": (
        "select sum(amount) from raw_files.function_results where category like '%_income' and year(booked_on) = {year}",
        None,
    ),
    "goal_spend_ratio_expense": (
        "select sum(amount) from raw_files.function_results where category = 'goal_spending' and year(booked_on) = {year}",
        """
        select sum(amount) from raw_files.function_results
        where category in ('goal_spending', 'fundraising_cost', 'administration_cost') and year(booked_on) = {year}
        """,
    ),
    "mrr": (
        """
        select sum(monthly_amount) from raw_files.subscriptions
        where started_on <= make_date({year}, 12, 31) and (ended_on is null or ended_on > make_date({year}, 12, 31))
        """,
        None,
    ),
    "trial_conversion": (
        None,
        "select count(*) from raw_files.signups where year(trial_ends_on) = {year} and trial_ends_on <= date '2025-12-24'",
    ),
}


@pytest.mark.parametrize("year", [2024, 2025])
@pytest.mark.parametrize("metric", RECONCILED)
def test_a_year_reconciles_to_the_rows_as_delivered(rows: Query, metric: str, year: int) -> None:
    latest = REGISTRY[metric]["latest_version"]
    [published] = rows(
        f"""
        with {values((metric, latest), "p")} select numerator, denominator from p
        where grain = 'year' and period = '{year}' and scope = 'total'
        """
    )
    for part, sql in zip(published, RECONCILED[metric], strict=True):
        if sql is not None:
            assert [(part,)] == rows(sql.replace("{{year}}", str(year)).replace("{year}", str(year)))


def test_an_order_counts_on_the_day_and_month_the_clock_on_the_wall_says(rows: Query) -> None:
    """Around a change of the clock and around midnight, Python's own time zones are the second route."""
    amsterdam = ZoneInfo("Europe/Amsterdam")
    expected = [
        (f"I{place}", datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(amsterdam).date())
        for place, moment in enumerate(INSTANTS, 1)
    ]
    assert sorted(expected) == rows(
        "select order_id, order_date from marts.fct_orders where order_id like 'I%' order by 1"
    )
    assert dict(expected)["I2"] == date(2025, 1, 1)
    # One shop, so that the daily mart can be compared with the orders it is made of.
    assert rows("select sum(order_count) from marts.fct_shop_daily where channel = 'winkel'") == rows(
        "select count(*) filter (is_counted) from marts.fct_orders where channel = 'winkel'"
    )
