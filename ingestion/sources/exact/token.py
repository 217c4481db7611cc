"""The refresh token of Exact: every use gives a new one and ends the old one.

So it is kept under a lock, on disk, before the access token that came with it is used. Two processes that refresh at
once would end the login for both.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from ingestion.connect.http import Clock, Credentials
from ingestion.errors import SourceError

# Exact refuses a new token before the old one is 9.5 of its 10 minutes old.
_USED_FOR = 570


@dataclass
class RotatingToken(Credentials):
    """The newest token of a login. `exchange` trades a refresh token for the answer of Exact's token endpoint."""

    folder: Path
    first: str = field(repr=False)
    exchange: Callable[[str], dict[str, Any]] = field(repr=False)
    clock: Clock
    _used: str = field(default="", repr=False)

    def apply(self, request: requests.PreparedRequest) -> None:
        """Sets the header."""
        self._used = self._access(refused="")
        request.headers["Authorization"] = f"Bearer {self._used}"

    def renew(self) -> bool:
        """A token other than the one that was refused."""
        self._used = self._access(refused=self._used)
        return True

    def _access(self, refused: str) -> str:
        with self._locked():
            held = self._read()
            old = self.clock.now() - held.get("at", 0) > _USED_FOR
            if not old and held["access_token"] != refused:
                return held["access_token"]
            answer = self.exchange(held.get("refresh_token", self.first))
            self._write(
                {
                    "login": self._login(),
                    "access_token": answer["access_token"],
                    "refresh_token": answer["refresh_token"],
                    "at": self.clock.now(),
                }
            )
            return answer["access_token"]

    def _login(self) -> str:
        return hashlib.sha256(self.first.encode()).hexdigest()

    @property
    def _file(self) -> Path:
        return self.folder / "token.json"

    def _read(self) -> dict[str, Any]:
        if not self._file.is_file():
            return {}
        held = json.loads(self._file.read_text(encoding="utf-8"))
        # Another first token in the environment means that somebody logged in again.
        return held if held["login"] == self._login() else {}

    def _write(self, content: dict[str, Any]) -> None:
        part = self._file.with_suffix(".part")
        part.unlink(missing_ok=True)
        part.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
        with part.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        if self._file.is_file():
            previous = self._file.with_name("token.previous.json")
            previous.unlink(missing_ok=True)
            os.link(self._file, previous)
        # One step: there is no moment without a token file.
        part.rename(self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".token.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def login_again(reason: str) -> SourceError:
    """What to say when the chain of refresh tokens is broken."""
    return SourceError(
        f"Exact Online does not accept the refresh token any more ({reason}).",
        advice="Somebody with access must log in again as ingestion/sources/exact/README.md says, "
        "and EXACT_REFRESH_TOKEN must be set to the new token. What was read so far is kept.",
    )
