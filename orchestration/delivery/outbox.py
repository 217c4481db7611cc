"""The outbox: one row for everything that has to leave, kept in `<data>/outbox.sqlite` until it has left.

A row is written before anything is sent, marked as being sent before each try, and marked as sent afterwards, each time
synced to disk. Its id follows from what it is, so putting it in again changes nothing: that is why something goes out
once however often a release is delivered. A process that is killed between sending and writing it down leaves a row
that is being sent; nobody can know then whether it arrived. It is sent again under the same id, and says so.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Literal

from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import Paths

Kind = Literal["mail", "copy", "webhook", "message"]
State = Literal["waiting", "sending", "sent", "failed", "superseded", "withdrawn"]

MOST_TRIES = 12
_FIRST_PAUSE, _LONGEST_PAUSE = 60, 6 * 3600
_TABLES = """
create table if not exists items (
    place integer primary key autoincrement,
    id text not null unique,
    kind text not null check (kind in ('mail', 'copy', 'webhook', 'message')),
    release text not null,
    edition text not null,
    language text not null,
    recipient text not null,
    body text not null,
    created_at real not null,
    state text not null check (state in ('waiting', 'sending', 'sent', 'failed', 'superseded', 'withdrawn')),
    tries integer not null default 0,
    next_try_at real not null,
    tried_at real,
    sent_at real,
    maybe_twice integer not null default 0,
    detail text not null default ''
);
create table if not exists releases (number text primary key, queued_at real not null);
create table if not exists late (what text primary key, since text not null);
create table if not exists alerts (
    metric text not null,
    scope text not null,
    rule text not null,
    version integer not null,
    since text not null,
    release text not null,
    facts text not null,
    primary key (metric, scope, rule)
);
"""


class LaterError(Exception):
    """It did not arrive, and trying again may help."""


class RefusedError(Exception):
    """It did not arrive, and trying again by itself will not help: a person has to change something."""


class UnsureError(Exception):
    """It may or may not have arrived: the connection was lost after all of it had been handed over."""


@dataclass(frozen=True)
class Item:
    """One row. Times are seconds since 1970; `body` is what the sender of its kind needs to know."""

    place: int
    id: str
    kind: Kind
    release: str
    edition: str
    language: str
    recipient: str
    body: dict[str, Any]
    created_at: float
    state: State
    tries: int
    next_try_at: float
    tried_at: float | None
    sent_at: float | None
    maybe_twice: bool
    detail: str

    @property
    def line(self) -> tuple[str, str]:
        """What has to arrive in order: messages and events for one receiver. A mail or copy is a line of its own."""
        return (self.kind, self.recipient if self.kind in ("message", "webhook") else self.id)


def identifier(*parts: str) -> str:
    """An id that follows from what something is: the same parts give the same id, on every machine."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


class Outbox:
    """Open with `opened`; every method is one transaction, unless it is called inside `together`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything inside happens, or nothing of it."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    @contextmanager
    def rehearsed(self) -> Iterator[None]:
        """Everything inside can be looked at, and has not happened afterwards."""
        self._connection.execute("begin immediate")
        try:
            yield
        finally:
            self._connection.execute("rollback")

    def has(self, id: str) -> bool:
        """Whether a row is there, whatever has become of it."""
        return self._connection.execute("select 1 from items where id = ?", (id,)).fetchone() is not None

    def put(
        self,
        kind: Kind,
        *,
        id: str,
        release: str,
        recipient: str,
        body: dict[str, Any],
        edition: str = "",
        language: str = "",
    ) -> bool:
        """Adds a row; False when it was there already, whatever has become of it."""
        with self.together():
            added = self._connection.execute(
                """
                insert into items
                    (id, kind, release, edition, language, recipient, body, created_at, state, next_try_at)
                values (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?) on conflict (id) do nothing
                """,
                (id, kind, release, edition, language, recipient, json.dumps(body, ensure_ascii=False), time.time(), 0),
            )
        return added.rowcount > 0

    def supersede(self, *, release: str, edition: str, language: str, recipient: str) -> int:
        """A mail about an earlier release that nobody has been sent gives way to the one about `release`."""
        with self.together():
            return self._connection.execute(
                """
                update items set state = 'superseded', detail = 'a newer release came first: ' || ?1
                where kind = 'mail' and state in ('waiting', 'failed') and not maybe_twice
                    and release < ?1 and edition = ?2 and language = ?3 and recipient = ?4
                """,
                (release, edition, language, recipient),
            ).rowcount

    def items(self, release: str | None = None) -> list[Item]:
        """Every row in the order it came in, of one release or of all."""
        return self._items("release = ?", release) if release else self._items("true")

    def stopped(self) -> list[Item]:
        """What was being sent when its process was killed, or is being sent at this moment."""
        return self._items("state = 'sending'")

    def _items(self, where: str, *values: object) -> list[Item]:
        found = self._connection.execute(f"select * from items where {where} order by place", values)
        return [_item(row) for row in found]

    def months(self, *, edition: str, language: str, recipient: str) -> set[str]:
        """The months a recipient's rows are about, other than those that gave way to another."""
        found = self._connection.execute(
            """
            select json_extract(body, '$.month') from items
            where edition = ? and language = ? and recipient = ? and state not in ('superseded', 'withdrawn')
            """,
            (edition, language, recipient),
        )
        return {month for (month,) in found if month}

    def due(self, *, by_hand: bool) -> list[Item]:
        """What has to be tried now. By hand that is everything not sent; by itself what is due and not given up.

        What has to arrive in order stays behind an earlier one that waits: nobody reads of a recovery first.
        """
        now, held, found = time.time(), set[tuple[str, str]](), []
        for item in self._items("state in ('waiting', 'failed')"):
            if item.state == "waiting" and not by_hand and (item.next_try_at > now or item.line in held):
                held.add(item.line)
            elif item.state == "waiting" or (by_hand and item.state == "failed"):
                found.append(item)
        return found

    def recover(self) -> int:
        """Puts back what a killed process was sending. Only for who holds the lock: then nobody is sending."""
        with self.together():
            return self._connection.execute(
                """
                update items set state = 'waiting', next_try_at = 0, maybe_twice = 1,
                    detail = 'stopped while it was being sent, so it may have arrived already'
                where state = 'sending'
                """
            ).rowcount

    def begin(self, item: Item) -> None:
        """Written down before the try."""
        self._update(item, state="sending", tries=item.tries + 1, tried_at=time.time())

    def end(self, item: Item, state: State, detail: str) -> None:
        """It has been sent, or never will be."""
        self._update(item, state=state, detail=detail, sent_at=time.time() if state == "sent" else None)

    def again(self, item: Item, detail: str, *, unsure: bool = False) -> State:
        """It is tried again after a pause that doubles each time; given up after the twelfth try, in about a day."""
        tries = item.tries + 1
        state: State = "waiting" if tries < MOST_TRIES else "failed"
        pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)
        if state == "failed":
            detail = f"given up after {tries} tries: {detail}"
        self._update(
            item,
            state=state,
            detail=detail,
            next_try_at=time.time() + pause,
            maybe_twice=int(item.maybe_twice or unsure),
        )
        return state

    def last_queued(self) -> str | None:
        """The newest release that has been put in; None before the first."""
        return self._connection.execute("select max(number) from releases").fetchone()[0]

    def mark_queued(self, number: str) -> None:
        """This release has been put in."""
        with self.together():
            self._connection.execute("insert into releases values (?, ?) on conflict do nothing", (number, time.time()))

    def late(self) -> dict[str, str]:
        """What has been told to be older than promised, and since when."""
        rows = self._connection.execute("select what, since from late order by what")
        return {what: since for what, since in rows}  # noqa: C416 - a row of sqlite is no pair to `dict`

    def keep_late(self, late: Mapping[str, str]) -> None:
        """These are late now, and nothing else is."""
        with self.together():
            self._connection.execute("delete from late")
            self._connection.executemany("insert into late values (?, ?)", late.items())

    def alerts(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """What is going on, by metric, scope and rule: the facts it was told with."""
        rows = self._connection.execute("select metric, scope, rule, facts from alerts order by since, metric, rule")
        return {(metric, scope, rule): json.loads(facts) for metric, scope, rule, facts in rows}

    def keep_alert(self, key: tuple[str, str, str], facts: dict[str, Any]) -> None:
        """It is going on, as these facts tell."""
        with self.together():
            self._connection.execute(
                """
                insert into alerts values (?, ?, ?, ?, ?, ?, ?)
                on conflict (metric, scope, rule) do update
                set version = excluded.version, since = excluded.since, facts = excluded.facts
                """,
                (*key, facts["version"], facts["since"], facts["release"], json.dumps(facts, ensure_ascii=False)),
            )

    def drop_alert(self, key: tuple[str, str, str]) -> None:
        """It is over."""
        with self.together():
            self._connection.execute("delete from alerts where metric = ? and scope = ? and rule = ?", key)

    def _update(self, item: Item, **values: object) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        with self.together():
            self._connection.execute(f"update items set {names} where id = ?", (*values.values(), item.id))


@contextmanager
def opened(paths: Paths) -> Iterator[Outbox]:
    """The outbox of a data folder, made when it is not there, readable by its owner only."""
    file = paths.data / "outbox.sqlite"
    paths.data.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    connection = sqlite3.connect(file, timeout=30, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma synchronous = full")
        connection.executescript(_TABLES)
        yield Outbox(connection)
    except sqlite3.DatabaseError as error:
        raise KerncijfersError(
            f"{file} can't be used ({error}). It remembers what has been delivered: put a copy of it back, or move it "
            "away, and deliver knowing that what had been sent will be sent again."
        ) from error
    finally:
        connection.close()


@contextmanager
def sending(paths: Paths) -> Iterator[Outbox]:
    """The outbox for the one process that sends; a second one is refused with BusyError."""
    with opened(paths) as box, (paths.data / ".outbox.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"Another process is delivering from {paths.data}; this one did nothing.") from None
        box.recover()
        yield box


def _item(row: sqlite3.Row) -> Item:
    values = {field.name: row[field.name] for field in fields(Item)}
    return Item(**{**values, "body": json.loads(values["body"]), "maybe_twice": bool(values["maybe_twice"])})
