"""A figure of a worked case is compared as strictly as it was printed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests import cases


@pytest.mark.parametrize(
    ("expected", "got", "tolerance"),
    [
        (Decimal("0.92"), Decimal("0.9200000001"), None),
        (Decimal("0.441311"), 0.4413111, None),
        (Decimal("284.5"), 284.54, None),
        (541667, Decimal("541666.666667"), None),
        (Decimal("523.5222"), 523.5223, "2e-4"),
        (Decimal("35.252958"), 35.28, "1e-3 rel"),
        ("null:no_base", "no_base", None),
        ("red", "red", None),
        (True, True, None),
        (None, None, None),
        ([360, 342, 406], [360.0, 342.0, 406.0], None),
    ],
)
def test_a_figure_within_its_precision_is_equal(expected: object, got: object, tolerance: str | None) -> None:
    assert cases.equal(expected, got, tolerance)


@pytest.mark.parametrize(
    ("expected", "got", "tolerance"),
    [
        (Decimal("0.92"), Decimal("0.9201"), None),
        (Decimal("0.441311"), 0.441312, None),
        (Decimal("284.5"), 284.56, None),
        (950, Decimal("950.01"), None),
        (Decimal("523.5222"), 523.5225, "2e-4"),
        (Decimal("35.252958"), 35.29, "1e-3 rel"),
        ("null:no_base", "no_value", None),
        ("red", "green", None),
        (True, False, None),
        (None, 0, None),
        (Decimal("0.2"), None, None),
        ([360, 342, 406], [360, 342], None),
    ],
)
def test_a_figure_outside_its_precision_is_not_equal(expected: object, got: object, tolerance: str | None) -> None:
    assert not cases.equal(expected, got, tolerance)


def test_a_check_outside_a_marked_test_is_refused() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"carries @pytest\.mark\.case"):
        cases.check("SAAS-01", "grr", Decimal("0.92"))


@pytest.mark.case
def test_a_case_that_does_not_exist_is_refused() -> None:
    with pytest.raises(pytest.fail.Exception, match="no key nonsense in case SAAS-01"):
        cases.check("SAAS-01", "nonsense", 1)


def test_there_are_forty_eight_cases() -> None:
    assert len(cases.worked_cases()) == 48


def test_what_is_listed_as_not_ours_is_a_figure_of_a_case() -> None:
    assert set(cases.reasons()) <= set(cases.all_keys())


def test_a_figure_nobody_proves_and_one_proven_though_listed_are_both_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    proven = [
        cases.Proof("", case, key, "", "", True) for case, key in cases.all_keys() if (case, key) not in cases.reasons()
    ]
    monkeypatch.setattr(cases, "proofs", proven)
    assert cases.verdict() == ""
    listed = next(iter(cases.reasons()))
    monkeypatch.setattr(cases, "proofs", [*proven[1:], cases.Proof("", *listed, "", "", True)])
    assert cases.verdict() == (
        f"1 figures of the worked cases are neither proven nor listed as not ours: {proven[0].case} {proven[0].key}\n"
        f"1 figures of the worked cases are listed as not ours, and proven: {listed[0]} {listed[1]}"
    )
