"""The numbers of a page as elements: what is printed, the exact value, and the reference that finds it again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from reports.figures import Figure
from reports.formatting import Formatter


@dataclass(frozen=True)
class ProvenFormatter(Formatter):
    """Prints as `Formatter` does; a number that knows where it comes from becomes a `data` element that says so."""

    @property
    def _plain(self) -> Formatter:
        return Formatter(self.language, self.currency, self.texts)

    def number(self, value: Decimal | int, decimals: int = 0) -> str:
        return _marked(value, self._plain.number(value, decimals))

    def money(self, value: Decimal | int, decimals: int = 0) -> str:
        return _marked(value, self._plain.money(value, decimals))

    def percent(self, value: Decimal, decimals: int = 1) -> str:
        return _marked(value, self._plain.percent(value, decimals))

    def value(self, value: Decimal | None, unit: str, decimals: int, reason: str | None = None) -> str:
        return _marked(value, self._plain.value(value, unit, decimals, reason))

    def exact(self, value: Decimal, unit: str) -> str:
        return _marked(value, self._plain.exact(value, unit))

    def change(self, difference: Decimal | None, growth: Decimal | None, unit: str, decimals: int) -> str | None:
        text = self._plain.change(difference, growth, unit, decimals)
        return None if text is None else _marked(growth if unit in {"currency", "count"} else difference, text)

    def difference(self, value: Decimal, unit: str, decimals: int) -> str:
        return _marked(value, self._plain.difference(value, unit, decimals))


def _marked(value: Decimal | int | None, text: str) -> str:
    if not isinstance(value, Figure):
        return text
    exact = f"{value.normalize() + 0:f}"
    return Markup(f'<data value="{exact}" data-ref="{escape(value.ref)}">{escape(text)}</data>')
