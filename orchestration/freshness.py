"""What is older than promised is told once when it begins and once when it is over, the way alerts about KPIs go."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orchestration import company, release, status
from orchestration.delivery import messages, wording
from orchestration.delivery.outbox import Outbox, identifier, opened
from orchestration.paths import Paths
from reports.formatting import Language


def tell(paths: Paths, *, at: datetime | None = None) -> list[str]:
    """Queues a message when something became late or is in time again; returns what is late now.

    `release` is the current release itself, the rest are sources. Nothing is late without a promise in `[freshness]`.
    """
    folder, settings = release.current_release(paths), company.read(paths)
    promises = settings.freshness
    if folder is None or (promises.release_hours is None and not promises.days):
        return []
    moment = at or datetime.now(ZoneInfo(settings.time_zone))
    found = status.look(paths, folder, at=moment)
    late = status.late(found)
    with opened(paths) as box, box.together():
        told = box.late()
        begun, over = [name for name in late if name not in told], [name for name in told if name not in late]
        if begun or over:
            _queue(box, settings, found, begun, over, moment)
            since = moment.isoformat(timespec="seconds")
            box.keep_late({name: told.get(name, since) for name in late})
    return late


def _queue(
    box: Outbox, settings: company.Company, found: dict[str, Any], begun: list[str], over: list[str], moment: datetime
) -> None:
    language = settings.alert_language
    words = wording.texts(language)
    lines = [_line(found, name, words, language) for name in begun]
    lines += [words["in_time_again"].format(what=_label(found, name, words, language)) for name in over]
    title = words["late_title" if begun else "in_time_title"].format(company=found["company_name"])
    body = {"title": title, "text": "\n".join(lines), "tone": "failure" if begun else "success"}
    for address in messages.alert_addresses() if settings.notify.on_alert else ():
        label = messages.label(address)
        id = identifier("freshness", found["company_name"], moment.isoformat(), label, *begun, *over)
        box.put("message", id=id, release=found["release"], recipient=label, body=body, language=language)


def _line(found: dict[str, Any], name: str, words: dict[str, str], language: Language) -> str:
    if name == "release":
        told = {"release": found["release"], "age": round(found["age_hours"]), "promised": found["promised_hours"]}
        return words["late_release"].format(**told)
    [source] = [one for one in found["sources"] if one["source"] == name]
    label = _label(found, name, words, language)
    if source["age_days"] is None:
        return words["late_absent"].format(what=label)
    return words["late_source"].format(what=label, age=source["age_days"], promised=source["promised_days"])


def _label(found: dict[str, Any], name: str, words: dict[str, str], language: Language) -> str:
    if name == "release":
        return words["the_release"]
    return next((str(one[f"label_{language}"]) for one in found["sources"] if one["source"] == name), name)
