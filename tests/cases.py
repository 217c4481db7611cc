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
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

NOT_OURS = {
    "a formula the facts warn against: we never compute it": [
        ("SAAS-01", "payback_finmark_literal_precedence"),
        ("CONV-01", "events_over_sessions_wrong"),
        ("SERV-02", "mean_of_ratios"),
        ("NGO-01", "cost_per_reached_double_counted"),
        ("CHURN-01", "naive"),
    ],
    "printed in an annual report without the amounts it was made of": [
        ("NGO-02", "fundraising_pct"),
        ("NGO-02", "goal_over_income"),
        ("NGO-02", "goal_over_expense"),
        ("NGO-02", "admin"),
    ],
    "rounded up where its own rows give 0.1174574973, by any way of adding them; our test compares with plain SQL": [
        ("CONC-01", "top5"),
    ],
    "no figure: a remark that two sources call the same band great and good": [("SAAS-06", "rating")],
}
"""Figures of the file that no test proves, by the reason why."""

FILE = Path(__file__).parents[2] / "shared" / "facts" / "kpi_cases.json"


@dataclass(frozen=True)
class Proof:
    """One figure of one case, next to what we made of it."""

    of: str
    """The metric or model the figure is of."""
    case: str
    key: str
    got: str
    """In words: a proof travels from the process that runs the test to the one that reports."""
    by: str
    """The test that compared the two."""
    holds: bool


proofs: list[Proof] = []
"""Every comparison of this test session, known to the process that reports; tests/conftest.py keeps it."""

PROPERTY = "proof of a worked case"
"""Under this name a test's report carries its proofs."""

VERDICT = "tests/cases.py::every figure of every case is proven or listed"
"""The last result of a run of every test. No test of its own: a test would not know what other processes proved."""

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
    proof = Proof(of, case_id, key, in_words(got), running.nodeid.partition("@")[0], holds)
    running.user_properties.append((PROPERTY, asdict(proof)))
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


def reasons() -> dict[tuple[str, str], str]:
    """The figures nobody proves, each with its reason."""
    return {key: reason for reason, keys in NOT_OURS.items() for key in keys}


def missing() -> list[tuple[str, str]]:
    """The figures that were neither proven in this session nor listed as not ours."""
    seen = {(proof.case, proof.key) for proof in proofs} | set(reasons())
    return [key for key in all_keys() if key not in seen]


def from_properties(properties: Iterable[tuple[str, Any]]) -> Iterator[Proof]:
    """The proofs among the properties of a test's report."""
    return (Proof(**value) for name, value in properties if name == PROPERTY)


def verdict() -> str:
    """What is wrong with the proofs of a run of every test; empty when nothing is."""
    proven_after_all = sorted({(proof.case, proof.key) for proof in proofs} & set(reasons()))
    wrong = {"neither proven nor listed as not ours": missing(), "listed as not ours, and proven": proven_after_all}
    return "\n".join(
        f"{len(keys)} figures of the worked cases are {what}: " + ", ".join(f"{case} {key}" for case, key in keys)
        for what, keys in wrong.items()
        if keys
    )


def print_table(console: Console) -> None:
    """Every figure of every case: what was expected, what we got, and what compared the two."""
    table = Table("metric or model", "case", "key", "expected", "got", "", "proven by", title="Worked cases")
    lines: dict[tuple[str, str], list[Proof]] = {key: [] for key in all_keys()}
    for proof in proofs:
        lines[proof.case, proof.key].append(proof)
    not_ours = reasons()
    for (case, key), found in lines.items():
        expected = worked_cases()[case]["expected"][key]
        for proof in found:
            equals = "[green]equal[/]" if proof.holds else "[red]differs[/]"
            by = proof.by.rpartition("/")[2]
            table.add_row(proof.of, case, key, in_words(expected), proof.got, equals, by)
        if not found and (case, key) in not_ours:
            table.add_row("", case, key, in_words(expected), "", "[dim]not ours[/]", f"[dim]{not_ours[case, key]}[/]")
        elif not found:
            table.add_row("", case, key, in_words(expected), "", "[red]missing[/]", "")
    console.print(table)
    equal_ones = {(proof.case, proof.key) for proof in proofs if proof.holds}
    console.print(
        f"{len(worked_cases())} cases, {len(lines)} figures: {len(equal_ones)} equal, "
        f"{sum(not proof.holds for proof in proofs)} differ, {len(missing())} missing, {len(not_ours)} not ours"
    )


def in_words(value: Any) -> str:
    """A figure as the table shows it: numbers with at most six decimals."""
    if isinstance(value, list | tuple):
        return ", ".join(in_words(item) for item in value)
    if value is None or isinstance(value, bool | str):
        return "none" if value is None else str(value).lower() if isinstance(value, bool) else value
    return f"{Decimal(str(value)):.6f}".rstrip("0").rstrip(".")
