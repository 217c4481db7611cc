"""Writes dbt's exposures from the editions: which report shows which metric, for dbt docs and its lineage.

An edition pins what it shows, so the exposures follow from the editions and nobody has to remember a second place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from orchestration import editions, metrics_union, registry

TARGET = Path("models/reporting/_reporting__exposures.yml")
_HEADER = """\
# Which report shows what. Generated from reports/editions by `kerncijfers metrics sync`; do not edit.
"""
NO_OWNER = "nobody yet"


def render(root: Path) -> str:
    """What the exposures of a checkout should say now."""
    dbt_project = root / "dbt_project"
    known = set(metrics_union.metric_versions(dbt_project))
    read = [f"ref('{file.stem}')" for file in sorted((dbt_project / TARGET.parent).glob("rpt_*.sql"))]
    exposures = []
    for edition in editions.read(root):
        pins = set(edition.pins)
        if edition.takes_core_of_profile:
            pins |= core_of_profiles(dbt_project, {metric for metric, _ in pins})
        shown = [f"ref('metric_{metric}', v={version})" for metric, version in sorted(pins & known)]
        exposures.append(
            {
                "name": f"report_{edition.name}",
                "label": edition.titles.get("en", edition.name),
                "type": "dashboard",
                "maturity": "high",
                "description": edition.description,
                "owner": {"name": edition.owner or NO_OWNER},
                "depends_on": read + shown,
            }
        )
    text = yaml.safe_dump({"exposures": exposures}, sort_keys=False, allow_unicode=True, width=120)
    return _HEADER + text


def core_of_profiles(dbt_project: Path, pinned: set[str]) -> set[tuple[str, int]]:
    """What is core in any profile and not `pinned` in a version of its own, in its newest version."""
    found = set()
    for file in registry.files(dbt_project):
        text = file.read_text(encoding="utf-8")
        if "core_in:" in text and file.parent.name not in pinned:
            [model] = _loaded(text)["models"]
            found.add((file.parent.name, model["latest_version"]))
    return found


def is_current(root: Path) -> bool:
    """True when the file in the project is what the editions say."""
    file = root / "dbt_project" / TARGET
    return file.is_file() and file.read_text(encoding="utf-8") == render(root)


def write(root: Path) -> bool:
    """Writes the exposures when they are out of date; True when something changed."""
    if is_current(root):
        return False
    (root / "dbt_project" / TARGET).write_text(render(root), encoding="utf-8")
    return True


def _loaded(text: str) -> Any:
    return yaml.load(text, Loader=registry.Loader)
