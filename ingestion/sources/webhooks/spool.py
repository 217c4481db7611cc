"""Messages on disk: one line each, synced before the sender hears that it arrived. The only copy there is, so it stays.

A file that is full is followed by another; a line that was cut off when the machine stopped was never acknowledged, and
whoever sent it sends it again.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingestion import privacy
from ingestion.errors import SourceError
from ingestion.sources.webhooks.settings import REFUSALS, TABLES

_FULL = 8_000_000


class Spool:
    """The folder with messages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._file: Path | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for one receiver; a second one is refused. The kernel frees it, however the process ends."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / ".lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SourceError("another process is receiving webhooks.", advice="This one did not start.") from None
            yield

    def append(self, messages: Sequence[dict[str, Any]]) -> None:
        """Adds messages; they are on disk when this returns.

        Raises OSError when they could not be written; then none of them counts.
        """
        lines = "".join(json.dumps(message) + "\n" for message in messages).encode()
        with self._lock:
            file = self._current()
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            before = os.fstat(handle).st_size
            try:
                _write(handle, lines)
            except OSError:
                os.ftruncate(handle, before)
                raise
            finally:
                os.close(handle)

    def _current(self) -> Path:
        """The file to add to: a new one when this process starts, for the last line of the one before may be cut."""
        if self._file is None or (self._file.is_file() and self._file.stat().st_size > _FULL):
            last = max((int(file.stem) for file in self.files()), default=0)
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = self.folder / f"{last + 1:08d}.jsonl"
            self._file.touch(mode=0o600)
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return self._file

    def files(self) -> list[Path]:
        """Oldest first."""
        return sorted(self.folder.glob("*.jsonl"))

    def blank(self, is_theirs: Callable[[dict[str, Any]], bool]) -> int:
        """Overwrites messages by blanks of the same length, so that a reading goes on where it was; how many."""
        count = 0
        for path in self.files():
            with path.open("r+b") as handle:
                at = 0
                for line in handle.readlines():
                    if line.endswith(b"\n") and line.strip() and is_theirs(_message(path, line)):
                        handle.seek(at)
                        handle.write(b" " * (len(line) - 1))
                        count += 1
                    at += len(line)
                handle.flush()
                os.fsync(handle.fileno())
        return count

    def prepare(self, generation: str, changes: Mapping[str, pa.Table]) -> None:
        """Writes down how messages will read when a generation of the landing zone counts in which people are
        forgotten. Each row of `changes` has the id a message has now, as `former`, and the columns that change.

        A line keeps its length, so that a reading goes on where it was.
        """
        anew = {row.pop("former"): row for rows in changes.values() for row in rows.to_pylist()}
        lines = []
        for path in self.files():
            at = 0
            with path.open("rb") as handle:
                for line in handle:
                    message = _message(path, line) if line.endswith(b"\n") and line.strip() else {}
                    if changed := anew.get(message.get("message_id", "")):
                        lines.append(json.dumps([path.name, at, _anew(message, changed, len(line))]))
                    at += len(line)
        part = self._pending(f"{generation}.part")
        part.touch(mode=0o600)
        with part.open("w", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in lines)
            out.flush()
            os.fsync(out.fileno())
        part.rename(self._pending(generation))

    def settle(self, generation: str) -> None:
        """Does what was prepared for the generation that counts, again if need be; what was for another one goes."""
        pending = self._pending(generation)
        if pending.is_file():
            handles: dict[str, int] = {}
            for line in pending.read_text(encoding="utf-8").splitlines():
                name, at, content = json.loads(line)
                if name not in handles:
                    handles[name] = os.open(self.folder / name, os.O_WRONLY)
                os.pwrite(handles[name], content.encode(), at)
            for handle in handles.values():
                os.fsync(handle)
                os.close(handle)
        for left in self.folder.glob(".pending-*"):
            left.unlink()

    def _pending(self, generation: str) -> Path:
        return self.folder / f".pending-{generation}"

    def read(self, file: str, offset: int, size: int) -> Iterator[tuple[list[dict[str, Any]], str, int]]:
        """Messages after a place, in parts of about `size` bytes, each with the place after it.

        Raises `SourceError` for a line that is no message: the file was changed by somebody else.
        """
        for path in self.files():
            if path.name < file:
                continue
            at = offset if path.name == file else 0
            with path.open("rb") as handle:
                handle.seek(at)
                while lines := handle.readlines(size):
                    whole = [line for line in lines if line.endswith(b"\n")]
                    yield [_message(path, line) for line in whole if line.strip()], path.name, at + sum(map(len, whole))
                    at += sum(map(len, whole))
                    if len(whole) < len(lines):
                        break


def of(folder: Path) -> Spool:
    """Where the messages are: beside the source's landing zone, which is emptied when its settings change."""
    return Spool(folder.with_name(f"{folder.name}.spool"))


def forget(folder: Path, people: Iterable[tuple[str, str]]) -> int:
    """Takes the messages of people who were erased, as (kind, pseudonym), out of the spool; how many there were."""
    erased, key = set(people), privacy.key()
    about = {
        table: {name: mark.kind for name, mark in privacy.people(spec.schema).items()} for table, spec in TABLES.items()
    }

    def is_theirs(message: Mapping[str, Any]) -> bool:
        told, is_pseudonym = message.get("record", {}), is_aliased(message)
        return any(
            (kind, told[name] if is_pseudonym else key.pseudonym(str(told[name]), kind)) in erased
            for name, kind in about[message.get("entity", REFUSALS)].items()
            if told.get(name) is not None
        )

    return of(folder).blank(is_theirs)


def is_aliased(message: Mapping[str, Any]) -> bool:
    """Whether a message is of somebody who was forgotten: a sender has no say in what is behind its name."""
    return privacy.is_alias(message["message_id"].removeprefix(f"{message['sender']}-"))


def _anew(message: Mapping[str, Any], changed: Mapping[str, Any], length: int) -> str:
    told = message["record"] | {name: value for name, value in changed.items() if name in message["record"]}
    text = json.dumps(
        {**message, "message_id": changed["message_id"], "record": told}, separators=(",", ":"), ensure_ascii=True
    )
    if len(text) >= length:
        raise ValueError("a message with aliases is longer than the one before")  # a digest is longer than two aliases
    return f"{text:<{length - 1}}\n"


def _write(handle: int, content: bytes) -> None:
    if os.write(handle, content) != len(content):
        raise OSError("the disk is full")
    os.fsync(handle)


def _message(path: Path, line: bytes) -> dict[str, Any]:
    try:
        return json.loads(line)
    except ValueError:
        raise SourceError(
            "a line of the spool of webhooks is no message: somebody else changed the file.",
            file=path,
            advice="Put the file back from a backup, then fetch again.",
        ) from None
