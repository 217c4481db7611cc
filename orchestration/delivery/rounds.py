"""A round: what a release owes to whom goes into the outbox, and what is due goes out.

Both halves may be done again at any time: the first adds nothing that is there already, the second sends what has not
been sent. Neither can harm the release, which has been published before.
"""

from __future__ import annotations

import hashlib
import json
import logging
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.digest import sha256
from orchestration import alerts, company, freshness, release
from orchestration.delivery import copies, mail, messages, secrets, webhooks, wording
from orchestration.delivery.outbox import (
    Item,
    LaterError,
    Outbox,
    RefusedError,
    State,
    UnsureError,
    identifier,
    opened,
    sending,
)
from orchestration.delivery.settings import Recipient
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths
from reports.data import database
from reports.data.released import Released

LOG = "delivery.log"
_log = logging.getLogger(__name__)


@dataclass
class Owed:
    """What queueing came to: how many rows it added, and in words what it could not add."""

    added: int = 0
    notes: tuple[str, ...] = ()


def queue(paths: Paths, number: str | None = None, *, to: str | None = None) -> Owed:
    """Puts what a release owes into the outbox.

    The current release, unless `number` names another one; everyone company.toml declares, or only the recipient `to`,
    then also when that recipient has had a report about the same month.
    """
    with opened(paths) as box, box.together():
        return _queue(paths, box, number, to)


def queue_new(paths: Paths) -> Owed:
    """Queues what has been published since the last time, each release, so that no archive misses one."""
    current = release.current_release(paths)
    if current is None:
        return Owed()
    with opened(paths) as box, box.together():
        last = box.last_queued()
        if last is not None and last >= current.name:
            return Owed()
        kept = sorted(file.parent.name for file in paths.releases.glob("*/release.json"))
        rounds = [_queue(paths, box, number, None) for number in kept if last and last < number < current.name]
        rounds.append(_queue(paths, box, None, None))
    return Owed(sum(one.added for one in rounds), tuple(note for one in rounds for note in one.notes))


def due_mark(paths: Paths) -> str | None:
    """A mark of the work that waits, which changes when the work does; None when there is none."""
    current = release.current_release(paths)
    if current is None:
        return None
    with opened(paths) as box:
        work = [f"{item.id} {item.tries}" for item in box.due(by_hand=False)]
        work += [f"{item.id} {item.tries} stopped" for item in box.stopped()]
        if (box.last_queued() or "") < current.name:
            work.append(current.name)
    return identifier(*work) if work else None


def send(paths: Paths, *, by_hand: bool, number: str | None = None, to: str | None = None) -> list[Item]:
    """Tries every row that is due, and returns those rows as they are afterwards.

    By hand also what waits for its next try and what had been given up. Raises BusyError while another process sends; a
    row that fails raises nothing, it says why.
    """
    settings = company.read(paths)
    freshness.tell(paths)
    with sending(paths) as box:
        tried, held = set[str](), set[tuple[str, str]]()
        for item in _chosen(box, number, to, by_hand=by_hand):
            if item.line not in held:
                tried.add(item.id)
                if _try(paths, settings, box, item) == "waiting":
                    held.add(item.line)
        return [item for item in box.items() if item.id in tried]


def preview(paths: Paths, number: str | None = None, *, to: str | None = None) -> tuple[list[Item], Owed]:
    """What `queue` and `send` by hand would do, without doing it or remembering that it was asked."""
    with opened(paths) as box, box.rehearsed():
        owed = _queue(paths, box, number, to)
        return _chosen(box, number, to, by_hand=True), owed


def _chosen(box: Outbox, number: str | None, to: str | None, *, by_hand: bool) -> list[Item]:
    due = box.due(by_hand=by_hand)
    return [item for item in due if number in (None, item.release) and to in (None, item.recipient)]


def _queue(paths: Paths, box: Outbox, number: str | None, to: str | None) -> Owed:
    settings = company.read(paths)
    names = sorted({recipient.name for recipient in settings.recipients})
    if to is not None and to not in names:
        raise KerncijfersError(f"company.toml has no recipient {to}. It has: {', '.join(names) or 'none'}.")
    folder = _released(paths, number)
    facts = release.read_facts(folder)
    owed = Owed()
    for recipient in settings.recipients:
        if to in (None, recipient.name):
            _owe(box, settings, folder, facts, recipient, owed, always=to is not None)
    if to is None:
        owed.added += _tell_webhooks(box, settings, folder, facts)
        if number is None and (box.last_queued() or "") < folder.name:
            owed.added += alerts.look(box, settings, folder, facts)
            box.mark_queued(folder.name)
    return owed


def _released(paths: Paths, number: str | None) -> Path:
    """The folder of a release whose tests have passed; nothing else is ever sent."""
    folder = release.current_release(paths) if number is None else release.earlier(paths, number)
    if folder is None:
        raise KerncijfersError(f"{paths.data} has no release yet, so there is nothing to deliver: kerncijfers refresh")
    if release.read_facts(folder)["tests"]["failed"]:
        raise KerncijfersError(f"Release {folder.name} has failed tests. It is not delivered to anyone.")
    return folder


def _owe(
    box: Outbox,
    settings: company.Company,
    folder: Path,
    facts: dict[str, Any],
    recipient: Recipient,
    owed: Owed,
    *,
    always: bool,
) -> None:
    """One row for a recipient, unless it is there, or tells of a month the recipient has had."""
    whose = {"edition": recipient.edition, "language": recipient.language, "recipient": recipient.name}
    id = identifier(facts["company_id"], facts["created_at"], facts["release"], recipient.kind, *whose.values())
    if box.has(id):
        return
    file = folder / release.page_name(recipient.edition, recipient.language)
    if not file.is_file():
        owed.notes += (
            f"Release {folder.name} has no {recipient.edition} in {recipient.language}, so {recipient.name} gets none.",
        )
        return
    if recipient.kind == "mail":
        box.supersede(release=folder.name, **whose)
    with database.opened(folder) as connection:
        month, _ = Released(connection, recipient.language).month()
    if recipient.when == "month" and not always and month in box.months(**whose):
        return
    page = file.read_bytes()
    digest = hashlib.sha256(page).hexdigest()
    body: dict[str, Any] = {"page": file.name, "sha256": digest, "month": month}
    if recipient.kind == "mail":
        link = settings.delivery.to(folder.name, file.name) if recipient.by == "link" else None
        body["subject"] = wording.title(page)
        body["text"] = wording.mail(page, file.name, digest, facts, recipient.language, link)
        body["attach"] = link is None
    else:
        told = ("release", "created_at", "company_id", "company_name", "as_of", "tests")
        body["manifest"] = {name: facts[name] for name in told} | {
            "files": {file.name: {"sha256": digest, "bytes": len(page)}}
        }
    box.put(recipient.kind, id=id, release=folder.name, body=body, **whose)
    owed.added += 1


def _tell_webhooks(box: Outbox, settings: company.Company, folder: Path, facts: dict[str, Any]) -> int:
    added = 0
    for webhook in settings.webhooks:
        if "release" not in webhook.events:
            continue
        id = identifier(facts["company_id"], facts["created_at"], facts["release"], "webhook", webhook.name)
        pages = [
            {
                "edition": edition,
                "language": language,
                "file": (page := release.page_name(edition, language)),
                "sha256": sha256(folder / page),
                "link": settings.delivery.to(folder.name, page),
            }
            for edition, language in release.pages(folder)
        ]
        told = ("release", "company_id", "company_name", "as_of", "tests")
        event = {
            "id": id,
            "type": "release.published",
            "timestamp": facts["created_at"],
            "data": {name: facts[name] for name in told} | {"pages": pages},
        }
        body = {"event": json.dumps(event, ensure_ascii=False)}
        added += box.put("webhook", id=id, release=folder.name, recipient=webhook.name, body=body)
    return added


def _try(paths: Paths, settings: company.Company, box: Outbox, item: Item) -> State:
    box.begin(item)
    state: State
    try:
        detail = _deliver(paths, settings, item)
    except _WithdrawnError as reason:
        state = "withdrawn"
        box.end(item, state, str(reason))
    except RefusedError as reason:
        state = "failed"
        box.end(item, state, str(reason))
    except (LaterError, UnsureError) as reason:
        state = box.again(item, str(reason), unsure=isinstance(reason, UnsureError))
    except Exception as defect:
        # One row nobody foresaw must not keep the others in.
        write_down(paths, f"row {item.id}", defect)
        state = box.again(item, secrets.safe(f"{type(defect).__name__}: {defect}"))
    else:
        state = "sent"
        box.end(item, state, detail)
    level = logging.INFO if state == "sent" else logging.WARNING
    _log.log(level, "%s of release %s (row %s): %s", item.kind, item.release, item.id[:8], state)
    return state


def write_down(paths: Paths, during: str, defect: BaseException) -> None:
    """Keeps what nobody foresaw in `<data>/logs/delivery.log`, without addresses and secrets."""
    paths.logs.mkdir(parents=True, exist_ok=True)
    with (paths.logs / LOG).open("a", encoding="utf-8") as log:
        log.write(f"{release.now()} {during}\n{secrets.hide(''.join(traceback.format_exception(defect)))}\n")


class _WithdrawnError(Exception):
    """Company.toml or the environment no longer names who it is for."""


def _deliver(paths: Paths, settings: company.Company, item: Item) -> str:
    """Sends one row to who it is for by now, for addresses are not kept in the outbox."""
    match item.kind:
        case "message":
            for address in messages.alert_addresses():
                if messages.label(address) == item.recipient:
                    body = item.body
                    return messages.send(address, title=body["title"], text=body["text"], tone=body["tone"])
            raise _WithdrawnError(f"{item.recipient} is no longer among the addresses of alerts")
        case "webhook":
            for webhook in settings.webhooks:
                if webhook.name == item.recipient:
                    return webhooks.post(item, webhook)
            raise _WithdrawnError(f"company.toml no longer has a webhook {item.recipient}")
    recipient = next(
        (
            one
            for one in settings.recipients
            if one.key == (item.recipient, item.edition, item.language) and one.kind == item.kind
        ),
        None,
    )
    if recipient is None:
        raise _WithdrawnError(
            f"company.toml no longer sends {item.edition} in {item.language} to {item.recipient} this way"
        )
    file = paths.releases / item.release / item.body["page"]
    if not file.is_file():
        raise RefusedError(f"release {item.release} is no longer kept in {paths.releases}")
    page = file.read_bytes()
    if hashlib.sha256(page).hexdigest() != item.body["sha256"]:
        raise RefusedError(
            f"{item.body['page']} of release {item.release} is not the file that was released, so it stays here"
        )
    if recipient.mail and settings.mail:
        message = mail.compose(item, settings.mail, recipient.mail, page if item.body["attach"] else None)
        return mail.send(message, settings.mail)
    return copies.copy(item, recipient, page)
