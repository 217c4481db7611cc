"""What may come: scenarios, forecasts, and what to move between the budgets of channels. All computed by the release.

A scenario is an assumption and has no probability. A forecast comes with its interval and how the method did before, a
proposal for a budget with its uncertainty; or either with the reason for having none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reports.data.models import Kpi
from reports.data.released import SHARED, Released
from reports.figures import of_table
from reports.scopes import part_name

BASE, WORST, BEST = "base", "worst", "best"
_STRESSED = ("ebitda", "lowest_cash", "runway", "dscr")
_UNITS = {"revenue": "currency", "gross_margin": "percent", "runway": "months", "dscr": "ratio"} | dict.fromkeys(
    ("ebitda", "net_profit", "net_burn", "cash_after_12_months", "lowest_cash"), "currency"
)
_DECIMALS = {"gross_margin": 1, "runway": 1, "dscr": 2}
# A share is told as a growth, a margin and a rate of interest in points.
_DRIVER_UNITS = {"dso_days": "days", "gross_margin_pt": "percent", "interest_pt": "percent"}
_OF_A_CHANNEL = (
    "monthly_spend",
    "roas",
    "break_even_roas",
    "conversions",
    "contribution_per_euro",
    "contribution_low",
    "contribution_high",
    "marginal_roas",
    "change",
    "step_spend",
    "gain",
    "gain_low",
    "gain_high",
)


@dataclass(frozen=True)
class Driver:
    """What a scenario changes: a share, points or a number of days.

    `low` and `high` are how much it changed from year to year so far, where the change is outside of that.
    """

    label: str
    change: Decimal
    unit: str
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True)
class Scenario:
    """Named changes of drivers; the base changes nothing."""

    label: str
    drivers: tuple[Driver, ...]
    is_base: bool


@dataclass(frozen=True)
class Outcome:
    """One figure under each scenario, in their order, or in words why there is none."""

    metric: str
    label: str
    unit: str
    decimals: int
    values: tuple[Decimal | None, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Scenarios:
    """The last twelve closed months as they were, and as they would have been, from the worst to the best.

    `stress` holds every other scenario with its own few outcomes, in the order of the file they stand in.
    """

    period_end: date
    scenarios: tuple[Scenario, ...]
    outcomes: tuple[Outcome, ...]
    stress: tuple[Scenario, ...]
    stressed: tuple[Outcome, ...]


@dataclass(frozen=True)
class Expected:
    """A coming month and the interval around it."""

    month: date
    value: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Forecast:
    """The coming months of one metric. `coverage` is the share of known months its interval held in the back test."""

    kpi: Kpi
    method: str
    months: tuple[Expected, ...]
    level: Decimal
    coverage: Decimal | None
    tested: Decimal | None
    months_used: Decimal
    refusal: str


@dataclass(frozen=True)
class ChannelBudget:
    """What a paid channel returned over its closed months, and what to move, or in words why not."""

    name: str
    figures: dict[str, Any]
    reason: str
    marginal_reason: str


def scenarios(released: Released) -> Scenarios | None:
    """Worst, base and best from the lowest EBITDA to the highest; None without books or without one of them."""
    if not released.has("rpt_scenarios"):
        return None
    lang = released.language
    rows = released.rows(
        f"""
        select s.*, s.label_{lang} as label, w.label_{lang} as outcome, r.label_{lang} as in_words,
            last_day(cast(s.period || '-01' as date)) as period_end
        from reporting.rpt_scenarios as s
        left join reporting.rpt_words as w on w.subject = 'scenario_outcome' and w.code = s.metric
        left join reporting.rpt_words as r on r.subject = 'reason' and r.code = s.reason
        where s.variant = 'all' and s.period is not null
        order by s.metric_place, s.scenario_place, s.scenario
        """
    )
    rows = [of_table("rpt_scenarios", row, ["value"]) for row in rows]
    ebitda = {row["scenario"]: row["value"] for row in rows if row["metric"] == "ebitda"}
    named = [name for name in (WORST, BASE, BEST) if ebitda.get(name) is not None]
    if len(named) < 3:
        return None
    order = sorted(named, key=lambda name: (ebitda[name], name))
    others = [name for name in ebitda if name not in named]
    drivers: dict[str, list[Driver]] = {}
    for row in released.rows(
        f"""
        select d.*, w.label_{lang} as label
        from reporting.rpt_scenario_drivers as d
        left join reporting.rpt_words as w on w.subject = 'scenario_driver' and w.code = d.driver
        order by d.place, d.driver
        """
    ):
        of = of_table("rpt_scenario_drivers", row, ["change", "history_p10", "history_p90"])
        unit = _DRIVER_UNITS.get(of["driver"], "count")
        seen = (of["history_p10"], of["history_p90"]) if of["is_outside_history"] else (None, None)
        drivers.setdefault(of["scenario"], []).append(Driver(of["label"], of["change"], unit, *seen))
    labels = {row["scenario"]: row["label"] for row in rows}
    found = {(row["metric"], row["scenario"]): row for row in rows}

    def scenario(name: str) -> Scenario:
        return Scenario(labels[name], tuple(drivers.get(name, ())), name == BASE)

    def outcomes(metrics: Iterable[str], names: Sequence[str]) -> tuple[Outcome, ...]:
        return tuple(
            Outcome(
                metric,
                found[metric, BASE]["outcome"],
                _UNITS[metric],
                _DECIMALS.get(metric, 0),
                tuple(found[metric, name]["value"] for name in names),
                tuple(found[metric, name]["in_words"] or "" for name in names),
            )
            for metric in metrics
            if (metric, BASE) in found and any(found[metric, name]["value"] is not None for name in names)
        )

    return Scenarios(
        period_end=rows[0]["period_end"],
        scenarios=tuple(map(scenario, order)),
        outcomes=outcomes(_UNITS, order),
        stress=tuple(map(scenario, others)),
        stressed=outcomes(_STRESSED, others),
    )


def forecasts(released: Released, shown: Sequence[Kpi]) -> tuple[Forecast, ...]:
    """What is forecast of the KPIs the report shows, in their order, with those that are refused and why."""
    if not released.has("rpt_forecasts"):
        return ()
    lang = released.language
    rows = released.rows(
        f"""
        select f.*, coalesce(m.label_{lang}, f.method) as method_label, coalesce(r.label_{lang}, f.reason) as in_words
        from reporting.rpt_forecasts as f
        left join reporting.rpt_words as m on m.subject = 'forecast_method' and m.code = f.method
        left join reporting.rpt_words as r on r.subject = 'reason' and r.code = f.reason
        where f.purpose in ('forecast', 'none')
        order by f.metric, f.version, f.step
        """
    )
    by_metric: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        numbers = ["value", "low", "high", "level", "coverage", "backtest_count", "months_used"]
        by_metric.setdefault((row["metric"], row["version"]), []).append(of_table("rpt_forecasts", row, numbers))
    kpis = {(kpi.metric, kpi.version): kpi for kpi in shown if kpi.value is not None}
    return tuple(
        Forecast(
            kpi=kpi,
            method=_begun(found[0]["method_label"] or ""),
            months=tuple(
                Expected(row["period_start"], row["value"], row["low"], row["high"])
                for row in found
                if row["value"] is not None
            ),
            level=found[0]["level"],
            coverage=found[0]["coverage"],
            tested=found[0]["backtest_count"],
            months_used=found[0]["months_used"],
            refusal=found[0]["in_words"] or "",
        )
        for of, kpi in kpis.items()
        if (found := by_metric.get(of))
    )


def budgets(released: Released) -> tuple[ChannelBudget, ...]:
    """The paid channels, the dearest first."""
    if not released.has("rpt_channel_budget") or (released.outside and not released.has(SHARED)):
        return ()
    lang = released.language
    # Of a channel whose orders or spend are left out in one of its months, the twelve less the others would tell it.
    hidden = (
        f"select 1 from reporting.{SHARED} as p where p.is_withheld and p.scope = b.scope "
        "and p.period_end between b.period_start and b.period_end and exists (select 1 from reporting.rpt_metrics as m "
        "where m.metric = p.metric and regexp_matches(m.sources, '\\b(orders|ad_spend)\\b'))"
    )
    rows = released.rows(
        f"""
        select b.*, r.label_{lang} as in_words, m.label_{lang} as marginal_in_words
        from reporting.rpt_channel_budget as b
        left join reporting.rpt_words as r on r.subject = 'budget_reason' and r.code = b.reason
        left join reporting.rpt_words as m on m.subject = 'budget_reason' and m.code = b.marginal_reason
        {f"where not exists ({hidden})" if released.outside else ""}
        order by b.spend desc, b.scope
        """
    )
    return tuple(
        ChannelBudget(
            name=part_name(row["scope"]),
            figures=of_table("rpt_channel_budget", row, _OF_A_CHANNEL),
            reason=row["in_words"] or "",
            marginal_reason=row["marginal_in_words"] or "",
        )
        for row in rows
    )


def _begun(text: str) -> str:
    """A text that a sentence begins with."""
    return text[:1].upper() + text[1:]
