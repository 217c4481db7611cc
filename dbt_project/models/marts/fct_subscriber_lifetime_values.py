"""Grain: one row per fit: how many months a new subscriber stays, by the shifted beta-geometric.

Each subscriber leaves at a renewal with a chance of his own, and those chances differ by Beta(gamma, delta): whoever
stayed long is more likely to stay (Fader and Hardie 2007). A constant churn understates such loyal customers. The
expected months are discounted and end at a horizon. A fit that may not be used says why in `refusal`.
"""

import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.optimize import minimize
from scipy.special import betaln, psi

MIN_CUSTOMERS = 100
MIN_LOST = 10
MIN_RENEWALS = 4
# Off by more in how many of a check's customers stayed, it is no basis for a decision.
MAX_DEVIATION = 0.10

HORIZON_MONTHS = 60
MONTHLY_DISCOUNT = 0.01

LOG_BOUNDS = (-9.0, 9.0)
FLAT = 1e-5
DECIMALS = 6

Vector = np.ndarray


class ShiftedBetaGeometric(NamedTuple):
    """Customers leave at a renewal with a chance that differs between them by Beta(gamma, delta)."""

    gamma: float
    delta: float
    log_likelihood: float
    converged: bool

    def survival(self, renewals: Vector) -> Vector:
        """Which part of the customers is still there after so many renewals."""
        return np.exp(betaln(self.gamma, self.delta + renewals) - betaln(self.gamma, self.delta))

    def expected_periods(self, horizon: int, discount: float) -> float:
        """How many periods a new customer pays within the horizon: the first now, each next discounted once more."""
        periods = np.arange(horizon)
        return float(np.sum(self.survival(periods) / (1 + discount) ** periods))


class Fit(NamedTuple):
    """What could be fitted on the customers of one day, and why it may not be used, or None when it may."""

    refusal: str | None
    model: ShiftedBetaGeometric | None = None
    check_customers: int | None = None
    expected_kept: float | None = None
    actual_kept: int | None = None


def fit_sbg(lost_at: Vector, lost: Vector, stayed_for: Vector, stayed: Vector) -> ShiftedBetaGeometric:
    """The most likely model for customers `lost` at renewal lost_at, and those who `stayed` for stayed_for renewals."""
    size = float(np.sum(lost) + np.sum(stayed))

    def negative(logs: Vector) -> tuple[float, Vector]:
        a, b = np.exp(logs)
        left = betaln(a + 1, b + lost_at - 1) - betaln(a, b)
        here = betaln(a, b + stayed_for) - betaln(a, b)
        value = np.sum(lost * left) + np.sum(stayed * here)
        both = psi(a + b)
        a_slope = np.sum(lost * (psi(a + 1) - psi(a) + both - psi(a + b + lost_at))) + np.sum(
            stayed * (both - psi(a + b + stayed_for))
        )
        b_slope = np.sum(lost * (psi(b + lost_at - 1) - psi(b) + both - psi(a + b + lost_at))) + np.sum(
            stayed * (psi(b + stayed_for) - psi(b) + both - psi(a + b + stayed_for))
        )
        return -float(value) / size, -np.array([a_slope, b_slope]) * np.exp(logs) / size

    options = {"maxiter": 1000, "ftol": 0.0, "gtol": 1e-9}
    least = minimize(
        negative, np.array([0.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[LOG_BOUNDS] * 2, options=options
    )
    step = np.clip(least.x - least.jac, *LOG_BOUNDS) - least.x
    gamma, delta = np.exp(least.x).tolist()
    return ShiftedBetaGeometric(gamma, delta, -float(least.fun) * size, bool(np.max(np.abs(step)) <= FLAT))


def fit_counted(counted: dict[str, Vector]) -> ShiftedBetaGeometric:
    """Fits customers counted by age and whether they were lost at it."""
    lost = counted["is_lost"]
    ages, number = counted["age_months"].astype(float), counted["customer_count"].astype(float)
    return fit_sbg(ages[lost], number[lost], ages[~lost], number[~lost])


def fit(now: dict[str, Vector], then: dict[str, Vector], check_months: int) -> Fit:
    """Fits the customers as they are `now`, unless they are too few or too new, and checks on those of `then`."""
    if np.sum(now["customer_count"]) < MIN_CUSTOMERS or np.sum(now["customer_count"][now["is_lost"]]) < MIN_LOST:
        return Fit("insufficient_n")
    here = ~then["is_lost"]
    ages, number = then["age_months"][here].astype(float), then["customer_count"][here]
    lost_then = np.sum(then["customer_count"][then["is_lost"]])
    if np.max(then["age_months"], initial=0) < MIN_RENEWALS or np.sum(number) < MIN_CUSTOMERS or lost_then < MIN_LOST:
        return Fit("not_yet_mature")
    earlier = fit_counted(then)
    expected = float(np.sum(number * earlier.survival(ages + check_months) / earlier.survival(ages)))
    actual = int(np.sum(then["kept_count"][here]))
    model = fit_counted(now)
    holds = model.converged and abs(expected - actual) <= MAX_DEVIATION * actual
    return Fit(None if holds else "model_rejected", model, int(np.sum(number)), expected, actual)


def row(fitted: Fit, fit_date: datetime.date, check_date: datetime.date, customers: int) -> dict[str, Any]:
    """One fit as it is published; null where nothing was found, and no expectation from a fit that may not be used."""
    model = fitted.model
    months = model.expected_periods(HORIZON_MONTHS, MONTHLY_DISCOUNT) if model and not fitted.refusal else None
    numbers = {
        "expected_months": months,
        "gamma": model and model.gamma,
        "delta": model and model.delta,
        "log_likelihood": model and model.log_likelihood,
        "expected_kept": fitted.expected_kept,
    }
    return {
        "fit_date": fit_date,
        "check_date": check_date,
        "customer_count": customers,
        "refusal": fitted.refusal,
        "check_customers": fitted.check_customers,
        "actual_kept": fitted.actual_kept,
        **{name: None if number is None else round(number, DECIMALS) for name, number in numbers.items()},
    }


SCHEMA = pa.schema(
    {
        "fit_date": pa.date32(),
        "check_date": pa.date32(),
        "customer_count": pa.int64(),
        "refusal": pa.string(),
        "check_customers": pa.int64(),
        "actual_kept": pa.int64(),
        "expected_months": pa.float64(),
        "gamma": pa.float64(),
        "delta": pa.float64(),
        "log_likelihood": pa.float64(),
        "expected_kept": pa.float64(),
    }
)


def model(dbt: Any, session: Any) -> pa.Table:  # noqa: ARG001 the signature is dbt's
    """Every fit of the company."""
    dbt.config(materialized="table")
    counted = dbt.ref("fct_subscriber_tenures")
    fits = counted.aggregate(
        "fit_date, max(moment_date) filter (moment = 'then') as check_date, "
        "sum(customer_count) filter (moment = 'now')::bigint as customers",
        "fit_date",
    ).project("fit_date, check_date, datediff('month', check_date, fit_date) as check_months, customers")
    rows = []
    for fit_date, check_date, check_months, customers in fits.order("fit_date").fetchall():
        ages = counted.filter(f"fit_date = date '{fit_date}'").order("moment, age_months, is_lost")
        columns = "age_months, is_lost, customer_count::bigint as customer_count, kept_count::bigint as kept_count"
        now, then = (ages.filter(f"moment = '{each}'").project(columns).fetchnumpy() for each in ("now", "then"))
        rows.append(row(fit(now, then, check_months or 0), fit_date, check_date, customers))
    return pa.Table.from_pylist(rows, schema=SCHEMA)
