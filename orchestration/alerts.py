"""Alerts: what changed between what had been told and what a release says, told once.

The rules and their verdicts are data: `alert_rules.csv` and `alerts` in a metric's YAML, judged by `rpt_signals` for
every closed period. This compares the newest verdict of each with the alerts that are going on (kept in the outbox, not
in the release), and puts one message with everything that changed into the outbox, in the same transaction. A release
is looked at once; doing it again, or rolling back to an earlier one, says nothing new.

A period that was not judged (not over yet, too few observations, a definition that changed in it, a missing value)
changes nothing: an alert goes on until a closed period is good again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
from lxml import html

from orchestration import release
from orchestration.delivery import messages, wording
from orchestration.delivery.outbox import Outbox, identifier
from reports.data.database import opened
from reports.formatting import Formatter, Language

if TYPE_CHECKING:
    from orchestration.company import Company

Key = tuple[str, str, str]
What = Literal["fired", "recovered", "unwatched"]
_ORDER = ("critical", "warning", "notice")
_LIMITS = ("value", "lower", "upper")
_NEWEST = """
    select
        signals.metric,
        signals.scope,
        signals.rule,
        signals.version,
        signals.grain,
        signals.period,
        signals.period_end,
        signals.state,
        signals.severity,
        signals.since,
        started.period_end as since_end,
        coalesce(signals.is_favourable, false) as is_favourable,
        signals.value,
        published.reason,
        case when signals.rule = 'off_target' then coalesce(published.expected_value, published.target_value)
            else signals.lower_limit end as lower,
        case when signals.rule = 'off_target' then published.target_upper else signals.upper_limit end as upper,
        metrics.label_nl,
        metrics.label_en,
        metrics.unit,
        metrics.decimals,
        metrics.owner,
        rules.label_nl as rule_nl,
        rules.label_en as rule_en,
        rules.explanation_nl,
        rules.explanation_en
    from reporting.rpt_signals as signals
    inner join reporting.rpt_metrics as metrics
        on signals.metric = metrics.metric and signals.version = metrics.version
    inner join reporting.rpt_alert_rules as rules
        on signals.metric = rules.metric and signals.version = rules.version and signals.rule = rules.rule
    inner join reporting.rpt_metric_values as published
        on
            signals.metric = published.metric and signals.version = published.version
            and signals.grain = published.grain and signals.scope = published.scope
            and signals.period = published.period
    left join reporting.rpt_metric_values as started
        on
            signals.metric = started.metric and signals.version = started.version
            and signals.grain = started.grain and signals.scope = started.scope and signals.since = started.period
    where
        metrics.is_latest
        and signals.scope = 'total'
        and list_contains(string_split(rules.told_of, ' '), metrics.role)
        and signals.state <> 'not_evaluated'
    qualify row_number() over (
        partition by signals.metric, signals.scope, signals.rule order by signals.period_start desc
    ) = 1
    order by metrics.sort, rules.place
"""


@dataclass(frozen=True)
class Change:
    """One alert that began, is over, or is no longer watched, with the facts to tell it by."""

    what: What
    facts: Mapping[str, Any]
    earlier: Mapping[str, Any]
    """The facts it had been told with; empty for one that begins."""

    @property
    def severity(self) -> str:
        """critical, warning or notice."""
        return str(self.facts["severity"])


def look(box: Outbox, settings: Company, folder: Path, facts: Mapping[str, Any]) -> int:
    """Compares a release with the alerts that are going on, remembers, and queues what changed.

    Returns how many rows that added. Call it inside one transaction of the outbox, once for each release.
    """
    with opened(folder) as connection:
        verdicts = newest(connection)
        [(currency,)] = connection.execute("select currency from reporting.rpt_company").fetchall()
    changes = settle(box, verdicts, folder.name)
    return _queue(box, settings, folder, facts, changes, currency)


def newest(connection: duckdb.DuckDBPyConnection) -> dict[Key, dict[str, Any]]:
    """The newest verdict of every rule that is told, by metric, scope and rule."""
    found = connection.execute(_NEWEST)
    names = [column[0] for column in found.description]
    rows = [_plain(dict(zip(names, row, strict=True))) for row in found.fetchall()]
    return {(row["metric"], row["scope"], row["rule"]): row for row in rows}


def settle(box: Outbox, verdicts: Mapping[Key, Mapping[str, Any]], release: str) -> list[Change]:
    """Brings the alerts that are going on in step with the verdicts, and returns what changed."""
    going_on = box.alerts()
    changes: list[Change] = []
    for key, verdict in verdicts.items():
        told = going_on.pop(key, None)
        if verdict["state"] == "firing":
            box.keep_alert(key, {**verdict, "release": told["release"] if told else release})
            if told is None:
                changes.append(Change("fired", verdict, {}))
        elif told is not None:
            box.drop_alert(key)
            changes.append(Change("recovered", verdict, told))
    for key, told in going_on.items():
        box.drop_alert(key)
        changes.append(Change("unwatched", told, told))
    return changes


def describe(change: Change, words: Mapping[str, str], shown: Formatter, link: str) -> str:
    """One alert in words: what, value, limit, since when, whose, and where to read more."""
    facts, lang = change.facts, shown.language
    kind = change.severity if change.what == "fired" else change.what
    if change.what == "fired" and facts["is_favourable"]:
        kind = "favourable"
    lines = [words["alert_head"].format(severity=words[kind], label=facts[f"label_{lang}"], rule=facts[f"rule_{lang}"])]
    since = change.earlier or facts
    began = shown.period(since["grain"], since["since"], _day(since["since_end"]))
    if change.what == "unwatched":
        return "\n".join([*lines, words["no_longer"].format(since=began)])
    period = shown.period(facts["grain"], facts["period"], _day(facts["period_end"]))
    amounts = {name: _amount(facts[name], facts, shown) for name in ("lower", "upper")}
    value = shown.value(facts["value"] and Decimal(facts["value"]), facts["unit"], facts["decimals"], facts["reason"])
    rule = "off_target_band" if facts["rule"] == "off_target" and facts["upper"] is not None else facts["rule"]
    lines += [words["alert_value"].format(value=value, period=period), words[rule].format(**amounts)]
    lines.append(words["since" if change.what == "fired" else "since_to"].format(since=began))
    if change.earlier and change.earlier["version"] != facts["version"]:
        told = {"version": facts["version"], "earlier": change.earlier["version"]}
        lines.append(words["new_definition"].format(**told))
    if change.what == "fired":
        lines.append(str(facts[f"explanation_{lang}"]))
    return "\n".join([*lines, words["owner"].format(owner=facts["owner"]), link])


def title(changes: Sequence[Change], words: Mapping[str, str], company: str, release: str) -> str:
    """How many began, are over or are no longer watched."""
    parts = []
    for what in ("fired", "recovered", "unwatched"):
        count = sum(change.what == what for change in changes)
        if count:
            parts.append(words[f"{what}_{'one' if count == 1 else 'many'}"].format(n=count))
    counted = words["and"].join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return words["alert_title"].format(company=company, counted=counted, release=release)


def _queue(
    box: Outbox,
    settings: Company,
    folder: Path,
    facts: Mapping[str, Any],
    changes: Sequence[Change],
    currency: str,
) -> int:
    """One message for each address with every change, and one event for each webhook and change."""
    if not changes:
        return 0
    ordered = sorted(changes, key=lambda change: (change.what != "fired", _ORDER.index(change.severity)))
    language = settings.alert_language
    words, shown = wording.texts(language), wording.formatter(language, currency)
    links = _Links(settings, folder, language)
    text = "\n\n".join(describe(change, words, shown, links.sentence(change, words)) for change in ordered)
    told = title(ordered, words, str(facts["company_name"]), folder.name)
    body = {"title": told, "text": text, "tone": _tone(ordered)}
    origin = (str(facts["company_id"]), str(facts["created_at"]), folder.name)
    added = 0
    for address in messages.alert_addresses() if settings.notify.on_alert else ():
        label = messages.label(address)
        id = identifier(*origin, "alerts", label)
        added += box.put("message", id=id, release=folder.name, recipient=label, body=body, language=language)
    for webhook in settings.webhooks:
        for change in ordered if "alert" in webhook.events else ():
            key = (str(change.facts[name]) for name in ("metric", "scope", "rule"))
            id = identifier(*origin, "alert", webhook.name, change.what, *key)
            event = json.dumps(_event(id, change, facts, links.address(change)), ensure_ascii=False)
            added += box.put("webhook", id=id, release=folder.name, recipient=webhook.name, body={"event": event})
    return added


def _event(id: str, change: Change, facts: Mapping[str, Any], link: str | None) -> dict[str, Any]:
    told = {name: change.facts[name] for name in ("metric", "scope", "rule", "version", "severity", "period", "unit")}
    labels = {"nl": change.facts["label_nl"], "en": change.facts["label_en"]}
    since = (change.earlier or change.facts)["since"]
    limits = {name: change.facts[name] for name in _LIMITS}
    company = {name: facts[name] for name in ("release", "company_id", "company_name")}
    return {
        "id": id,
        "type": f"alert.{change.what}",
        "timestamp": facts["created_at"],
        "data": company
        | told
        | limits
        | {"label": labels, "since": since, "owner": change.facts["owner"], "link": link},
    }


class _Links:
    """Where the definition of a KPI is in the release: the first page in the reader's language that has it."""

    def __init__(self, settings: Company, folder: Path, language: Language) -> None:
        self._settings = settings
        self._folder = folder
        reports = sorted(release.pages(folder), key=lambda report: report[1] != language)
        self._anchors = {name: _anchors(folder / name) for name in (release.page_name(*report) for report in reports)}

    def _page(self, change: Change) -> tuple[str, str] | None:
        anchor = f"{change.facts['metric']}-{change.facts['version']}"
        return next(((name, anchor) for name, anchors in self._anchors.items() if anchor in anchors), None)

    def address(self, change: Change) -> str | None:
        """The address of the definition; None when no page has it or nobody said where the pages are."""
        found = self._page(change)
        link = found and self._settings.delivery.to(self._folder.name, found[0])
        return f"{link}#{found[1]}" if found and link else None

    def sentence(self, change: Change, words: Mapping[str, str]) -> str:
        """The same in words; without an address, which page it is."""
        link, found = self.address(change), self._page(change)
        if link:
            return words["link"].format(link=link)
        if found:
            return words["elsewhere"].format(page=found[0], anchor=f"#{found[1]}")
        return words["nowhere"].format(metric=change.facts["metric"])


def _anchors(page: Path) -> set[str]:
    return set(map(str, html.fromstring(page.read_bytes()).xpath("//@id")))


def _tone(changes: Iterable[Change]) -> messages.Tone:
    begun = {change.severity for change in changes if change.what == "fired"}
    if not begun:
        return "success"
    return "failure" if "critical" in begun else "warning" if "warning" in begun else "info"


def _amount(value: str | None, facts: Mapping[str, Any], shown: Formatter) -> str:
    return "" if value is None else shown.value(Decimal(value), facts["unit"], facts["decimals"])


def _day(text: str | None) -> date:
    return date.fromisoformat(text) if text else date.min


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Fit for JSON: days as ISO text, decimals as exact text."""

    def plain(value: object) -> object:
        match value:
            case Decimal():
                return format(value, "f")
            case date():
                return value.isoformat()
        return value

    return {name: plain(value) for name, value in row.items()}
