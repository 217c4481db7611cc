"""Budget per channel: the worked cases of saturation, and when a proposal is made and when it is not."""

from __future__ import annotations

import importlib.util
from math import exp
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.stats import gamma, linregress

from tests.cases import check

FILE = Path(__file__).parents[2] / "dbt_project" / "models" / "reporting" / "int_channel_budgets_made.py"


def imported() -> ModuleType:
    """The dbt Python model as a module; dbt itself reads it as a file too."""
    spec = importlib.util.spec_from_file_location(FILE.stem, FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


budgets = imported()


def channel(scope: str, spend: float, conversions: int, revenue: float, **changed: Any) -> Any:
    """A channel with the same spend, conversions and revenue in each of twelve months."""
    fields = {"window": 12, "kind": "prospecting", "is_varied_on_purpose": False} | changed
    months = [np.full(12, each, dtype=np.float64) for each in (spend, conversions, revenue)]
    return budgets.Channel(scope, *months, **fields)


def varied(scope: str, top: float, scale: float, spend: float, noise: float = 0.02) -> Any:
    """A channel whose spend was varied by half over 36 months, along a saturating curve."""
    generator = np.random.default_rng(7)
    euros = spend * np.tile([0.5, 1.0, 1.5], 12)
    revenue = top * (1 - np.exp(-euros / scale)) * np.exp(generator.normal(0, noise, 36))
    return budgets.Channel(scope, euros, np.full(36, 50.0), revenue, 12, "prospecting", True)


@pytest.mark.case
def test_saturation_gives_the_published_optimum() -> None:
    spend, margin = [5000.0, 5000.0], 0.4
    curves = [budgets.Curve(12000, 2000), budgets.Curve(9000, 6000)]
    best = [curve.spend_at(budgets.break_even(margin)) for curve in curves]
    even = budgets.same_marginal(curves, sum(spend))
    got = {
        "rev_now": sum(curve.revenue(euros) for curve, euros in zip(curves, spend, strict=True)),
        "rev_opt": sum(curve.revenue(euros) for curve, euros in zip(curves, even, strict=True)),
        "profit_now": sum(budgets.profit(*each, margin) for each in zip(curves, spend, strict=True)),
        "profit_max": sum(budgets.profit(*each, margin) for each in zip(curves, best, strict=True)),
        "break_even_roas": budgets.break_even(margin),
    }
    for name, curve, euros, optimum, most in zip("AB", curves, spend, even, best, strict=True):
        got[f"avg_{name}"] = curve.revenue(euros) / euros
        got[f"marg_{name}"] = curve.marginal(euros)
        got[f"opt_{name}"] = optimum
        got[f"profit_max_{name}"] = most
    for key, value in got.items():
        check("MKT-04", key, value, of="int_channel_budgets_made")


@pytest.mark.case
@pytest.mark.parametrize("months", [12, 26, 52, 104])
@pytest.mark.parametrize("percent", [10, 40])
def test_the_error_of_an_elasticity_is_the_published_one(months: int, percent: int) -> None:
    got = budgets.elasticity_error(0.15, percent / 100, months)
    check("MKT-05", f"n{months}_sd{percent}", got, of="int_channel_budgets_made")


def test_an_elasticity_and_its_error_are_those_of_least_squares() -> None:
    made = varied("channel:a", 12000, 2000, 3000, noise=0.2)
    found = budgets.elasticity(made.spend, made.revenue)
    fit: Any = linregress(np.log(made.spend), np.log(made.revenue))
    assert found.value == pytest.approx(fit.slope)
    assert found.error == pytest.approx(fit.stderr)


def test_a_curve_has_the_revenue_and_the_elasticity_it_was_made_of() -> None:
    curve = budgets.curve_through(5000.0, 11000.0, 0.3)
    assert curve.revenue(5000) == pytest.approx(11000)
    assert curve.marginal(5000) == pytest.approx(0.3 * 11000 / 5000)
    assert budgets.curve_through(5000.0, 11000.0, 1.2) is None
    assert budgets.curve_through(5000.0, -1.0, 0.3) is None


def test_a_small_channel_is_drawn_further_towards_the_mean() -> None:
    small, large, other = budgets.shrunk([4, 400, 900], [100.0, 10000.0, 45000.0])
    assert 1304 / 55100 < small.mean < large.mean < 0.04
    assert other.mean == pytest.approx(0.02, rel=0.01)
    assert small.quantile(0.1) == pytest.approx(gamma(small.shape, scale=1 / small.rate).ppf(0.1))


def test_channels_that_differ_by_chance_only_are_taken_for_the_same() -> None:
    first, second = budgets.shrunk([50, 52], [1000.0, 1000.0])
    assert first == second


def test_a_fifth_goes_to_the_channel_that_surely_earns_more() -> None:
    worst, best = budgets.propose([channel("a", 1000, 20, 1500), channel("b", 2000, 80, 8000)], 0.5)
    assert (worst.change, best.change) == (pytest.approx(-0.2), pytest.approx(0.1))
    assert worst.method == "average"
    assert worst.gain_low > 0
    assert worst.gain_low < worst.gain < worst.gain_high


def test_with_fewer_than_a_hundred_conversions_it_is_a_tenth() -> None:
    worst, best = budgets.propose([channel("a", 1000, 3, 600), channel("b", 1000, 80, 8000)], 0.5)
    assert (worst.change, best.change) == (pytest.approx(-0.1), pytest.approx(0.1))


GOOD, BAD = channel("good", 2000, 80, 8000), channel("bad", 1000, 20, 1500)


@pytest.mark.parametrize(
    ("channels", "margin", "reasons"),
    [
        ([GOOD, BAD], None, ["no_margin", "no_margin"]),
        ([GOOD, BAD], -0.1, ["no_margin", "no_margin"]),
        ([GOOD], 0.5, ["one_channel"]),
        ([GOOD, channel("x", 1000, 2, 100)], 0.5, ["one_channel", "not_enough_data"]),
        ([GOOD, BAD._replace(window=11)], 0.5, ["one_channel", "not_enough_data"]),
        ([GOOD, BAD._replace(kind="brand")], 0.5, ["one_channel", "captures_demand"]),
        ([GOOD, BAD._replace(kind=None)], 0.5, ["one_channel", "kind_unknown"]),
        ([GOOD, channel("x", 1000, 40, 4000)], 0.5, ["intervals_overlap", "intervals_overlap"]),
        ([GOOD, BAD, channel("x", 1500, 40, 4000)], 0.5, [None, None, "in_between"]),
        ([channel("x", 40000, 1600, 160000), BAD], 0.5, ["at_the_floor", "at_the_floor"]),
    ],
)
def test_where_nothing_is_moved_the_reason_says_why(channels: list, margin: float | None, reasons: list) -> None:
    made = budgets.propose(channels, margin)
    assert [each.reason for each in made] == reasons
    assert all((each.change == 0) == (each.reason is not None) for each in made)


def test_a_higher_average_gives_way_to_a_higher_marginal_return() -> None:
    channels = [varied("a", 9000, 1000, 5000), varied("b", 20000, 10000, 5000)]
    averages = [each.returned / each.spent for each in channels]
    first, second = budgets.propose(channels, 0.4)
    assert averages[0] > averages[1]
    assert first.change < 0 < second.change <= 0.2
    assert first.method == "marginal"
    assert first.gain_low > 0
    assert first.extra_revenue < 0 < second.extra_revenue


def test_a_marginal_gain_that_may_be_chance_moves_nothing() -> None:
    made = budgets.propose([varied("a", 12000, 2000, 5000), varied("b", 9000, 6000, 5000)], 0.4)
    assert {(each.change, each.method, each.reason) for each in made} == {(0, "marginal", "intervals_overlap")}


def test_no_curve_is_drawn_without_variation_on_purpose_or_with_a_wide_error() -> None:
    made = varied("a", 12000, 2000, 5000)
    assert budgets.marginal_of(made._replace(is_varied_on_purpose=False))[2] == "no_planned_variation"
    noisy = varied("a", 12000, 2000, 5000, noise=1.5)
    assert budgets.marginal_of(noisy)[2] == "not_enough_data"
    assert budgets.marginal_of(made)[0].marginal(5000) < 12000 / 2000 * exp(-0.5)


def test_the_rows_of_channels_without_a_margin_or_conversions_say_nothing_they_do_not_know() -> None:
    first, second = budgets.rows_of([GOOD, channel("x", 1000, 0, 0)], 0.5)
    assert first["contribution_low"] < first["contribution_per_euro"] < first["contribution_high"]
    assert "contribution_per_euro" not in second
    assert "contribution_per_euro" not in budgets.rows_of([GOOD, BAD], None)[0]
    assert budgets.rows_of([], None) == []


def test_an_elasticity_is_only_published_where_spend_was_varied_on_purpose() -> None:
    made = varied("a", 12000, 2000, 5000)
    planned, unplanned = (
        budgets.rows_of([made._replace(is_varied_on_purpose=answer), GOOD], 0.4)[0] for answer in (True, False)
    )
    assert planned["elasticity"] > 0
    assert "elasticity" not in unplanned


def test_the_interval_of_a_contribution_holds_the_true_one_as_often_as_it_says() -> None:
    """Orders of very different sizes, in months that differ by more than chance: counts alone hold it half the time."""
    generator, margin, runs = np.random.default_rng(11), 0.4, 400
    spend = np.full(12, 1000.0)
    truth = margin * 30 * 60 / 1000
    held = counted = 0
    for _ in range(runs):
        channels = []
        for scope in ("a", "b"):
            orders = generator.poisson(30 * generator.gamma(6, 1 / 6, 12)).astype(np.float64)
            size = 60 * generator.lognormal(-0.125, 0.5, 12)
            channels.append(budgets.Channel(scope, spend, orders, orders * size, 12, "prospecting", False))
        rate = budgets.shrunk([each.converted for each in channels], [each.spent for each in channels])[0]
        worth = margin * channels[0].returned / channels[0].converted
        counted += worth * rate.quantile(0.1) <= truth <= worth * rate.quantile(0.9)
        earned = budgets.contributions(channels, margin)[0]
        held += earned.low <= truth <= earned.high
    assert counted / runs < 0.60
    assert 0.76 <= held / runs <= 0.95
