"""Keeps `int_metrics_unioned.sql` equal to the folders of `dbt_project/models/metrics`.

A new KPI is one folder; the union that the reporting layer reads follows from the folders, so nobody has to remember
a second place. The result is an ordinary SQL file in version control: analysts can read it, dbt needs no trick.
"""

from __future__ import annotations

import re
from pathlib import Path

TARGET = Path("models/reporting/int_metrics_unioned.sql")
_FILE_NAME = re.compile(r"metric_(?P<metric>[a-z0-9_]+)_v(?P<version>[0-9]+)\.sql")
_HEADER = """\
-- Grain: one row per metric, version, period grain, period and scope: every metric model below one another.
-- Generated from the folders by `kerncijfers metrics sync`; do not edit. It stands here because no layer
-- reads from one further on.
{{ config(materialized='view', contract={'enforced': false}) }}
"""
_SELECT = """\
select
    '{metric}' as metric,
    {version} as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{{{ ref('metric_{metric}', v={version}) }}}}
"""
_EMPTY = """\
select
    cast(null as varchar) as metric,
    cast(null as integer) as metric_version,
    cast(null as varchar) as period_grain,
    cast(null as varchar) as period,
    cast(null as date) as period_start,
    cast(null as date) as period_end,
    cast(null as varchar) as scope,
    cast(null as decimal(28, 6)) as numerator,
    cast(null as decimal(28, 6)) as denominator,
    cast(null as bigint) as n
where 1 = 0
"""


def metric_versions(project_dir: Path) -> list[tuple[str, int]]:
    """Every (metric, version) that has a model file, sorted."""
    found = (_FILE_NAME.fullmatch(file.name) for file in (project_dir / "models" / "metrics").rglob("*.sql"))
    return sorted((match["metric"], int(match["version"])) for match in found if match)


def render(project_dir: Path) -> str:
    """The SQL the union should have now."""
    selects = [_SELECT.format(metric=metric, version=v) for metric, v in metric_versions(project_dir)]
    return _HEADER + ("union all\n".join(selects) or _EMPTY)


def is_current(project_dir: Path) -> bool:
    """True when the file in the project is what the folders say."""
    target = project_dir / TARGET
    return target.is_file() and target.read_text(encoding="utf-8") == render(project_dir)


def write(project_dir: Path) -> bool:
    """Writes the union when it is out of date; True when something changed."""
    if is_current(project_dir):
        return False
    target = project_dir / TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(project_dir), encoding="utf-8")
    return True
