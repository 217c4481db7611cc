"""The statements: income, balance sheet and cash flow, the month beside what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from reports.data.models import Column, Line, Statement
from reports.data.released import Released
from reports.figures import figure
from reports.formatting import Formatter


def income(released: Released, month: str, end: date, start_month: int, words: Formatter) -> Statement | None:
    """The month and the fiscal year up to and including it, each beside the same period a year earlier.

    A sum over months is left out when one of its months is missing or not complete.
    """
    first = fiscal_year_start(end, start_month)
    months = (end.year - first.year) * 12 + end.month - first.month + 1
    lines = released.rows(
        f"""
        select line, any_value(label_{released.language}) as label, bool_or(is_total) as is_total,
            any_value(amount) filter (where period = $month) as month,
            any_value(last_year_amount) filter (where period = $month) as month_last_year,
            sum(amount) filter (where period_start between $first and $end) as year,
            count(*) filter (where period_start between $first and $end and not is_partial) as year_months,
            sum(amount) filter (where period_start between $first_last and $end_last) as year_last_year,
            count(*) filter (where period_start between $first_last and $end_last and not is_partial) as last_months
        from reporting.rpt_income_statement
        where grain = 'month'
        group by line having month is not null order by any_value(line_order)
        """,
        {
            "month": month,
            "first": first,
            "end": end,
            "first_last": _year_earlier(first),
            "end_last": _year_earlier(end),
        },
    )
    earlier = _year_earlier(end)
    columns = (
        Column(words.month(end, short=True)),
        Column(words.month(earlier, short=True), True),
        Column(words.months(first, end)),
        Column(words.months(_year_earlier(first), earlier), True),
    )
    span, earlier_span = f"{first:%Y-%m}..{end:%Y-%m}", f"{_year_earlier(first):%Y-%m}..{earlier:%Y-%m}"

    def lined(line: dict[str, Any]) -> Line:
        def amount(value: Decimal | None, period: str, column: str = "amount") -> Decimal | None:
            return figure(value, "rpt_income_statement", "month", period, line["line"], column=column)

        return Line(
            line["label"],
            line["is_total"],
            (
                amount(line["month"], month),
                amount(line["month_last_year"], month, "last_year_amount"),
                amount(line["year"], span) if line["year_months"] == months else None,
                amount(line["year_last_year"], earlier_span) if line["last_months"] == months else None,
            ),
        )

    return _compact(columns, [lined(line) for line in lines])


def balance(released: Released, side: str, month: str, end: date, words: Formatter) -> Statement | None:
    year_earlier = _year_earlier(end)
    lines = released.rows(
        f"""
        select now.line, now.label_{released.language} as label, now.is_total, now.amount,
            earlier.amount as earlier_amount
        from reporting.rpt_balance_sheet as now
        left join reporting.rpt_balance_sheet as earlier
            on now.line = earlier.line and earlier.period = ?
        where now.period = ? and now.side = ? order by now.line_order
        """,
        [year_earlier.strftime("%Y-%m"), month, side],
    )

    def amount(value: Decimal | None, of: date, line: str) -> Decimal | None:
        return figure(value, "rpt_balance_sheet", of.strftime("%Y-%m"), line, column="amount")

    return _compact(
        (Column(words.month(end, short=True)), Column(words.month(year_earlier, short=True), True)),
        [
            Line(
                line["label"],
                line["is_total"],
                (amount(line["amount"], end, line["line"]), amount(line["earlier_amount"], year_earlier, line["line"])),
            )
            for line in lines
        ],
    )


def cash_flow(released: Released, month: str, end: date, words: Formatter) -> Statement | None:
    lines = released.rows(
        f"""
        select line, any_value(label_{released.language}) as label, any_value(is_total) as is_total,
            any_value(amount) filter (where grain = 'month') as month,
            any_value(amount) filter (where grain = 'ttm' and not is_partial) as ttm
        from reporting.rpt_cash_flow
        where period = ?
        group by line having month is not null order by any_value(line_order)
        """,
        [month],
    )

    def amount(line: dict[str, Any], grain: str) -> Decimal | None:
        return figure(line[grain], "rpt_cash_flow", grain, month, line["line"], column="amount")

    return _compact(
        (Column(words.month(end, short=True)), Column(words.period("ttm", month, end))),
        [Line(line["label"], line["is_total"], (amount(line, "month"), amount(line, "ttm"))) for line in lines],
    )


def _compact(columns: Sequence[Column], lines: Sequence[Line]) -> Statement | None:
    kept = [index for index in range(len(columns)) if any(line.amounts[index] is not None for line in lines)]
    if not kept:
        return None
    return Statement(
        tuple(columns[index] for index in kept),
        tuple(
            Line(line.label, line.is_total, tuple(line.amounts[index] for index in kept))
            for line in lines
            if line.is_total or any(line.amounts)
        ),
    )


def fiscal_year_start(day: date, month: int) -> date:
    """The first day of the fiscal year that holds a day."""
    return date(day.year if day.month >= month else day.year - 1, month, 1)


def _year_earlier(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
