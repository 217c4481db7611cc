"""Grain: one row per fit and customer: what he is expected to order in the twelve months after the fit.

Two models, fitted by maximum likelihood on how often, how recently and for how much customers ordered: BG/NBD says
how many orders to expect (Fader, Hardie and Lee 2005), Gamma-Gamma what they are worth (Fader and Hardie 2013). A fit
that may not be used says why in `refusal`; its customers then have no expected value. Time is in weeks. The outcome
follows from the set of rows alone: neither their order nor the number of threads changes a digit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1, psi

# Refitted on samples of one shop (CDNOW), the orders expected of 50 customers range from .35 to 1.32 each, of 300 from
# .47 to .86; and within nine months few customers have had the time to come back.
MIN_CUSTOMERS = 300
MIN_DAYS = 270
# What an order is worth is fitted on those who came back.
MIN_REPEATING = 30
# A fit on the first months is compared with what its customers ordered in the last ones. Further off is no basis for
# a decision.
MAX_DEVIATION = 0.25
# Gamma-Gamma takes how often and for how much to be unrelated.
MAX_CORRELATION = 0.2

HORIZON_MONTHS = 12
MONTHLY_DISCOUNT = 0.01
DAYS_PER_WEEK = 7
WEEKS_PER_MONTH = 365.25 / 12 / DAYS_PER_WEEK

# Wide enough for any shop, and finite: where customers hardly differ, the best fit lies at infinity. Beyond e^5 for a
# and b nothing changes but that the hypergeometric function overflows.
LOG_BOUNDS = (-9.0, 9.0)
LEAVING_BOUNDS = (-9.0, 5.0)
FLAT = 1e-5

EXPECTED = ("expected_orders", "expected_order_value", "expected_value")
DECIMALS = 6
NOW = f"""
    repeat_orders::double as x,
    last_order_day / {DAYS_PER_WEEK}.0::double as t_x,
    age_days / {DAYS_PER_WEEK}.0::double as t,
    coalesce(repeat_amount::double / nullif(repeat_orders, 0), 0) as mean_value
"""
THEN = f"""
    check_repeat_orders::double as x,
    check_last_order_day / {DAYS_PER_WEEK}.0::double as t_x,
    check_age_days / {DAYS_PER_WEEK}.0::double as t,
    later_orders
"""

Vector = np.ndarray
Customers = dict[str, Vector]


class BgNbd(NamedTuple):
    """Orders come at a rate that differs by Gamma(r, alpha); after each, one leaves with a chance of Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    converged: bool

    def expected_orders(self, weeks: float, x: Vector, t_x: Vector, t: Vector) -> Vector:
        """Orders in the next `weeks` of customers with x repeat orders, the last at t_x, who are t weeks old.

        Euler's transformation of the published formula: it stays finite for whoever orders every day.
        """
        r, alpha, a, b, *_ = self
        z = weeks / (alpha + t + weeks)
        odds_left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * np.log((alpha + t) / (alpha + t_x))
        log_here = -np.logaddexp(0, np.where(x > 0, odds_left, -np.inf))
        orders = 1 - (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
        return (a + b + x - 1) / (a - 1) * orders * np.exp(log_here)


class GammaGamma(NamedTuple):
    """Orders of one customer are worth Gamma(p, nu) each, and nu differs between customers by Gamma(q, v)."""

    p: float
    q: float
    v: float
    log_likelihood: float
    converged: bool

    def expected_value(self, x: Vector, mean_value: Vector) -> Vector:
        """What an order of customers with x repeat orders of mean_value is worth: between that and the mean."""
        return self.p * (self.v + x * mean_value) / (self.p * x + self.q - 1)


class Check(NamedTuple):
    """What a fit on the first part of the history expected of its customers in the rest, and what they did."""

    customers: int
    expected_orders: float
    actual_orders: int

    @property
    def holds(self) -> bool:
        """True when the expectation was near enough to build on."""
        return abs(self.expected_orders - self.actual_orders) <= MAX_DEVIATION * self.actual_orders


class Fit(NamedTuple):
    """What could be fitted on one set of customers, and why it may not be used, or None when it may."""

    refusal: str | None
    check: Check | None = None
    orders: BgNbd | None = None
    value: GammaGamma | None = None
    correlation: float | None = None
    expected_orders: Vector | None = None
    expected_order_value: Vector | None = None


def fit_bg_nbd(x: Vector, t_x: Vector, t: Vector) -> BgNbd:
    """The most likely BG/NBD for customers with x repeat orders, the last at t_x, who are t old (any unit)."""
    rows, weight = np.unique(np.column_stack((x, t_x, t)), axis=0, return_counts=True)
    x, t_x, t = rows.T
    counts, place = np.unique(x, return_inverse=True)
    before, size = np.maximum(x, 1) - 1, int(np.sum(weight))

    def log_likelihood(logs: Vector) -> tuple[float, Vector]:
        r, alpha, a, b = np.exp(logs)
        log_t, log_t_x = np.log(alpha + t), np.log(alpha + t_x)
        stayed = -(r + x) * log_t
        left = np.where(x > 0, np.log(a) - np.log(b + before) - (r + x) * log_t_x, -np.inf)
        either = np.logaddexp(stayed, left)
        share = np.exp(left - either)
        by_count = gammaln(r + counts) - gammaln(r) + r * np.log(alpha) + betaln(a, b + counts) - betaln(a, b)
        r_slope = psi(r + counts) - psi(r) + np.log(alpha)
        a_slope = psi(a + b) - psi(a + b + counts)
        b_slope = a_slope + psi(b + counts) - psi(b)
        slopes = (
            r_slope[place] - (1 - share) * log_t - share * log_t_x,
            r / alpha - (r + x) * ((1 - share) / (alpha + t) + share / (alpha + t_x)),
            a_slope[place] + share / a,
            b_slope[place] - share / (b + before),
        )
        slope = np.array([np.sum(weight * each) for each in slopes])
        return float(np.sum(weight * (by_count[place] + either))) / size, slope * np.exp(logs) / size

    bounds = [LOG_BOUNDS, LOG_BOUNDS, LEAVING_BOUNDS, LEAVING_BOUNDS]
    start = [0.0, float(np.log(np.mean(t))), 0.0, 0.0]
    found, mean, flat = _most_likely(log_likelihood, start, bounds)
    return BgNbd(*found, log_likelihood=mean * size, converged=flat)


def fit_gamma_gamma(x: Vector, mean_value: Vector) -> GammaGamma:
    """The most likely Gamma-Gamma for customers with x repeat orders, on average worth mean_value; all above 0."""
    order = np.lexsort((mean_value, x))
    x, scale = x[order], float(np.mean(np.sort(mean_value)))
    z = mean_value[order] / scale

    def log_likelihood(logs: Vector) -> tuple[float, Vector]:
        p, q, v = np.exp(logs)
        log_sum = np.log(x * z + v)
        terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        terms += (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * log_sum
        slopes = (
            x * (psi(p * x + q) - psi(p * x) + np.log(z) + np.log(x) - log_sum),
            psi(p * x + q) - psi(q) + np.log(v) - log_sum,
            q / v - (p * x + q) / (x * z + v),
        )
        slope = np.array([np.sum(each) for each in slopes])
        return float(np.sum(terms)) / len(x), slope * np.exp(logs) / len(x)

    (p, q, v), mean, flat = _most_likely(log_likelihood, [0.0, 1.0, 0.0], [LOG_BOUNDS] * 3)
    return GammaGamma(p, q, v * scale, len(x) * (mean - float(np.log(scale))), flat)


def discounted_orders(
    fit: BgNbd, x: Vector, t_x: Vector, t: Vector, *, months: int, discount: float, month: float
) -> Vector:
    """Orders expected in the next months, each month's divided by (1 + discount) once more. `month` is its length."""
    rows, place = np.unique(np.column_stack((x, t_x, t)), axis=0, return_inverse=True)
    total, until_now = np.zeros(len(rows)), np.zeros(len(rows))
    for number in range(1, months + 1):
        until_then = fit.expected_orders(number * month, *rows.T)
        total += (until_then - until_now) / (1 + discount) ** number
        until_now = until_then
    return total[place]


def _most_likely(
    log_likelihood: Callable[[Vector], tuple[float, Vector]], start: list[float], bounds: list[tuple[float, float]]
) -> tuple[list[float], float, bool]:
    """Where a mean log-likelihood is highest: the parameters there, how high it is, and whether it is flat.

    `log_likelihood` gives itself and its slope at the logs of the parameters. Every company starts at the same place.
    On a bound, only a slope that leads back inside counts.
    """
    least = minimize(
        lambda logs: tuple(-each for each in log_likelihood(logs)),
        np.array(start),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 1000, "ftol": 0.0, "gtol": 1e-9},
    )
    low, high = np.array(bounds).T
    step = np.clip(least.x - least.jac, low, high) - least.x
    return np.exp(least.x).tolist(), -float(least.fun), bool(np.max(np.abs(step)) <= FLAT)


def correlation_of(x: Vector, mean_value: Vector) -> float:
    """Between how often and for how much; 0 where either is the same for everybody."""
    x, mean_value = x[order := np.lexsort((mean_value, x))], mean_value[order]
    if np.ptp(x) == 0 or np.ptp(mean_value) == 0:
        return 0.0
    x, mean_value = x - np.mean(x), mean_value - np.mean(mean_value)
    return float(np.sum(x * mean_value) / np.sqrt(np.sum(x**2) * np.sum(mean_value**2)))


def check(x: Vector, t_x: Vector, t: Vector, weeks: float, later_orders: Vector) -> Check:
    """Fits what was known at an earlier day and holds it against the orders in the `weeks` after it."""
    expected = fit_bg_nbd(x, t_x, t).expected_orders(weeks, x, t_x, t)
    return Check(len(x), float(np.sum(np.sort(expected))), int(np.sum(later_orders)))


def fit(history_days: int, check_days: int, now: Customers, then: Customers) -> Fit:
    """Fits the customers as they are `now`, unless they are too few or too new, and checks on those of `then`."""
    x, t_x, t, mean_value = (now[name] for name in ("x", "t_x", "t", "mean_value"))
    repeated = x > 0
    if len(x) < MIN_CUSTOMERS or np.sum(repeated) < MIN_REPEATING:
        return Fit("insufficient_n")
    if history_days < MIN_DAYS or len(then["x"]) < MIN_CUSTOMERS:
        return Fit("not_yet_mature")
    checked = check(then["x"], then["t_x"], then["t"], check_days / DAYS_PER_WEEK, then["later_orders"])
    orders = fit_bg_nbd(x, t_x, t)
    value = fit_gamma_gamma(x[repeated], mean_value[repeated])
    correlation = correlation_of(x[repeated], mean_value[repeated])
    expected = discounted_orders(
        orders, x, t_x, t, months=HORIZON_MONTHS, discount=MONTHLY_DISCOUNT, month=WEEKS_PER_MONTH
    )
    holds = (
        checked.holds
        and orders.converged
        and value.converged
        and value.q > 1
        and abs(correlation) <= MAX_CORRELATION
        and bool(np.all(np.isfinite(expected)))
    )
    if not holds:
        return Fit("model_rejected", checked, orders, value, correlation)
    return Fit(None, checked, orders, value, correlation, expected, value.expected_value(x, mean_value))


def expectations(fitted: Fit, size: int) -> dict[str, Any]:
    """What is expected of each customer; null when the fit may not be used."""
    orders, value = fitted.expected_orders, fitted.expected_order_value
    if orders is None or value is None:
        return dict.fromkeys(EXPECTED, pa.nulls(size, pa.float64()))
    columns = (orders, value, orders * value)
    return {name: pa.array(np.round(column, DECIMALS)) for name, column in zip(EXPECTED, columns, strict=True)}


def findings(fitted: Fit, size: int) -> dict[str, Any]:
    """What was fitted and checked, the same for every customer of the fit; null where nothing was."""
    orders, value, checked = fitted.orders, fitted.value, fitted.check
    numbers = {
        "r": orders and orders.r,
        "alpha": orders and orders.alpha,
        "a": orders and orders.a,
        "b": orders and orders.b,
        "orders_log_likelihood": orders and orders.log_likelihood,
        "p": value and value.p,
        "q": value and value.q,
        "v": value and value.v,
        "value_log_likelihood": value and value.log_likelihood,
        "correlation": fitted.correlation,
        "check_customers": checked and checked.customers,
        "check_expected_orders": checked and checked.expected_orders,
        "check_actual_orders": checked and checked.actual_orders,
    }
    rounded = {name: None if number is None else round(number, DECIMALS) for name, number in numbers.items()}
    columns = {name: pa.repeat(pa.scalar(number, pa.float64()), size) for name, number in rounded.items()}
    return {"refusal": pa.repeat(pa.scalar(fitted.refusal, pa.string()), size), **columns}


def model(dbt: Any, session: Any) -> pa.Table:  # noqa: ARG001 the signature is dbt's
    """The customers of every fit, below one another."""
    dbt.config(materialized="table")
    fits = dbt.ref("dim_lifetime_fit").project("fit_date, history_days, check_days").order("fit_date")
    summaries = dbt.ref("fct_customer_orders_by_fit")
    tables = [fitted_table(summaries.limit(0), 0, 0)]
    for fit_date, history_days, check_days in fits.fetchall():
        customers = summaries.filter(f"fit_date = date '{fit_date}'").order("customer_id")
        tables.append(fitted_table(customers, history_days, check_days))
    return pa.concat_tables(tables, promote_options="permissive")


def fitted_table(customers: Any, history_days: int, check_days: int) -> pa.Table:
    """The customers of one fit (a relation in a fixed order), with what is expected of each."""
    table = customers.project("fit_date, customer_id, channel").to_arrow_table()
    now = customers.project(NOW).fetchnumpy()
    then = customers.filter("check_age_days is not null").project(THEN).fetchnumpy()
    fitted = fit(history_days, check_days, now, then)
    for name, column in (expectations(fitted, len(table)) | findings(fitted, len(table))).items():
        table = table.append_column(name, column)
    return table
