"""Our prefix rules place every official RGS code on exactly one statement line."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
MEMORANDUM = ("WNer", "WMfo")


@pytest.fixture(scope="module")
def placed(shared_data: Path) -> duckdb.DuckDBPyRelation:
    """Every RGS code below level 1, with the rule of its longest prefix."""
    codes = duckdb.read_csv(str(shared_data / "rgs" / "rgs_mkb_3_7.csv"), all_varchar=True)
    rules = duckdb.read_csv(str(SEEDS / "rgs_prefixes.csv"), all_varchar=True)
    return (
        codes.set_alias("codes")
        .join(rules.set_alias("rules"), "starts_with(codes.rgs_code, rules.rgs_prefix)", how="left")
        .filter("codes.nivo <> '1'")
        .aggregate("codes.rgs_code, arg_max(rules, length(rules.rgs_prefix)) as rule")
    )


def test_every_code_of_rgs_mkb_3_7_leads_to_one_statement_line(placed: duckdb.DuckDBPyRelation) -> None:
    rows = placed.project("rgs_code, rule.income_line, rule.balance_line, rule.cash_flow_class").fetchall()
    assert len(rows) == 1596
    lost = [code for code, income, balance, _ in rows if (income is None) == (balance is None)]
    assert lost == []
    assert [code for code, _, _, cash_flow in rows if cash_flow is None] == []


def test_result_codes_go_to_the_income_statement_and_balance_codes_to_the_balance_sheet(
    placed: duckdb.DuckDBPyRelation,
) -> None:
    rows = placed.project("rgs_code, rule.income_line").fetchall()
    wrong = [
        code
        for code, income in rows
        if (income is not None) != (code.startswith("W") and not code.startswith(MEMORANDUM))
    ]
    assert wrong == []


def test_every_line_a_rule_names_exists() -> None:
    with (SEEDS / "statement_lines.csv").open(encoding="utf-8") as file:
        lines = {(row["statement"], row["line"]) for row in csv.DictReader(file)}
    with (SEEDS / "rgs_prefixes.csv").open(encoding="utf-8") as file:
        for rule in csv.DictReader(file):
            named = {("income", rule["income_line"])} | {
                ("balance", rule[column])
                for column in ("balance_line", "balance_line_when_credit", "balance_line_when_debit")
            }
            assert {line for line in named if line[1]} <= lines, rule
            assert rule["cash_flow_class"] == "cash" or ("cash_flow", rule["cash_flow_class"]) in lines, rule
