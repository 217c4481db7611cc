"""Where a number comes from, beyond its definition: the SQL that made it, the tests it passed, the rows it read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.data.models import Kpi, Source
from reports.figures import Figure

_INDENT = re.compile(r"^ +", re.MULTILINE)
_COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)
_RELATION = re.compile(r'"warehouse"\."(\w+)"\."(\w+)"')


@dataclass(frozen=True)
class Provenance:
    """How one metric or table was made. `passed` counts its tests; None when the release does not say."""

    name: str
    sql: str
    sources: tuple[Source, ...]
    passed: Figure | None = None


class Proof:
    """What the files beside the released database say about how it was made."""

    def __init__(self, release: Path, facts: Mapping[str, Any], sources: Sequence[Source]) -> None:
        file = release / "models.json"
        ran = json.loads(file.read_bytes()) if file.is_file() else {}
        self._sql = {name: _shortened(sql) for name, sql in ran.items()}
        self._tests = facts.get("metric_tests", {})
        self._sources = {source.name: source for source in sources}

    def of_metrics(self, kpis: Iterable[Kpi]) -> dict[str, Provenance]:
        """By the anchor of each metric's definition."""
        return {kpi.anchor: self.of_metric(kpi.metric, kpi.version, kpi.sources) for kpi in kpis}

    def of_tables(self, names: Iterable[str]) -> tuple[Provenance, ...]:
        """Of tables that are shown line by line."""
        return tuple(Provenance(name, self._sql.get(name, ""), ()) for name in names)

    def of_metric(self, metric: str, version: int, sources: Iterable[str]) -> Provenance:
        """Of one metric in one version, made from the sources that it names."""
        passed = self._tests.get(metric, {}).get("passed")
        return Provenance(
            name=f"{metric}-{version}",
            sql=self._sql.get(f"metric_{metric}.v{version}", ""),
            sources=tuple(self._sources[name] for name in sources if name in self._sources),
            passed=None if passed is None else Figure(passed, f"release.json/metric_tests/{metric}/passed"),
        )


def _shortened(sql: str) -> str:
    """As it ran, with names without quotes and an indent of two: a page holds a hundred of these.

    Comments are left out: what they say in English, the definition beside it says in the language of the page.
    """
    ran = _RELATION.sub(r"\1.\2", _COMMENT.sub("", f"{sql}\n"))
    lines = (line for line in ran.splitlines() if line.strip())
    return _INDENT.sub(lambda found: found[0][::2], "\n".join(lines))
