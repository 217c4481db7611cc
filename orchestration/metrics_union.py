"""Keeps the unions of metrics and of version bridges equal to the folders of `dbt_project/models/metrics`.

A new KPI is one folder; what the reporting layer reads follows from the folders, so nobody has to remember a second
place. The results are ordinary SQL files in version control: analysts can read them, dbt needs no trick.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path("models/reporting")
_FILE_NAME = re.compile(r"(?P<kind>metric|bridge)_(?P<metric>[a-z0-9_]+)_v(?P<version>[0-9]+)\.sql")
_HEADER = """\
-- Grain: {grain}.
-- Generated from the folders by `kerncijfers metrics sync`; do not edit. It stands here because no layer
-- reads from one further on.
{{{{ config(materialized='view', contract={{'enforced': false}}) }}}}
"""


@dataclass(frozen=True)
class _Union:
    """All models of one kind below one another. `reference` is how a metric and version become a `ref`."""

    kind: str
    target: Path
    grain: str
    reference: str
    columns: Mapping[str, str]


UNIONS = (
    _Union(
        "metric",
        _FOLDER / "int_metrics_unioned.sql",
        "one row per metric, version, period grain, period and scope: every metric model below one another",
        "ref('metric_{metric}', v={version})",
        {
            "period_grain": "varchar",
            "period": "varchar",
            "period_start": "date",
            "period_end": "date",
            "scope": "varchar",
            "numerator": "decimal(28, 6)",
            "denominator": "decimal(28, 6)",
            "n": "bigint",
        },
    ),
    _Union(
        "bridge",
        _FOLDER / "int_version_bridges.sql",
        "one row per metric, version, period grain, period, scope and component: every bridge below one another",
        "ref('bridge_{metric}_v{version}')",
        {
            "period_grain": "varchar",
            "period": "varchar",
            "scope": "varchar",
            "component": "varchar",
            "numerator": "decimal(28, 6)",
            "denominator": "decimal(28, 6)",
        },
    ),
)


def metric_versions(project_dir: Path, kind: str = "metric") -> list[tuple[str, int]]:
    """Every (metric, version) that has a model file of this kind, `metric` or `bridge`, sorted."""
    found = (_FILE_NAME.fullmatch(file.name) for file in (project_dir / "models" / "metrics").rglob("*.sql"))
    return sorted((match["metric"], int(match["version"])) for match in found if match and match["kind"] == kind)


def out_of_date(project_dir: Path) -> list[Path]:
    """The unions that do not say what the folders say, relative to the project."""
    return [
        union.target
        for union in UNIONS
        if not (project_dir / union.target).is_file()
        or (project_dir / union.target).read_text(encoding="utf-8") != _render(union, project_dir)
    ]


def is_current(project_dir: Path) -> bool:
    """True when the files in the project are what the folders say."""
    return not out_of_date(project_dir)


def write(project_dir: Path) -> list[Path]:
    """Writes the unions that are out of date, and names them."""
    changed = out_of_date(project_dir)
    for union in UNIONS:
        if union.target in changed:
            target = project_dir / union.target
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_render(union, project_dir), encoding="utf-8")
    return changed


def select(kind: str, metric: str, version: int) -> str:
    """The part of the union of this kind that stands for one metric and version."""
    union = next(union for union in UNIONS if union.kind == kind)
    columns = (f"'{metric}' as metric", f"{version} as metric_version", *union.columns)
    reference = union.reference.format(metric=metric, version=version)
    return "select\n" + ",\n".join(f"    {column}" for column in columns) + f"\nfrom {{{{ {reference} }}}}\n"


def _render(union: _Union, project_dir: Path) -> str:
    found = metric_versions(project_dir, union.kind)
    header = _HEADER.format(grain=union.grain)
    if not found:
        columns = {"metric": "varchar", "metric_version": "integer", **union.columns}
        nothing = (f"    cast(null as {kind}) as {name}" for name, kind in columns.items())
        return f"{header}select\n" + ",\n".join(nothing) + "\nwhere 1 = 0\n"
    return header + "union all\n".join(select(union.kind, metric, version) for metric, version in found)
