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


def growth(fraction: Decimal | None) -> str:
    """A change against last year, always with its sign."""
    return NOTHING if fraction is None else format_percent(fraction, "+#,##0.0 %;-#,##0.0 %", locale=LOCALE)


def words(code: str | None) -> str:
    """A code such as `source_absent` as words."""
    return (code or "").replace("_", " ")
