"""Grain: one row per paid channel: how sure its returns over twelve closed months are, and what to change, or why not.

An average says what the euros so far returned, not what the next one will. So a change is proposed from the marginal
return where spend was varied on purpose and enough to measure it; else from averages only when they can hardly be
chance: 30 conversions in every channel and 80 % intervals of contribution per euro that do not overlap, after small
channels have been drawn towards the mean (Gamma-Poisson). Never more than a fifth of a channel per cycle, never below a
floor that keeps it measurable, and never for channels that collect demand made elsewhere.

It is Python because SQL has no quantiles of the gamma distribution and no root finding.
"""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.optimize import root_scalar
from scipy.special import gammaincinv, ndtri, stdtrit

Vector = np.ndarray

CPA_LEVEL = 0.95
LEVEL = 0.80
MIN_CONVERSIONS = 30
MANY_CONVERSIONS = 100
SMALL_STEP = 0.10
LARGE_STEP = 0.20
SMALLEST_STEP = 0.01
# Below a twentieth of the whole a channel no longer shows whether it works.
FLOOR = 0.05
MIN_MONTHS = 12
# An elasticity of .6 that may as well be .2 or 1.0 decides nothing.
MAX_ELASTICITY_ERROR = 0.20
CAPTURES_DEMAND = ("brand", "retargeting")
DECIMALS = 6
Z = float(ndtri((1 + LEVEL) / 2))


class Curve(NamedTuple):
    """Revenue by spend that saturates: top * (1 - exp(-spend / scale))."""

    top: float
    scale: float

    def revenue(self, spend: float) -> float:
        """What this spend returns."""
        return self.top * (1 - exp(-spend / self.scale))

    def marginal(self, spend: float) -> float:
        """What the next euro returns."""
        return self.top / self.scale * exp(-spend / self.scale)

    def spend_at(self, marginal: float) -> float:
        """The spend at which the next euro returns `marginal`; 0 where the first euro already returns less."""
        return max(0.0, self.scale * log(self.top / (self.scale * marginal)))


class Gamma(NamedTuple):
    """A rate of conversions per euro: what is believed of it."""

    shape: float
    rate: float

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.shape / self.rate

    def quantile(self, share: float) -> float:
        """The rate that is not exceeded with this chance."""
        return float(gammaincinv(self.shape, share)) / self.rate


class Elasticity(NamedTuple):
    """The percentage revenue changes with one percent of spend, and its standard error."""

    value: float
    error: float


class Earned(NamedTuple):
    """Contribution per euro of a channel and its interval."""

    mean: float
    low: float
    high: float


class Channel(NamedTuple):
    """One channel over its closed months; the last `window` of them are what it is judged by."""

    scope: str
    spend: Vector
    conversions: Vector
    revenue: Vector
    window: int
    kind: str | None
    is_varied_on_purpose: bool

    @property
    def spent(self) -> float:
        """Spend within the window."""
        return float(np.sum(self.spend[-self.window :]))

    @property
    def converted(self) -> int:
        """Conversions within the window."""
        return int(np.sum(self.conversions[-self.window :]))

    @property
    def returned(self) -> float:
        """Attributed revenue within the window."""
        return float(np.sum(self.revenue[-self.window :]))


class Proposal(NamedTuple):
    """The change of a channel's budget as a fraction, or why there is none; what all changes should earn per month."""

    change: float = 0.0
    method: str | None = None
    extra_revenue: float | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    reason: str | None = None


def poisson_interval(count: int, level: float) -> tuple[float, float]:
    """The exact interval of the expected number where `count` were seen."""
    tail = (1 - level) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - tail))


def shrunk(conversions: Sequence[int], spend: Sequence[float]) -> list[Gamma]:
    """Each channel's rate of conversions, drawn towards that of all channels by as much as they are alike.

    Gamma-Poisson by moments: what channels differ beyond chance decides how far. When they do not, all are the same.
    """
    n, s = np.asarray(conversions, dtype=np.float64), np.asarray(spend, dtype=np.float64)
    mean = float(np.sum(n) / np.sum(s))
    if len(n) < 2 or mean == 0:
        return [Gamma(float(np.sum(n)) + 0.5, float(np.sum(s)))] * len(n)
    weight = s / np.sum(s)
    spread = float(np.sum(weight * (n / s - mean) ** 2)) * len(n) / (len(n) - 1)
    between = spread - mean * len(n) / float(np.sum(s))
    if between <= 0:
        return [Gamma(float(np.sum(n)), float(np.sum(s)))] * len(n)
    shape, rate = mean**2 / between, mean / between
    return [Gamma(shape + count, rate + euros) for count, euros in zip(n, s, strict=True)]


def elasticity_error(sigma: float, deviation: float, n: int) -> float:
    """The standard error of a log-log elasticity: noise over how much log spend varied, and the root of the months."""
    return sigma / (deviation * sqrt(n))


def elasticity(spend: Vector, revenue: Vector) -> Elasticity | None:
    """Least squares of log revenue on log spend; None where there is nothing to fit it on."""
    seen = (spend > 0) & (revenue > 0)
    x, y = np.log(spend[seen]), np.log(revenue[seen])
    n = len(x)
    if n < MIN_MONTHS or np.ptp(x) == 0:
        return None
    slope = float(np.sum((x - np.mean(x)) * (y - np.mean(y))) / np.sum((x - np.mean(x)) ** 2))
    residuals = y - np.mean(y) - slope * (x - np.mean(x))
    sigma = float(np.sqrt(np.sum(residuals**2) / (n - 2)))
    return Elasticity(slope, elasticity_error(sigma, float(np.std(x)), n))


def curve_through(spend: float, revenue: float, slope: float) -> Curve | None:
    """The saturating curve with this revenue and elasticity at this spend; None unless 0 < slope < 1."""
    if revenue <= 0 or not 0.001 < slope < 0.999:
        return None

    def gap(u: float) -> float:
        return u / (exp(u) - 1) - slope

    u = float(root_scalar(gap, bracket=(1e-9, 50)).root)
    return Curve(revenue / (1 - exp(-u)), spend / u)


def same_marginal(curves: Sequence[Curve], budget: float) -> list[float]:
    """The division of a budget in which the next euro returns the same everywhere: no other returns more."""
    highest = max(curve.marginal(0) for curve in curves)

    def left(log_marginal: float) -> float:
        return sum(curve.spend_at(exp(log_marginal)) for curve in curves) - budget

    marginal = exp(float(root_scalar(left, bracket=(log(highest) - 200, log(highest)), xtol=1e-14).root))
    return [curve.spend_at(marginal) for curve in curves]


def break_even(margin: float) -> float:
    """The revenue a euro of advertising must return: 1 / margin."""
    return 1 / margin


def profit(curve: Curve, spend: float, margin: float) -> float:
    """Margin of what the spend returns, less the spend."""
    return margin * curve.revenue(spend) - spend


def propose(channels: Sequence[Channel], margin: float | None) -> list[Proposal]:
    """One proposal per channel, in the same order. Together they spend what they do now."""
    reasons = [_own_reason(channel) or ("no_margin" if not margin or margin <= 0 else None) for channel in channels]
    places = [place for place, reason in enumerate(reasons) if reason is None]
    made = [Proposal(reason=reason or "one_channel") for reason in reasons]
    if margin is None or len(places) < 2:
        return made
    eligible = [channels[place] for place in places]
    earned = contributions(channels, margin)
    found = _by_curves(eligible, margin) or _by_averages(eligible, [earned[place] for place in places])
    for place, proposal in zip(places, found, strict=True):
        made[place] = proposal
    return made


def _own_reason(channel: Channel) -> str | None:
    if channel.kind is None:
        return "kind_unknown"
    if channel.kind in CAPTURES_DEMAND:
        return "captures_demand"
    if channel.window < MIN_MONTHS or channel.converted < MIN_CONVERSIONS or channel.returned <= 0:
        return "not_enough_data"
    return None


def marginal_of(channel: Channel) -> tuple[Curve | None, Elasticity | None, str | None]:
    """The curve of a month's spend, the elasticity it rests on, and the reason where there is no curve."""
    found = elasticity(channel.spend, channel.revenue)
    if not channel.is_varied_on_purpose:
        return None, found, "no_planned_variation"
    if found is None or found.error > MAX_ELASTICITY_ERROR:
        return None, found, "not_enough_data"
    curve = curve_through(channel.spent / channel.window, channel.returned / channel.window, found.value)
    return curve, found, None if curve else "not_enough_data"


def _by_curves(channels: Sequence[Channel], margin: float) -> list[Proposal] | None:
    """A step towards the division with the same marginal return; None where a channel has no curve."""
    measured = [marginal_of(channel) for channel in channels]
    curves = [curve for curve, _, _ in measured if curve is not None]
    if len(curves) < len(channels):
        return None
    now = np.array([channel.spent / channel.window for channel in channels])
    target = np.array(same_marginal(curves, float(np.sum(now))))
    wanted = np.clip(target, np.maximum(now * (1 - LARGE_STEP), np.minimum(now, _floor(now))), now * (1 + LARGE_STEP))
    up, down = np.maximum(wanted - now, 0), np.maximum(now - wanted, 0)
    moved = min(float(np.sum(up)), float(np.sum(down)))
    if moved < SMALLEST_STEP * float(np.min(now)):
        return [Proposal(method="marginal", reason="already_even") for _ in channels]
    change = moved * (up / np.sum(up) - down / np.sum(down))
    extra = [
        curve.revenue(euros + step) - curve.revenue(euros)
        for curve, euros, step in zip(curves, now.tolist(), change.tolist(), strict=True)
    ]
    gain = margin * sum(extra)
    errors = [found.error for _, found, _ in measured if found is not None]
    returns = [channel.returned / channel.spent for channel in channels]
    squares = [(step * error * roas) ** 2 for step, error, roas in zip(change.tolist(), errors, returns, strict=True)]
    half = Z * margin * sqrt(sum(squares))
    if gain <= half:
        return [Proposal(method="marginal", reason="intervals_overlap") for _ in channels]
    return [
        Proposal(step / euros, "marginal", more, gain, gain - half, gain + half)
        if step
        else Proposal(method="marginal", reason="in_between")
        for step, euros, more in zip(change.tolist(), now.tolist(), extra, strict=True)
    ]


def _by_averages(channels: Sequence[Channel], earned: Sequence[Earned]) -> list[Proposal]:
    """A step from the channel with the lowest contribution per euro to the one with the highest, when sure of it."""
    best = max(range(len(channels)), key=lambda place: earned[place].mean)
    worst = min(range(len(channels)), key=lambda place: earned[place].mean)
    if earned[best].low <= earned[worst].high:
        return [Proposal(method="average", reason="intervals_overlap") for _ in channels]
    now = np.array([channel.spent / channel.window for channel in channels])
    certain = min(channels[best].converted, channels[worst].converted) >= MANY_CONVERSIONS
    step = LARGE_STEP if certain else SMALL_STEP
    moved = min(step * float(now[worst]), float(now[worst]) - _floor(now), step * float(now[best]))
    if moved <= 0:
        return [Proposal(method="average", reason="at_the_floor") for _ in channels]
    gain = moved * (earned[best].mean - earned[worst].mean)
    low, high = moved * (earned[best].low - earned[worst].high), moved * (earned[best].high - earned[worst].low)
    made = [Proposal(method="average", reason="in_between") for _ in channels]
    made[best] = Proposal(moved / float(now[best]), "average", None, gain, low, high)
    made[worst] = Proposal(-moved / float(now[worst]), "average", None, gain, low, high)
    return made


def _floor(now: Vector) -> float:
    return FLOOR * float(np.sum(now))


def contributions(channels: Sequence[Channel], margin: float) -> list[Earned]:
    """Contribution per euro before the euro itself, with its 80 % interval: above 1 it earns more than it costs.

    Counts alone are not all that is uncertain: orders differ in size, and months differ by more than chance. So the
    interval is never narrower than what the months show of the return themselves.
    """
    rates = shrunk([channel.converted for channel in channels], [channel.spent for channel in channels])
    tail = (1 - LEVEL) / 2
    found = []
    for channel, rate in zip(channels, rates, strict=True):
        worth = margin * channel.returned / channel.converted if channel.converted else 0.0
        mean, wide = worth * rate.mean, exp(return_error(channel))
        low, high = sorted((worth * rate.quantile(tail), worth * rate.quantile(1 - tail)))
        found.append(Earned(mean, min(low, mean / wide, mean * wide), max(high, mean / wide, mean * wide)))
    return found


def return_error(channel: Channel) -> float:
    """How far a channel's return may be off, as a share of it: the ratio estimator over its months, Student's t."""
    spend, revenue = channel.spend[-channel.window :], channel.revenue[-channel.window :]
    n = len(spend)
    if n < 2 or channel.returned <= 0:
        return 0.0
    off = revenue - channel.returned / channel.spent * spend
    error = sqrt(n / (n - 1) * float(np.sum(off**2))) / channel.returned
    return float(stdtrit(n - 1, (1 + LEVEL) / 2)) * error


SCHEMA = pa.schema(
    [
        ("scope", pa.string()),
        ("conversions_low", pa.float64()),
        ("conversions_high", pa.float64()),
        ("contribution_per_euro", pa.float64()),
        ("contribution_low", pa.float64()),
        ("contribution_high", pa.float64()),
        ("elasticity", pa.float64()),
        ("elasticity_error", pa.float64()),
        ("marginal_roas", pa.float64()),
        ("marginal_error", pa.float64()),
        ("marginal_reason", pa.string()),
        ("best_monthly_spend", pa.float64()),
        ("best_monthly_profit", pa.float64()),
        ("change", pa.float64()),
        ("method", pa.string()),
        ("extra_revenue", pa.float64()),
        ("gain", pa.float64()),
        ("gain_low", pa.float64()),
        ("gain_high", pa.float64()),
        ("reason", pa.string()),
    ]
)


def rows_of(channels: Sequence[Channel], margin: float | None) -> list[dict[str, Any]]:
    """The published row of each channel."""
    earned: Sequence[Earned | None] = [None] * len(channels)
    if margin is not None and margin > 0:
        earned = contributions(channels, margin)
    rows = []
    for channel, proposal, worth in zip(channels, propose(channels, margin), earned, strict=True):
        monthly = channel.spent / channel.window
        few, many = poisson_interval(channel.converted, CPA_LEVEL)
        curve, slope, why_no_marginal = marginal_of(channel)
        row: dict[str, Any] = {
            "scope": channel.scope,
            "conversions_low": few,
            "conversions_high": many,
            "marginal_reason": why_no_marginal,
        } | proposal._asdict()
        if worth and channel.converted:
            row |= {
                "contribution_per_euro": worth.mean,
                "contribution_low": worth.low,
                "contribution_high": worth.high,
            }
        if slope and channel.is_varied_on_purpose:
            row |= {"elasticity": slope.value, "elasticity_error": slope.error}
        if curve and slope:
            row |= {
                "marginal_roas": curve.marginal(monthly),
                "marginal_error": slope.error * channel.returned / channel.spent,
            }
        if curve and margin is not None and margin > 0:
            best = curve.spend_at(break_even(margin))
            row |= {"best_monthly_spend": best, "best_monthly_profit": profit(curve, best, margin)}
        rows.append({name: round(v, DECIMALS) if isinstance(v, float) else v for name, v in row.items()})
    return rows


def model(dbt: Any, session: Any) -> pa.Table:  # noqa: ARG001 the signature is dbt's
    """The channels that cost something in the window, each with its proposal."""
    dbt.config(materialized="table")
    series = (
        dbt.ref("int_channel_histories")
        .aggregate(
            "scope, kind, is_varied_on_purpose, margin, count(*) filter (in_window) as months_in_window, "
            "sum(cost) filter (in_window) as spend_in_window, "
            "list(cast(cost as double) order by period_start) as spend, "
            "list(cast(order_count as double) order by period_start) as conversions, "
            "list(cast(attributed_amount as double) order by period_start) as revenue",
            "scope, kind, is_varied_on_purpose, margin",
        )
        .filter("spend_in_window > 0")
        .order("scope")
    )
    channels, margin = [], None
    for scope, kind, is_varied_on_purpose, share, window, _, *amounts in series.fetchall():
        margin = None if share is None else float(share)
        spend, conversions, revenue = (np.array(each, dtype=np.float64) for each in amounts)
        channels.append(Channel(scope, spend, conversions, revenue, window, kind, bool(is_varied_on_purpose)))
    return pa.Table.from_pylist(rows_of(channels, margin), schema=SCHEMA)
