"""Customer lifetime value from orders: published fits are found again, and a fit that can't be trusted is refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.cases import check

PROJECT = Path(__file__).parents[2] / "dbt_project"


def imported(name: str) -> ModuleType:
    """A dbt Python model as a module; dbt itself reads it as a file too."""
    spec = importlib.util.spec_from_file_location(name, PROJECT / "models" / "marts" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lifetime = imported("fct_customer_lifetime_values")
subscribers = imported("fct_subscriber_lifetime_values")


@pytest.fixture(scope="module")
def cdnow(shared_data: Path) -> dict[str, Any]:
    """The 2,357 customers of the CDNOW sample: repeat orders, weeks of the last one, weeks seen, mean value."""
    file = shared_data / "cdnow" / "cdnow_customers_summary_with_transactions.csv"
    found = duckdb.sql(f"select x::double as x, t_x, T as t, zbar as mean_value from '{file}' order by ID").fetchnumpy()
    return {name: np.asarray(values) for name, values in found.items()}


@pytest.mark.case
def test_bg_nbd_finds_the_parameters_of_the_paper(cdnow: dict[str, Any]) -> None:
    fit = lifetime.fit_bg_nbd(cdnow["x"], cdnow["t_x"], cdnow["t"])
    assert fit.converged
    for key in ("r", "alpha", "a", "b"):
        check("CLV-01", key, getattr(fit, key), of="clv")
    check("CLV-01", "loglik", fit.log_likelihood, of="clv")
    customer = (np.array([value]) for value in (2.0, 30.43, 38.86))
    check("CLV-01", "E_Y39_x2_tx30_43_T38_86", float(fit.expected_orders(39, *customer)[0]), of="clv")


@pytest.mark.case
def test_gamma_gamma_finds_the_published_parameters_and_means(cdnow: dict[str, Any]) -> None:
    x, mean_value = cdnow["x"], cdnow["mean_value"]
    repeated = x > 0
    fit = lifetime.fit_gamma_gamma(x[repeated], mean_value[repeated])
    assert fit.converged
    for key in ("p", "q", "v"):
        check("CLV-02", key, getattr(fit, key), of="clv")
    check("CLV-02", "mean_cond_avg", float(np.mean(fit.expected_value(x, mean_value))), of="clv")
    check("CLV-02", "mean_avg", float(np.mean(mean_value[repeated])), of="clv")
    check("CLV-02", "n_repeat", int(np.sum(repeated)), of="clv")


@pytest.mark.case
def test_discounted_value_is_the_published_one(cdnow: dict[str, Any]) -> None:
    x, t_x, t, mean_value = (cdnow[name] for name in ("x", "t_x", "t", "mean_value"))
    repeated = x > 0
    orders = lifetime.fit_bg_nbd(x, t_x, t)
    value = lifetime.fit_gamma_gamma(x[repeated], mean_value[repeated])
    # The published figures take the file's weeks for days: a month of 30 of them.
    expected = lifetime.discounted_orders(orders, x, t_x, t, months=12, discount=0.01, month=30)
    worth = expected * value.expected_value(x, mean_value)
    for place, key in enumerate(("id1", "id2", "id3")):
        check("CLV-03", key, float(worth[place]), of="clv")


def test_the_order_of_the_customers_changes_no_digit(cdnow: dict[str, Any]) -> None:
    names = ("x", "t_x", "t", "mean_value")
    order = np.random.default_rng(3).permutation(len(cdnow["x"]))
    shuffled = {name: cdnow[name][order] for name in names}
    repeated, moved = cdnow["x"] > 0, shuffled["x"] > 0
    assert lifetime.fit_bg_nbd(*(cdnow[n] for n in names[:3])) == lifetime.fit_bg_nbd(*(shuffled[n] for n in names[:3]))
    assert lifetime.fit_gamma_gamma(cdnow["x"][repeated], cdnow["mean_value"][repeated]) == lifetime.fit_gamma_gamma(
        shuffled["x"][moved], shuffled["mean_value"][moved]
    )


def customers(number: int, seed: int = 5) -> dict[str, Any]:
    """Invented customers who order at a rate of their own and leave after some order, each seen for two years."""
    chance = np.random.default_rng(seed)
    x, t_x, now_x, now_t_x = (np.zeros(number) for _ in range(4))
    t = chance.uniform(30, 104, number)
    rate, leaves = chance.gamma(0.8, 1 / 12, number), chance.beta(1.0, 3.0, number)
    for one in range(number):
        day, times = 0.0, []
        while chance.random() > leaves[one] and (day := day + chance.exponential(1 / rate[one])) < t[one] + 26:
            times.append(day)
        until_now = [time for time in times if time <= t[one]]
        before = [time for time in until_now if time <= t[one] - 26]
        x[one], t_x[one] = len(before), max(before, default=0.0)
        now_x[one], now_t_x[one] = len(until_now), max(until_now, default=0.0)
    mean_value = chance.gamma(20, 1, number) * (now_x > 0)
    return {
        "now": {"x": now_x, "t_x": now_t_x, "t": t, "mean_value": mean_value},
        "then": {"x": x, "t_x": t_x, "t": t - 26, "later_orders": now_x - x},
    }


def test_customers_who_behave_as_the_model_says_are_foretold() -> None:
    fitted = lifetime.fit(history_days=730, check_days=182, **customers(1500))
    assert fitted.refusal is None
    assert fitted.check.expected_orders == pytest.approx(fitted.check.actual_orders, rel=0.15)
    assert np.all(fitted.expected_orders >= 0)


def test_below_300_customers_there_is_no_prediction() -> None:
    few = customers(1500)
    few = {moment: {name: values[:299] for name, values in columns.items()} for moment, columns in few.items()}
    assert lifetime.fit(history_days=730, check_days=182, **few) == lifetime.Fit("insufficient_n")


def test_customers_who_never_come_back_say_nothing_about_what_an_order_is_worth() -> None:
    silent = customers(1500)
    silent["now"]["x"][:] = 0
    assert lifetime.fit(history_days=730, check_days=182, **silent).refusal == "insufficient_n"


def test_before_nine_months_or_without_customers_to_check_on_it_is_too_early() -> None:
    given = customers(1500)
    assert lifetime.fit(history_days=269, check_days=90, **given).refusal == "not_yet_mature"
    new = {**given, "then": {name: values[:299] for name, values in given["then"].items()}}
    assert lifetime.fit(history_days=730, check_days=182, **new).refusal == "not_yet_mature"


def test_a_fit_that_was_wrong_about_later_orders_is_refused() -> None:
    given = customers(1500)
    given["then"]["later_orders"] = given["then"]["later_orders"] * 2
    fitted = lifetime.fit(history_days=730, check_days=182, **given)
    assert fitted.refusal == "model_rejected"
    assert fitted.expected_orders is None
    assert fitted.check.expected_orders < 0.75 * fitted.check.actual_orders


def test_a_fit_whose_best_customers_also_spend_most_per_order_is_refused() -> None:
    given = customers(1500)
    now = given["now"]
    now["mean_value"] = np.where(now["x"] > 0, 20 + 15 * now["x"], 0)
    assert lifetime.fit(history_days=730, check_days=182, **given).refusal == "model_rejected"


@pytest.mark.parametrize(("a", "b"), [(0.79, 2.43), (0.01, 140.0), (140.0, 140.0), (1.5, 0.3)])
def test_expected_orders_stay_finite_and_below_what_a_customer_did_so_far(a: float, b: float) -> None:
    fit = lifetime.BgNbd(0.25, 4.4, a, b, 0.0, True)
    x = np.array([0.0, 1.0, 30.0, 700.0])
    expected = fit.expected_orders(52, x, np.array([0.0, 20.0, 99.0, 99.9]), np.full(4, 100.0))
    assert np.all(np.isfinite(expected))
    assert np.all((expected >= 0) & (expected <= 52 * (0.25 + x) / (4.4 + 100) * (1 + 1e-9)))


def fitted(survivors: list[int]) -> Any:
    """One cohort: how many were there at first and after each renewal."""
    number = np.array(survivors, dtype=float)
    renewals = np.arange(1, len(number), dtype=float)
    return subscribers.fit_sbg(renewals, -np.diff(number), renewals[-1:], number[-1:])


@pytest.mark.case
def test_shifted_beta_geometric_finds_the_published_parameters() -> None:
    short = fitted([1000, 631, 468, 382, 326])
    assert short.converged
    check("CLV-04", "gamma", short.gamma, of="subscriber_clv")
    check("CLV-04", "delta", short.delta, of="subscriber_clv")
    check("CLV-04", "loglik", short.log_likelihood, of="subscriber_clv")
    for year in (6, 7, 12):  # the first year is before the first renewal
        check("CLV-04", f"year{year}", 1000 * float(short.survival(np.array(year - 1.0))), of="subscriber_clv")
    cohorts = {
        "CLV-05": [1000, 631, 468, 382, 326, 289, 262, 241],
        "CLV-06": [1000, 869, 743, 653, 593, 551, 517, 491],
    }
    for case, survivors in cohorts.items():
        fit = fitted(survivors)
        check(case, "alpha", fit.gamma, of="subscriber_clv")
        check(case, "beta", fit.delta, of="subscriber_clv")
        check(case, "loglik", fit.log_likelihood, of="subscriber_clv")


def test_a_subscriber_pays_now_and_each_later_month_counts_for_less() -> None:
    loyal = subscribers.ShiftedBetaGeometric(1e-9, 1.0, 0.0, True)
    assert loyal.expected_periods(3, 0.01) == pytest.approx(1 + 1 / 1.01 + 1 / 1.01**2)


def tenures(counts: dict[tuple[int, bool], tuple[int, int]]) -> dict[str, np.ndarray]:
    """Customers and those kept, by age in months and whether they were lost at it."""
    ages, lost = zip(*counts, strict=True)
    customers, kept = zip(*counts.values(), strict=True)
    columns = {"age_months": ages, "is_lost": lost, "customer_count": customers, "kept_count": kept}
    return {name: np.array(values) for name, values in columns.items()}


NOW = {(month, True): (20, 0) for month in range(1, 9)} | {(8, False): (200, 200)}
THEN = {(month, True): (20, 0) for month in range(1, 7)} | {(6, False): (240, 200)}


def test_subscribers_who_left_as_before_are_foretold() -> None:
    found = subscribers.fit(tenures(NOW), tenures(THEN), 2)
    assert (found.refusal, found.check_customers, found.actual_kept) == (None, 240, 200)
    assert found.expected_kept == pytest.approx(200, rel=0.1)


@pytest.mark.parametrize(
    ("now", "then", "reason"),
    [
        ({(8, False): (90, 90), (1, True): (9, 0)}, THEN, "insufficient_n"),
        ({(8, False): (200, 200), (1, True): (9, 0)}, THEN, "insufficient_n"),
        (NOW, {(3, False): (240, 200), (1, True): (20, 0)}, "not_yet_mature"),
        (NOW, {(6, False): (99, 90), (1, True): (20, 0)}, "not_yet_mature"),
        (NOW, {**THEN, (6, False): (240, 100)}, "model_rejected"),
    ],
)
def test_a_fit_of_subscribers_that_says_too_little_is_refused(now: Any, then: Any, reason: str) -> None:
    found = subscribers.fit(tenures(now), tenures(then), 2)
    assert found.refusal == reason
