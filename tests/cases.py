"""The worked cases of `../shared/facts/kpi_cases.json`: figures we did not make, each proven by a test that calls `check`.

A test that proves a figure carries `@pytest.mark.case`:

    @pytest.mark.case
    def test_the_parameters_are_those_of_the_paper() -> None:
        check("CLV-01", "r", fit.r, of="customer_value")

A dbt unit test that proves figures names them in its own YAML: `config: {meta: {case: "SAAS-01", keys: ["grr"]}}`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "shared" / "facts" / "kpi_cases.json"


@dataclass(frozen=True)
class Proof:
    """One figure of one case, next to what we made of it."""

    of: str
    """The metric or model the figure is of."""
    case: str
    key: str
    expected: Any
    got: Any
    by: str
    """The test that compared the two."""
    holds: bool


proofs: list[Proof] = []
"""Every comparison of this test session, in the order in which they were made."""

running: pytest.Item | None = None
"""The test that runs now; tests/conftest.py keeps it."""


@cache
def worked_cases() -> dict[str, dict[str, Any]]:
    """All cases by id. A number with decimals is a Decimal, as it was printed."""
    if not FILE.is_file():
        words = f"{FILE} is missing: it holds the worked cases"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    cases = json.loads(FILE.read_text(encoding="utf-8"), parse_float=Decimal)
    return {case["id"]: case for case in cases}


def all_keys() -> list[tuple[str, str]]:
    """Every (case, key) there is a figure for."""
    return [(case["id"], key) for case in worked_cases().values() for key in case["expected"]]


def check(case_id: str, key: str, got: Any, *, of: str = "") -> None:
    """Compare `got` with the figure `key` of a case, within that case's tolerance, and record both in `proofs`.

    `got` is a number, a list of numbers, a text such as a status, or a reason: `no_base` equals `null:no_base`.
    `of` names the metric or model. A Dutch or English word is compared as it stands; None equals null only.
    """
    if running is None or running.get_closest_marker("case") is None:
        pytest.fail("A test that calls check() carries @pytest.mark.case, so that the proofs can be run by themselves")
    case = worked_cases().get(case_id)
    if case is None or key not in case["expected"]:
        pytest.fail(f"kpi_cases.json has no key {key} in case {case_id}")
    expected = case["expected"][key]
    holds = equal(expected, got, case["tolerance"])
    proofs.append(Proof(of, case_id, key, expected, got, running.nodeid, holds))
    assert holds, f"{case_id} {key}: expected {expected}, got {got}"


def equal(expected: Any, got: Any, tolerance: str | None) -> bool:
    """Whether `got` is the figure `expected`; see `margin` for how far a number may be off."""
    if isinstance(expected, list):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(expected)
            and all(equal(one, other, tolerance) for one, other in zip(expected, got, strict=True))
        )
    if isinstance(expected, str):
        return str(got) == expected.removeprefix("null:")
    if expected is None or got is None or isinstance(expected, bool):
        return got is expected
    return abs(Decimal(str(got)) - Decimal(expected)) <= margin(expected, tolerance)


def margin(expected: int | Decimal, tolerance: str | None) -> Decimal:
    """How far a number may be from a printed one: what the case says, else a millionth or half its last printed digit.

    The last digit counts as rounded in numbers of four digits and more: 284.5 may be 284.54, but 0.8 is not 0.84.
    """
    size = abs(Decimal(expected))
    if tolerance is not None:
        allowed, _, relative = tolerance.partition(" ")
        return Decimal(allowed) * (size if relative == "rel" else 1)
    _, digits, exponent = Decimal(expected).as_tuple()
    if isinstance(expected, Decimal) and len(digits) >= 4 and isinstance(exponent, int):
        return max(size * Decimal("1e-6"), Decimal("0.5").scaleb(exponent))
    return max(size * Decimal("1e-6"), Decimal("5e-7"))
