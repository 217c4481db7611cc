"""The summary: sentences made from the numbers, and what went well and what did not. Nothing is typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from reports.data.models import Kpi
from reports.figures import difference
from reports.proven import ProvenFormatter

MOST = 5
_LINK = Markup('<a href="#{anchor}">{text}</a>')
_GOOD, _BAD = ("on_track",), ("off_track", "at_risk")


@dataclass(frozen=True)
class Judged:
    """A KPI that went well or did not, and the words that say why."""

    kpi: Kpi
    said: Markup


@dataclass(frozen=True)
class Summary:
    """Sentences, and the KPIs that went well and not, the core ones first."""

    sentences: tuple[Markup, ...]
    well: tuple[Judged, ...]
    poorly: tuple[Judged, ...]


def write(
    core: Iterable[Kpi], shown: Mapping[str, Kpi], period: str, f: ProvenFormatter, t: Mapping[str, Markup]
) -> Summary:
    """The summary of what a report shows. `shown` holds every KPI with a value by its metric."""
    core = tuple(core)
    ranked = [*core, *(kpi for kpi in shown.values() if kpi.metric not in {one.metric for one in core})]
    judged = [(kpi, verdict) for kpi in ranked if (verdict := _verdict(kpi, is_core=kpi in core)) is not None]
    return Summary(
        sentences=tuple(_sentences(shown, period, f, t)),
        well=tuple(Judged(kpi, _why(kpi, f, t)) for kpi, good in judged if good)[:MOST],
        poorly=tuple(Judged(kpi, _why(kpi, f, t)) for kpi, good in judged if not good)[:MOST],
    )


def _verdict(kpi: Kpi, *, is_core: bool) -> bool | None:
    """Well, not well, or nothing to say: by its target, else for a core KPI by a year earlier when that can be told."""
    if kpi.is_held:
        # Better again, but the colour waits for a second period: neither one nor the other.
        return None
    if kpi.status in _GOOD:
        return True
    if kpi.status in _BAD:
        return False
    if not is_core or kpi.target_type or not kpi.difference_last_year or kpi.better not in ("up", "down"):
        return None
    low, high = kpi.interval_low, kpi.interval_high
    if low is not None and high is not None and kpi.last_year_value is not None and low <= kpi.last_year_value <= high:
        return None
    return (kpi.difference_last_year > 0) == (kpi.better == "up")


def _why(kpi: Kpi, f: ProvenFormatter, t: Mapping[str, Markup]) -> Markup:
    value = f.value(kpi.value, kpi.unit, kpi.decimals)
    if kpi.target_type and kpi.expected_value is not None:
        bound = kpi.expected_value
        if kpi.target_type == "band" and kpi.target_upper is not None and kpi.value is not None and kpi.value > bound:
            bound = kpi.target_upper
        gap = difference(kpi.value, bound)
        return t["judged_by_target"].format(
            value=value,
            target=f.value(bound, kpi.unit, kpi.decimals),
            gap=f.difference(gap, kpi.unit, kpi.decimals) if gap is not None else "",
        )
    return t["judged_by_last_year"].format(value=value, then=f.value(kpi.last_year_value, kpi.unit, kpi.decimals))


def _sentences(shown: Mapping[str, Kpi], period: str, f: ProvenFormatter, t: Mapping[str, Markup]) -> Iterable[Markup]:
    def said(metric: str, column: str = "value") -> str:
        kpi = shown[metric]
        text = f.value(getattr(kpi, column), kpi.unit, kpi.decimals)
        return _LINK.format(anchor=kpi.anchor, text=text)

    if "revenue" in shown:
        growth = shown["revenue"].growth_last_year
        if growth is None:
            yield t["summary_revenue"].format(period=period, revenue=said("revenue"))
        else:
            yield t["summary_revenue_more" if growth >= 0 else "summary_revenue_less"].format(
                period=period,
                revenue=said("revenue"),
                then=said("revenue", "last_year_value"),
                change=f.change(None, growth, "currency", 0),
            )
    if {"gross_margin", "ebitda"} <= shown.keys():
        yield t["summary_margin_and_ebitda"].format(margin=said("gross_margin"), ebitda=said("ebitda"))
    elif "ebitda" in shown:
        yield t["summary_ebitda"].format(ebitda=said("ebitda"))
    if {"cash", "operating_cash_flow"} <= shown.keys():
        inwards = (shown["operating_cash_flow"].value or 0) >= 0
        yield t["summary_cash_in" if inwards else "summary_cash_out"].format(
            cash=said("cash"), flow=said("operating_cash_flow")
        )
    elif "cash" in shown:
        yield t["summary_cash"].format(cash=said("cash"))
    if "runway" in shown:
        yield t["summary_runway"].format(runway=said("runway"))
    if {"solvency", "current_ratio"} <= shown.keys():
        yield t["summary_position"].format(solvency=said("solvency"), ratio=said("current_ratio"))
    if "orders" in shown and "aov" in shown:
        yield t["summary_orders"].format(orders=said("orders"), aov=said("aov"))
    if "nps" in shown:
        yield t["summary_nps"].format(nps=said("nps"), n=f.number(shown["nps"].n or 0))
