"""Looks at everything a refresh needs and says what to do about what is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingestion.errors import SourceError
from ingestion.sources import registry, xaf
from ingestion.sources.files import terms
from orchestration import company, dbt, metrics_union, release, sources
from orchestration import disk as volumes
from orchestration.delivery import checks, messages
from orchestration.errors import KerncijfersError
from orchestration.paths import DBT_PROJECT, PROJECT, Paths

_SHOWN_FILES = 3
SHOWN_PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "dlt", "duckdb")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice` says what to do and is empty when all is well."""

    subject: str
    found: str
    advice: str = ""
    blocks: bool = False


def examine(paths: Paths) -> Iterator[Finding]:
    """Every finding in turn; one that `blocks` would stop a refresh."""
    looks: tuple[Callable[[Paths], Finding], ...] = (
        _configuration,
        _inbox,
        _data_folder,
        _privacy,
        _terms,
        _disk,
        _time_zone,
        _versions,
        _dbt_project,
        _metrics,
        _rendering,
        _release,
        _messages,
        _delivery,
        _processors,
    )
    for look in looks:
        try:
            yield look(paths)
        except (KerncijfersError, SourceError) as error:
            yield Finding(look.__name__.strip("_").replace("_", " "), str(error), "Solve this first.", blocks=True)


def _configuration(paths: Paths) -> Finding:
    settings = company.read(paths)
    if paths.company is None:
        resolved = company.resolve(paths)
        found = f"no company.toml; the newest auditfile says {resolved.name} ({resolved.currency})"
        return Finding("configuration", found)
    found = f"{paths.company}: {settings.name}, {len(settings.files)} declared files"
    return Finding("configuration", found)


def _inbox(paths: Paths) -> Finding:
    if not paths.inbox.is_dir():
        return Finding("inbox", f"{paths.inbox} is not there", "Make the folder and put files in it.", blocks=True)
    auditfiles = xaf.find(paths.inbox)
    declared = company.read(paths).files
    files = [file for file in paths.inbox.rglob("*") if file.is_file()]
    found = f"{paths.inbox}: {len(files)} files, {len(auditfiles)} auditfiles, {len(declared)} declarations"
    if not auditfiles and not declared:
        advice = "Put an auditfile in it, or declare files in company.toml."
        return Finding("inbox", found, advice, blocks=True)
    return Finding("inbox", found)


def _data_folder(paths: Paths) -> Finding:
    paths.data.mkdir(parents=True, exist_ok=True)
    with release.locked(paths, "kerncijfers doctor"):
        return Finding("data folder", f"{paths.data}: no refresh is running")


def _privacy(paths: Paths) -> Finding:
    """Art. 32 AVG/GDPR, as far as the machine tells."""
    is_encrypted = volumes.is_encrypted(paths.data)
    told = "and whether the volume is encrypted is not known here"
    if is_encrypted is not None:
        told = "on an encrypted volume" if is_encrypted else "on a volume this machine does not encrypt"
    advice = "" if is_encrypted else "Encrypt the disk (LUKS, FileVault), or have the provider confirm that he does."
    if folders := volumes.open_to_others(paths):
        names = " ".join(str(folder) for folder in folders)
        advice = f"Run: chmod 700 {names}. {advice}".strip()
        return Finding("privacy", f"others on this machine can enter {names}, {told}", advice)
    return Finding("privacy", f"the folders with rows are their owner's only, {told}", advice)


def _terms(paths: Paths) -> Finding:
    """Art. 5(1)(e) AVG/GDPR: how long rows say who they are about, and who is still in the company's own copies."""
    settings = company.read(paths)
    people = [spec.entity for spec in settings.files if terms.PEOPLE[spec.entity]]
    people += [name for name in settings.sources if registry.connector(name).forgets]
    without = sorted({entity for entity in people if not settings.retention.months(entity)})
    if without:
        advice = "Give one in months under [retention.people] in company.toml, such as default = 25."
        return Finding("terms", f"people in {', '.join(without)} stay traceable without a term", advice)
    warehouse = release.private_warehouse(paths)
    forgotten = terms.with_forgotten(warehouse) if people and warehouse else set()
    there = sorted(name for _, name in forgotten if (paths.inbox / name).is_file())
    found = f"all {len(people)} sources about people have one" if people else "no source is about people"
    if not there:
        return Finding("terms", found)
    shown = ", ".join(there[:_SHOWN_FILES]) + (f" and {len(there) - _SHOWN_FILES} more" if there[_SHOWN_FILES:] else "")
    return Finding(
        "terms",
        f"{found}; of files in the inbox, {len(there)} name people who were forgotten here: {shown}",
        "These are the company's own copies: remove them when nothing else needs them. Their rows stay.",
    )


def _disk(paths: Paths) -> Finding:
    free, needed = shutil.disk_usage(paths.data).free, release.space_needed(paths)
    found = f"{free / 1e9:.1f} GB free, a refresh needs {needed / 1e9:.1f} GB"
    if free < needed:
        return Finding("disk", found, "Free some space, or choose another disk with --data.", blocks=True)
    return Finding("disk", found)


def _time_zone(paths: Paths) -> Finding:
    settings = company.read(paths)
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        advice = "Use a name such as Europe/Amsterdam in company.toml."
        return Finding("time zone", f"{settings.time_zone!r} is not known", advice, blocks=True)
    return Finding("time zone", f"{settings.time_zone}; refreshes daily at {settings.schedule.refresh_at}")


def _versions(_: Paths) -> Finding:
    packages = ", ".join(f"{name} {version(name)}" for name in SHOWN_PACKAGES)
    found = f"Python {sys.version.split()[0]}, {packages}"
    return Finding("versions", found)


def _dbt_project(paths: Paths) -> Finding:
    nodes = dbt.manifest(paths)["nodes"].values()
    models = sum(node["resource_type"] == "model" for node in nodes)
    tests = sum(node["resource_type"] == "test" for node in nodes)
    return Finding("dbt project", f"{DBT_PROJECT.relative_to(PROJECT)}: {models} models, {tests} data tests")


def _metrics(_: Paths) -> Finding:
    count = len(metrics_union.metric_versions(DBT_PROJECT))
    late = metrics_union.out_of_date(DBT_PROJECT)
    if not late:
        return Finding("metrics", f"{count} metric versions, all in the union")
    return Finding("metrics", f"{', '.join(map(str, late))} out of date", "Run `kerncijfers metrics sync`.")


def _rendering(_: Paths) -> Finding:
    # In a process of its own, because it is bound by what it finds.
    asked = subprocess.run(
        [sys.executable, "-m", "reports.sandbox"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    kept = json.loads(asked.stdout)
    if all(kept.values()):
        return Finding("rendering", "the kernel keeps it off the network and inside the release it makes")
    open_to = " and ".join(name for name, is_kept in kept.items() if not is_kept)
    return Finding(
        "rendering",
        f"only Python's own guard keeps it from {open_to}, which a library in C could pass",
        "Linux 5.13 or newer does better, in a container that allows unshare and Landlock.",
    )


def _release(paths: Paths) -> Finding:
    folder = release.current_release(paths)
    if folder is None:
        return Finding("last release", "none yet", f"Run `kerncijfers refresh --data {paths.data}`.")
    facts = release.read_facts(folder)
    tests = facts["tests"]
    found = f"{folder.name}, data as of {facts['as_of']}, {tests['passed']} of {tests['total']} tests passed"
    attempt = release.last_attempt(paths)
    if attempt and attempt["release"] is None:
        return Finding("last release", found, f"The last refresh failed: {attempt.get('reason', 'see the log')}")
    return Finding("last release", found)


def _messages(_: Paths) -> Finding:
    if messages.addresses():
        return Finding("messages", f"failed runs are reported to {len(messages.addresses())} addresses")
    advice = f"Set {messages.ENV_URLS} to one or more Apprise addresses to be told when a scheduled run fails."
    return Finding("messages", "nobody is told when a scheduled run fails", advice)


def _delivery(paths: Paths) -> Finding:
    settings = company.read(paths)
    ways = [f"{len(settings.recipients)} recipients", f"{len(settings.webhooks)} webhooks"]
    found = f"{', '.join(ways)}, alerts to {len(messages.alert_addresses())} addresses"
    return Finding("delivery", found, " ".join(checks.examine(paths, settings)))


def _processors(paths: Paths) -> Finding:
    settings = company.read(paths)
    missing = sources.without_agreement(sorted(settings.sources), settings.privacy)
    found = f"{len(settings.privacy.processors)} with a data processing agreement, {len(missing)} without"
    advice = f"Say under [privacy.processors.{missing[0]}] when it was agreed, and the region." if missing else ""
    return Finding("processors", found, advice, blocks=bool(missing) and settings.privacy.require_agreements)
