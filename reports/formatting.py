"""Numbers, dates and absent values as words a reader of one language expects. Pure functions; computes no KPI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import (
    NumberPattern,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_symbol,
    parse_pattern,
)

Language = Literal["nl", "en"]
LOCALES: dict[Language, str] = {"nl": "nl_NL", "en": "en_GB"}
MINUS = "−"
NO_BREAK_SPACE = "\u00a0"


@dataclass(frozen=True)
class Formatter:
    """Formats for one language and one currency. `texts` are the words of that language."""

    language: Language
    currency: str
    texts: Mapping[str, str]

    @property
    def locale(self) -> Locale:
        """Babel's locale."""
        return _locale(self.language)

    def _signed(self, text: str) -> str:
        return text.replace("-", MINUS)

    def number(self, value: Decimal | int, decimals: int = 0) -> str:
        """1234.5 -> `1.234,5` or `1,234.5`."""
        pattern = _pattern("#,##0" + ("." + "0" * decimals if decimals else ""))
        return self._signed(format_decimal(_rounded(Decimal(value), decimals), pattern, locale=self.locale))

    def money(self, value: Decimal | int, decimals: int = 0) -> str:
        """1234.5 -> `€ 1.234,50` or `€1,234.50`, with as many decimals as asked."""
        fraction = "." + "0" * decimals if decimals else ""
        space = NO_BREAK_SPACE if self.language == "nl" else ""
        pattern = _pattern(f"¤{space}#,##0{fraction};-¤{space}#,##0{fraction}")
        amount = _rounded(Decimal(value), decimals)
        return self._signed(format_currency(amount, self.currency, pattern, locale=self.locale, currency_digits=False))

    def percent(self, value: Decimal, decimals: int = 1) -> str:
        """0.1234 -> `12,3%` or `12.3%`."""
        pattern = _pattern("#,##0" + ("." + "0" * decimals if decimals else "") + "%")
        return self._signed(format_percent(_rounded(value, decimals + 2), pattern, locale=self.locale))

    def value(self, value: Decimal | None, unit: str, decimals: int, reason: str | None = None) -> str:
        """A metric's value in its unit, or the reason it has none."""
        if value is None:
            return self.texts[f"reason_{reason}"] if reason else self.texts["missing"]
        match unit:
            case "currency":
                return self.money(value, decimals)
            case "percent":
                return self.percent(value, decimals)
            case "ratio":
                return f"{self.number(value, decimals)}{self.texts['times']}"
            case "days" | "months" | "hours":
                duration = _rounded(value, decimals)
                word = self.texts[unit.removesuffix("s") if abs(duration) == 1 else unit]
                return f"{self.number(duration, decimals)}{NO_BREAK_SPACE}{word}"
            case "points":
                return f"{self._plus(value)}{self.number(value, decimals)}"
            case _:
                return self.number(value, decimals)

    def exact(self, value: Decimal, unit: str) -> str:
        """A total as it was summed: money to the cent, counts whole."""
        return self.money(value, 2) if unit == "currency" else self.number(value, 0 if value == int(value) else 2)

    def change(self, difference: Decimal | None, growth: Decimal | None, unit: str, decimals: int) -> str | None:
        """How a value changed: relative for amounts and counts, in points for shares and scores; None if unknown."""
        relative = unit in {"currency", "count"}
        change = growth if relative else difference
        if change is None:
            return None
        if relative or unit == "percent":
            change, decimals = change * 100, 1 if relative else max(decimals, 1)
        change = _rounded(change, decimals)
        if change == 0:
            return self.texts["unchanged"]
        text = f"{self._plus(change)}{self.number(change, decimals)}"
        if relative:
            return f"{text}%"
        one = abs(change) == 1
        suffix = {
            "percent": self.texts["percentage_point"],
            "days": self.texts["day" if one else "days"],
            "months": self.texts["month" if one else "months"],
            "hours": self.texts["hour" if one else "hours"],
            "points": self.texts["point" if one else "points"],
        }.get(unit)
        return f"{text}{NO_BREAK_SPACE}{suffix}" if suffix else text

    def difference(self, value: Decimal, unit: str, decimals: int) -> str:
        """A difference in the unit of its metric, with its sign: +€ 5,58 or +2,5%-punt."""
        if unit not in {"currency", "count"}:
            return self.change(value, None, unit, decimals) or ""
        shown = self.money(value, decimals) if unit == "currency" else self.number(value, decimals)
        return f"{self._plus(_rounded(value, decimals))}{shown}"

    def _plus(self, value: Decimal) -> str:
        return "+" if value > 0 else ""

    def day(self, value: date | None) -> str:
        """31 maart 2026 or 31 March 2026."""
        return "" if value is None else format_date(value, "d MMMM y", locale=self.locale)

    def moment(self, value: datetime) -> str:
        """31 maart 2026, 06:00."""
        return format_datetime(value, "d MMMM y, HH:mm", locale=self.locale)

    def month(self, value: date, *, short: bool = False) -> str:
        """maart 2026, or mrt 2026 where there is little room."""
        return _month(self.language, value, short)

    def months(self, first: date, last: date) -> str:
        """A range of months: three months of one year name it once, over a year's end it is named twice."""
        if (first.year, first.month) == (last.year, last.month):
            return self.month(last, short=True)
        start = "MMM" if first.year == last.year else "MMM y"
        return f"{format_date(first, start, locale=self.locale).replace('.', '')}–{self.month(last, short=True)}"

    def plural(self, count: int, words: str) -> str:
        """1 maand later, 3 maanden later: the words of `words` in the form that the count takes."""
        form = self.texts[f"{words}_{self.locale.plural_form(count)}"]
        return form.format(n=self.number(count))

    def listed(self, names: Sequence[str]) -> str:
        """Google Ads, e-mail en organisch; one name stands alone."""
        return format_list(names, locale=self.locale)

    def territory(self, code: str) -> str:
        """Nederland for NL, wereld for 001; a code that is not known stays a code."""
        return self.locale.territories.get(code, code)

    @property
    def currency_symbol(self) -> str:
        """€ for EUR."""
        return get_currency_symbol(self.currency, locale=self.locale)

    def period(self, grain: str, label: str, end: date, *, short: bool = False) -> str:
        """The name of a period: a month by its name, twelve months by their last month, others as they are labelled."""
        if grain == "month":
            return self.month(end, short=short)
        if grain == "ttm":
            return f"{self.texts['ttm']} {self.month(end, short=True)}"
        return label


# A report prints tens of thousands of numbers: what Babel would read again for each of them is read once.
@cache
def _locale(language: Language) -> Locale:
    return Locale.parse(LOCALES[language])


@cache
def _pattern(pattern: str) -> NumberPattern:
    return parse_pattern(pattern)


@cache
def _month(language: Language, value: date, short: bool) -> str:
    return format_date(value, "MMM y" if short else "LLLL y", locale=_locale(language)).replace(".", "")


def _rounded(value: Decimal, decimals: int) -> Decimal:
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    return abs(rounded) if rounded == 0 else rounded
