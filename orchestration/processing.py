"""The register of processing (art. 30 AVG/GDPR), from what is configured: nobody keeps a second list that goes stale.

What is loaded comes from the schemas, which are allow-lists; what for, from the lineage of the KPIs; how long and to
whom, from company.toml. What only people know (the ground, who asks) is under `[privacy]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
import yaml

from ingestion import privacy
from ingestion.sources import registry, xaf
from ingestion.sources.files import entities
from ingestion.sources.webhooks.settings import WebhookSettings
from ingestion.sources.xaf.settings import RAW_TABLES
from orchestration import company, dbt, sources
from orchestration.delivery.secrets import mask
from orchestration.paths import Paths
from reports.formatting import Language

# From which day to which there are rows: every KPI reads these of every source, which says nothing about purpose.
_OF_EVERYTHING = {"int_source_coverage", "dim_period"}
_TEXTS = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class Processing:
    """One raw table that is loaded: of which source, about whom, which columns, and for which KPIs.

    `kept` says what ends that a row says who it is about: `term` or `system` (after `months`, in declared files or in a
    connected system), `no_term` or `books`.
    """

    source: str
    table: str
    people: tuple[str, ...]
    pseudonyms: tuple[str, ...]
    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    kept: str
    months: int | None


def entries(paths: Paths, manifest: Mapping[str, Any], language: Language) -> list[Processing]:
    """Every raw table of the sources this company has, in the order of their names."""
    used = purposes(manifest, language)
    retention = company.read(paths).retention
    found = []
    for source, dataset, table, schema in _tables(paths):
        marks = privacy.people(schema)
        kept, months = _kept(dataset, table, retention)
        found.append(
            Processing(
                source=source,
                table=table,
                people=tuple(sorted({mark.kind for mark in marks.values()})),
                pseudonyms=tuple(marks),
                columns=tuple(name for name in schema.names if name not in marks and not name.startswith("_")),
                metrics=tuple(sorted(used.get((dataset, table), ()))),
                kept=kept,
                months=months,
            )
        )
    return found


def _kept(dataset: str, table: str, retention: company.RetentionSection) -> tuple[str, int | None]:
    name = dataset.removeprefix("raw_")
    if name == "xaf" or (name in registry.NAMES and not registry.connector(name).forgets):
        return "books", None
    months = retention.months(name if name in registry.NAMES else table)
    if not months:
        return "no_term", None
    return "system" if name in registry.NAMES else "term", months


def purposes(manifest: Mapping[str, Any], language: Language) -> dict[tuple[str, str], set[str]]:
    """(dataset, table) -> the names of the KPIs that are made of it, by the lineage of the models."""
    children, nodes = manifest["child_map"], manifest["nodes"]
    found: dict[tuple[str, str], set[str]] = {}
    for key, source in manifest["sources"].items():
        seen, ahead = {key}, [key]
        while ahead:
            below = children.get(ahead.pop(), ())
            fresh = [one for one in below if one not in seen and one.split(".")[2] not in _OF_EVERYTHING]
            seen.update(fresh)
            ahead.extend(fresh)
        metas = (nodes[one]["config"].get("meta", {}) for one in seen if one in nodes and ".metric_" in one)
        labels = {meta[f"label_{language}"] for meta in metas if f"label_{language}" in meta}
        found[source["source_name"], source["name"]] = labels
    return found


def _tables(paths: Paths) -> list[tuple[str, str, str, pa.Schema]]:
    settings = company.read(paths)
    found: dict[tuple[str, str], tuple[str, str, str, pa.Schema]] = {}
    if paths.inbox.is_dir() and xaf.find(paths.inbox):
        for table, schema in RAW_TABLES.items():
            found["xaf", table] = ("XAF", "raw_xaf", table, schema)
    for spec in settings.files:
        source = f"{spec.name} ({spec.pattern})" if not spec.database else f"{spec.name} ({spec.database})"
        found[spec.name, spec.entity] = (source, "raw_files", spec.entity, entities.schema(spec.entity))
    for name in settings.sources:
        system = registry.connector(name)
        for table, rows in system.tables.items():
            found[name, table] = (system.title, f"raw_{name}", table, rows.schema)
    return [found[key] for key in sorted(found)]


def _objections(settings: company.Company) -> list[str]:
    """The declarations and the senders of webhooks that say who objects."""
    files = [spec.name for spec in settings.files if spec.entity == "objections"]
    received = settings.sources.get(sources.OWN)
    senders = received.senders if isinstance(received, WebhookSettings) else {}
    return files + [f"{sources.OWN}.{name}" for name, sender in senders.items() if sender.entity == "objections"]


def words(language: Language) -> dict[str, Any]:
    """The texts of the register."""
    return yaml.safe_load((_TEXTS / f"register.{language}.yml").read_text(encoding="utf-8"))


def markdown(paths: Paths, language: Language, manifest: Mapping[str, Any] | None = None) -> str:
    """The register as Markdown."""
    settings = company.read(paths)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEXTS), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Markdown, of the company's own words
    )  # fmt: skip
    recipients = [
        (one.name, one.edition, mask(one.mail) if one.mail else str(one.folder or one.url))
        for one in settings.recipients
    ]
    return environment.get_template("register.md.j2").render(
        t=words(language),
        company=company.resolve(paths).name,
        privacy=settings.privacy,
        retention=settings.retention,
        entries=entries(paths, manifest or dbt.manifest(paths), language),
        objections=_objections(settings),
        recipients=recipients,
        processors=[
            (name, registry.connector(name).title, settings.privacy.processors.get(name))
            for name in sorted(settings.sources)
            if name != sources.OWN
        ],
    )
