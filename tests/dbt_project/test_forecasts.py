"""Forecasts: published figures are found again, and what can't honestly be said is not said."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.cases import check

FILE = Path(__file__).parents[2] / "dbt_project" / "models" / "reporting" / "int_forecasts_made.py"


def imported() -> ModuleType:
    """The dbt Python model as a module; dbt itself reads it as a file too."""
    spec = importlib.util.spec_from_file_location(FILE.stem, FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


forecasts = imported()


@pytest.fixture(scope="module")
def passengers() -> np.ndarray:
    """Monthly airline passengers 1949-1960 (Box and Jenkins), as statsforecast ships them."""
    from statsforecast.utils import AirPassengers

    return np.asarray(AirPassengers, dtype=np.float64)


def seasonal(months: int, seed: int, noise: float = 8) -> np.ndarray:
    """A level of 100, a season of 20 and noise."""
    generator = np.random.default_rng(seed)
    place = np.arange(months)
    return 100 + 20 * np.sin(2 * np.pi * place / 12) + generator.normal(0, noise, months)


@pytest.mark.case
def test_the_naive_interval_is_the_published_one() -> None:
    last, sigma = np.array([531.4783]), 6.208148
    eighty = forecasts.naive(last, 10, level=0.80, sigma=sigma)
    ninety_five = forecasts.naive(last, 10, level=0.95, sigma=sigma)
    check("FC-01", "h1_lo80", eighty.low[0], of="rpt_forecasts")
    check("FC-01", "h1_hi80", eighty.high[0], of="rpt_forecasts")
    check("FC-01", "h10_lo80", eighty.low[9], of="rpt_forecasts")
    check("FC-01", "h10_hi80", eighty.high[9], of="rpt_forecasts")
    check("FC-01", "h1_lo95", ninety_five.low[0], of="rpt_forecasts")
    check("FC-01", "h10_hi95", ninety_five.high[9], of="rpt_forecasts")


@pytest.mark.case
def test_last_years_months_forecast_the_passengers_as_published(passengers: np.ndarray) -> None:
    made = forecasts.seasonal_naive(passengers[:132], 12)
    check("FC-02", "first3", made.value[:3].tolist(), of="rpt_forecasts")
    tested = forecasts.back_test(forecasts.seasonal_naive, passengers, 12, [132])
    check("FC-02", "mae", tested.mae, of="rpt_forecasts")
    check("FC-02", "mase", tested.mase, of="rpt_forecasts")
    assert tested.coverage == 0.25  # a season without the growth: three of twelve, says the same source


def test_the_seasonal_interval_is_that_of_the_library(passengers: np.ndarray) -> None:
    from statsforecast.models import SeasonalNaive

    theirs = SeasonalNaive(12).forecast(y=passengers, h=24, level=[80])
    ours = forecasts.seasonal_naive(passengers, 24)
    assert ours.value == pytest.approx(theirs["mean"])
    assert ours.high - ours.value == pytest.approx(theirs["hi-80"] - theirs["mean"], rel=0.01)


def test_less_than_half_a_year_is_not_forecast() -> None:
    assert forecasts.forecast(np.arange(1.0, 6.0), "flow", True) == forecasts.Judged(
        None, reason="insufficient_history"
    )


@pytest.mark.parametrize(("kind", "method"), [("stock", "naive"), ("flow", "mean"), ("ratio", "mean")])
def test_within_a_year_a_balance_goes_on_where_it_is_and_the_rest_around_its_mean(kind: str, method: str) -> None:
    judged = forecasts.forecast(seasonal(9, seed=1), kind, True)
    assert judged.forecast.method == method
    assert len(judged.forecast.value) == 3
    assert judged.beside is None
    assert judged.tested is None


def test_from_eighteen_months_on_last_years_months_are_shown_beside() -> None:
    assert forecasts.forecast(seasonal(17, seed=1), "flow", True).beside is None
    beside = forecasts.forecast(seasonal(18, seed=1), "flow", True).beside
    assert beside.method == "seasonal_naive_drift"
    assert np.all(beside.low < beside.value)


def test_from_two_years_on_the_method_with_the_smallest_error_is_chosen() -> None:
    y = np.log(seasonal(48, seed=2))
    errors = {
        method: forecasts.back_test(method, y, 6, range(36, 48, 2)).mase
        for method in (forecasts.seasonal_naive, forecasts.theta, forecasts.auto_ets)
    }
    best = min(errors, key=lambda method: errors[method])
    judged = forecasts.forecast(np.exp(y), "flow", True)
    assert judged.forecast.method == best.__name__
    assert judged.tested.mase == pytest.approx(errors[best])
    assert judged.tested.count == 30


def test_a_series_with_growth_is_not_left_to_last_years_months(passengers: np.ndarray) -> None:
    judged = forecasts.forecast(passengers, "flow", True)
    assert judged.forecast.method != "seasonal_naive"
    assert (
        judged.tested.mase
        < forecasts.back_test(forecasts.seasonal_naive, np.log(passengers), 6, range(132, 144, 2)).mase
    )


def test_amounts_that_are_never_negative_are_not_forecast_to_be_so() -> None:
    y = np.array([100.0, 3, 250, 1, 90, 2, 300, 4])
    assert np.all(forecasts.forecast(y, "flow", True).forecast.low > 0)
    assert np.any(forecasts.forecast(y, "flow", False).forecast.low < 0)


@pytest.mark.parametrize("months", [8, 20, 36])
def test_values_that_never_change_have_no_interval_and_so_no_forecast(months: int) -> None:
    judged = forecasts.forecast(np.repeat(7.0, months), "flow", True)
    assert judged.forecast is None
    assert judged.reason == "interval_without_width"


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [
        ([1.0, np.nan], [3.0, 3.0], "interval_unknown"),
        ([2.0, 2.0], [2.0, 2.0], "interval_without_width"),
        ([0.0, 1.0], [4.0, 3.0], "interval_narrows"),
        ([1.0, 1.0], [3.0, 3.0], None),
    ],
)
def test_an_interval_that_can_not_be_is_refused(low: list[float], high: list[float], reason: str | None) -> None:
    made = forecasts.Forecast("made", np.array([2.0, 2.0]), np.array(low), np.array(high))
    assert forecasts.flaw(made) == reason


def test_eighty_percent_intervals_of_the_simple_methods_hold_about_eighty_percent() -> None:
    inside = {"mean": 0, "seasonal_naive": 0}
    series = 400
    for seed in range(series):
        y = seasonal(36, seed=seed)
        for method, months in ((forecasts.mean, 12), (forecasts.seasonal_naive, 24)):
            made = method(y[:months], 12)
            later = y[months : months + 12]
            inside[method.__name__] += int(np.sum((made.low <= later) & (later <= made.high)))
    assert inside["mean"] / series / 12 == pytest.approx(0.80, abs=0.06)
    assert inside["seasonal_naive"] / series / 12 == pytest.approx(0.80, abs=0.06)


@pytest.mark.parametrize("months", [6, 12, 13, 18, 23, 24, 25, 29, 30, 35, 36, 60])
def test_every_length_of_history_gives_a_sound_forecast(months: int) -> None:
    judged = forecasts.forecast(seasonal(months, seed=months), "flow", True)
    assert judged.reason is None
    made = judged.forecast
    assert np.all(made.low < made.value)
    assert np.all(made.value < made.high)
    assert (judged.tested is None) == (months < 24)
