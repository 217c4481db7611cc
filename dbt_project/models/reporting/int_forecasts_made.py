"""Grain: one row per forecast metric, version and coming month; one row without a month where no forecast is made.

What can honestly be said of the next months depends on how many closed months there are. Below 6 nothing; below 24
the last value or the mean with an interval that knows no season (from 18 on last year's months are shown beside it);
from 24 on the better of seasonal naive, AutoETS and Theta, judged by the errors they would have made before. An
interval that has no width, is no number, or narrows as it looks further ahead is refused.

statsforecast fits AutoETS and Theta: 30 ms and 3 ms on 36 months, nothing is compiled at run time. The simple methods
are written out, because the library gives a seasonal interval of width zero on 12 months and NaN on fewer.
"""

import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.special import ndtri, stdtrit

Vector = np.ndarray

SEASON = 12
LEVEL = 0.80
MIN_MONTHS = 6
SHORT_HORIZON = 3
LONG_HORIZON = 6
MIN_SEASONAL_ERRORS = 6
# The back test forecasts the last year again, or the last half where two seasons to fit on leave no more; from every
# second month, because every month costs twice the time.
BACKTEST_MONTHS = 12
MIN_BACKTEST_MONTHS = 6
BACKTEST_STEP = 2
# The first errors of a Theta model are about where it started; the library leaves them out too.
THETA_WARM_UP = 3
DECIMALS = 6

SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("version", pa.int32()),
        ("purpose", pa.string()),
        ("step", pa.int32()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("level", pa.float64()),
        ("method", pa.string()),
        ("months_used", pa.int32()),
        ("last_period", pa.string()),
        ("mase", pa.float64()),
        ("coverage", pa.float64()),
        ("backtest_count", pa.int32()),
        ("reason", pa.string()),
    ]
)


class Forecast(NamedTuple):
    """The coming months, with an interval around each."""

    method: str
    value: Vector
    low: Vector
    high: Vector


class BackTest(NamedTuple):
    """How a method would have done: `mase` is its error in units of the mean yearly change known at the time."""

    mae: float
    mase: float
    coverage: float
    count: int


class Judged(NamedTuple):
    """A forecast to publish, and how the same method did on months that are known by now."""

    forecast: Forecast | None
    tested: BackTest | None = None
    reason: str | None = None
    beside: Forecast | None = None
    """A second opinion, shown next to it: last year's months with the drift."""


def naive(y: Vector, horizon: int, level: float = LEVEL, sigma: float | None = None) -> Forecast:
    """The last value goes on; the interval grows with the root of the horizon (Hyndman and Athanasopoulos)."""
    steps = np.arange(1, horizon + 1)
    changes = np.diff(y)
    sigma = float(np.sqrt(np.mean(changes**2))) if sigma is None else sigma
    half = ndtri((1 + level) / 2) * sigma * np.sqrt(steps)
    value = np.repeat(y[-1], horizon)
    return Forecast("naive", value, value - half, value + half)


def mean(y: Vector, horizon: int, level: float = LEVEL) -> Forecast:
    """The mean goes on, with the prediction interval of Student's t."""
    n = len(y)
    half = stdtrit(n - 1, (1 + level) / 2) * float(np.std(y, ddof=1)) * np.sqrt(1 + 1 / n)
    value = np.repeat(np.mean(y), horizon)
    return Forecast("mean", value, value - half, value + half)


def seasonal_naive(y: Vector, horizon: int, level: float = LEVEL, drift: bool = False) -> Forecast:
    """The same month of last year, with the mean yearly change where `drift`; the interval is of yearly changes."""
    changes = y[SEASON:] - y[:-SEASON]
    steps = np.arange(horizon)
    added = float(np.mean(changes)) if drift else 0.0
    cycles = steps // SEASON + 1
    value = y[len(y) - SEASON + steps % SEASON] + added * cycles
    n = len(changes)
    if drift:
        half = stdtrit(n - 1, (1 + level) / 2) * float(np.std(changes, ddof=1)) * np.sqrt(cycles * (1 + 1 / n))
    else:
        half = ndtri((1 + level) / 2) * float(np.sqrt(np.mean(changes**2))) * np.sqrt(cycles)
    return Forecast("seasonal_naive_drift" if drift else "seasonal_naive", value, value - half, value + half)


def auto_ets(y: Vector, horizon: int, level: float = LEVEL) -> Forecast:
    """The additive exponential smoothing model with the lowest AICc.

    Additive, because what multiplies is forecast in logarithms already, and a season that multiplies would make the
    interval narrower towards a quiet month.
    """
    percent = round(level * 100)
    made = _library().AutoETS(season_length=SEASON, model="AZZ").forecast(y=y, h=horizon, level=[percent])
    return Forecast("auto_ets", made["mean"], made[f"lo-{percent}"], made[f"hi-{percent}"])


def theta(y: Vector, horizon: int, level: float = LEVEL) -> Forecast:
    """The Theta model that fits best, on the series less its season where it has one; additive, as `auto_ets`.

    Theta is exponential smoothing with a drift (Hyndman and Billah 2003), so its interval is that of exponential
    smoothing. The library's own is drawn at random, and now and then narrower further ahead.
    """
    model = _library().AutoTheta(season_length=SEASON, decomposition_type="additive").fit(y)
    value = np.asarray(model.predict(h=horizon)["mean"], dtype=np.float64)
    sigma = float(np.std(model.model_["residuals"][THETA_WARM_UP:], ddof=1))
    growth = np.sqrt(1 + float(model.model_["par"]["alpha"]) ** 2 * np.arange(horizon))
    half = ndtri((1 + level) / 2) * sigma * growth
    return Forecast("theta", value, value - half, value + half)


def _library() -> Any:
    return importlib.import_module("statsforecast.models")


def flaw(forecast: Forecast) -> str | None:
    """Why an interval may not be shown; None when it may."""
    width = forecast.high - forecast.low
    if not np.all(np.isfinite([forecast.value, forecast.low, forecast.high])):
        return "interval_unknown"
    if np.any(width <= 1e-9 * np.maximum(1, np.abs(forecast.value))):
        return "interval_without_width"
    if np.any(np.diff(width) < -1e-6 * width[:-1]):
        return "interval_narrows"
    return None


def back_test(method: Any, y: Vector, horizon: int, origins: Sequence[int]) -> BackTest:
    """Forecasts what is known by now, again and again, each time from only the first `origin` months."""
    errors: list[float] = []
    scales: list[float] = []
    inside = 0
    for origin in origins:
        known, later = y[:origin], y[origin : origin + horizon]
        made = method(known, len(later))
        errors.extend(np.abs(later - made.value).tolist())
        scales.append(float(np.mean(np.abs(known[SEASON:] - known[:-SEASON]))))
        inside += int(np.sum((made.low <= later) & (later <= made.high)))
    error = float(np.mean(errors))
    return BackTest(error, error / float(np.mean(scales)), inside / len(errors), len(errors))


def forecast(values: Vector, kind: str, is_positive: bool) -> Judged:
    """What may be said of the months after `values` (closed, in order, without a hole).

    `kind` is `stock` for what drifts (the last value is the best guess), anything else varies around a mean. What
    `is_positive` is forecast in logarithms, unless a value was not.
    """
    n = len(values)
    if n < MIN_MONTHS:
        return Judged(None, reason="insufficient_history")
    positive = is_positive and bool(np.all(values > 0))
    y = np.log(values) if positive else values
    judged = _short(y, kind) if n < 2 * SEASON else _long(y)
    if judged.forecast is None:
        return judged
    if refused := flaw(judged.forecast):
        return Judged(None, reason=refused)
    beside = judged.beside if judged.beside and flaw(judged.beside) is None else None
    if not positive:
        return judged._replace(beside=beside)
    return judged._replace(forecast=_exponential(judged.forecast), beside=beside and _exponential(beside))


def _short(y: Vector, kind: str) -> Judged:
    """Too few months to know a season: the last value or the mean; last year's months beside it from 13 on."""
    simple = naive if kind == "stock" else mean
    beside = None
    if len(y) - SEASON >= MIN_SEASONAL_ERRORS:
        beside = seasonal_naive(y, SHORT_HORIZON, drift=True)
    return Judged(simple(y, SHORT_HORIZON), beside=beside)


def _long(y: Vector) -> Judged:
    """The method with the smallest error in the back test; seasonal naive unless another beats it."""
    if np.all(y[SEASON:] == y[:-SEASON]):
        return Judged(None, reason="interval_without_width")
    first = max(min(2 * SEASON, len(y) - MIN_BACKTEST_MONTHS), len(y) - BACKTEST_MONTHS)
    # AutoETS divides by zero on less than two seasons: what can't be tested is not chosen.
    methods = (seasonal_naive, theta, auto_ets) if first >= 2 * SEASON else (seasonal_naive, theta)
    candidates = []
    for place, method in enumerate(methods):
        made = method(y, LONG_HORIZON)
        if flaw(made) is None:
            tested = back_test(method, y, LONG_HORIZON, range(first, len(y), BACKTEST_STEP))
            candidates.append((tested.mase, place, made, tested))
    if not candidates:
        return Judged(None, reason="interval_unknown")
    _, _, made, tested = min(candidates, key=lambda each: each[:2])
    return Judged(made, tested)


def _exponential(made: Forecast) -> Forecast:
    """From logarithms to amounts: what is never negative is not forecast to become so."""
    return Forecast(made.method, np.exp(made.value), np.exp(made.low), np.exp(made.high))


def rows_of(metric: str, version: int, last_period: str, months: int, judged: Judged) -> list[dict[str, Any]]:
    """The published rows of one metric."""
    same = {"metric": metric, "version": version, "last_period": last_period, "months_used": months, "level": LEVEL}
    if judged.forecast is None:
        return [same | {"purpose": "none", "reason": judged.reason, "level": None}]
    tested = judged.tested
    found = tested and {
        "mase": _round(tested.mase),
        "coverage": _round(tested.coverage),
        "backtest_count": tested.count,
    }
    made = [("forecast", judged.forecast, found or {})]
    if judged.beside is not None:
        made.append(("beside", judged.beside, {}))
    return [
        same
        | found
        | {
            "purpose": purpose,
            "step": step + 1,
            "method": each.method,
            "value": _round(each.value[step]),
            "low": _round(each.low[step]),
            "high": _round(each.high[step]),
        }
        for purpose, each, found in made
        for step in range(len(each.value))
    ]


def _round(number: float) -> float:
    return round(float(number), DECIMALS)


def model(dbt: Any, session: Any) -> pa.Table:  # noqa: ARG001 the signature is dbt's
    """The forecasts of every series, below one another."""
    dbt.config(materialized="table")
    history = dbt.ref("int_forecast_histories").order("metric, version, period_start")
    series = history.aggregate(
        "metric, version, kind, is_positive, max(reason) as reason, max(period) as last_period, "
        "list(cast(value as double) order by period_start) filter (value is not null) as month_values",
        "metric, version, kind, is_positive",
    ).order("metric, version")
    rows = []
    for metric, version, kind, is_positive, reason, last_period, values in series.fetchall():
        if reason is None:
            judged = forecast(np.array(values, dtype=np.float64), kind, is_positive)
        else:
            judged = Judged(None, reason=reason)
        rows.extend(rows_of(metric, version, last_period, len(values or []), judged))
    return pa.Table.from_pylist(rows, schema=SCHEMA)
