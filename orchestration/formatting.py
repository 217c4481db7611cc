"""Numbers in the terminal, the way a Dutch reader writes them."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency, format_decimal, format_percent

LOCALE = "en_NL"
NOTHING = "–"


def value(number: Decimal | None, unit: str, decimals: int, currency: str) -> str:
    """A value in its own unit; percentages come in as fractions."""
    if number is None:
        return NOTHING
    places = "." + "0" * decimals if decimals else ""
    if unit == "currency":
        pattern = f"¤ #,##0{places};¤ -#,##0{places}"
        return format_currency(number, currency, pattern, locale=LOCALE, currency_digits=False)
    if unit == "percent":
        return format_percent(number, f"#,##0{places} %", locale=LOCALE)
    return format_decimal(number, f"#,##0{places}", locale=LOCALE) + (" days" if unit == "days" else "")


def amount(number: Decimal | int | None) -> str:
    """A number as it was summed, with as many decimals as it has, up to four."""
    return NOTHING if number is None else format_decimal(number, "#,##0.####", locale=LOCALE)


def change(growth: Decimal | None, difference: Decimal | None, unit: str, decimals: int) -> str:
    """A change against last year with its sign: amounts and counts grow by a percentage, the rest in its own unit."""
    if unit in ("currency", "count"):
        return NOTHING if growth is None else format_percent(growth, "+#,##0.0 %;-#,##0.0 %", locale=LOCALE)
    if difference is None:
        return NOTHING
    points = difference * 100 if unit == "percent" else difference
    places = "." + "0" * decimals if decimals else ""
    shown = format_decimal(points, f"+#,##0{places};-#,##0{places}", locale=LOCALE)
    return shown + {"percent": " pp", "days": " days"}.get(unit, "")


def signed(number: Decimal | None, unit: str, decimals: int, currency: str) -> str:
    """A difference between two values in their own unit, with its sign; of percentages in points."""
    if number is None:
        return NOTHING
    if unit == "percent":
        return change(None, number, unit, max(decimals, 1))
    shown = value(number, unit, decimals, currency)
    return f"+{shown}" if number > 0 else shown


def words(code: str | None) -> str:
    """A code such as `source_absent` as words."""
    return (code or "").replace("_", " ")
