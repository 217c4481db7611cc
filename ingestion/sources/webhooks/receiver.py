"""Answers senders: checks who it is on the bytes as they came, then the content, and acknowledges what is on disk.

It never touches the warehouse. What can't be used is refused with the reason, and the refusal is counted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ingestion.connect.fields import arrow
from ingestion.connect.http import Clock
from ingestion.errors import SourceError
from ingestion.sources.files.entities import ENTITIES
from ingestion.sources.webhooks.settings import KEYS, TABLES, Sender, WebhookSettings
from ingestion.sources.webhooks.spool import Spool

_PREFIX, _SHORTEST = "whsec_", 24
# An older signature may be one that somebody overheard and sends again.
_TOLERANCE = 300


def key(secret: str) -> bytes:
    """The key senders sign with.

    Raises `SourceError` when it is not `whsec_` and base64 of at least 24 bytes.
    """
    try:
        found = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        found = b""
    if not secret.startswith(_PREFIX) or len(found) < _SHORTEST:
        raise SourceError(
            f"WEBHOOKS_SECRET is not {_PREFIX} and base64 of at least {_SHORTEST} bytes.",
            advice='Make one with: python3 -c "import base64, secrets; '
            f"print('{_PREFIX}' + base64.b64encode(secrets.token_bytes(32)).decode())\"",
        )
    return found


class Receiver:
    """What senders reach at `/<name>`."""

    def __init__(self, settings: WebhookSettings, secret: str, spool: Spool, clock: Clock | None = None) -> None:
        self._settings, self._secret, self._key = settings, secret, key(secret)
        self._spool, self._clock = spool, clock or Clock()
        self._came: dict[str, deque[float]] = {name: deque(maxlen=settings.per_minute) for name in settings.senders}

    @property
    def app(self) -> Starlette:
        """The application for an ASGI server."""
        return Starlette(routes=[Route("/{sender}", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        name = request.path_params["sender"]
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > self._settings.most_bytes:
                return PlainTextResponse(f"More than {self._settings.most_bytes:,} bytes.", 413)
        if not self._is_known(request.headers, body):
            return PlainTextResponse("The signature is missing, wrong or too old.", 401)
        if name not in self._settings.senders:
            return PlainTextResponse(f"company.toml has no sender {name}.", 404)
        if wait := self._wait(name):
            return PlainTextResponse("Too many messages.", 429, {"Retry-After": str(wait)})
        now = datetime.fromtimestamp(self._clock.now(), UTC).isoformat()
        try:
            messages, refused = self._messages(name, request.headers.get("content-type", ""), body, now), ""
        except SourceError as error:
            refused = error.message if error.value is None else f"{error.message} ({error.value})"
            digest = hashlib.sha256(body).hexdigest()
            messages = [{"sender": name, "message_id": f"{name}-{digest}", "received_at": now, "reason": error.message}]
        try:
            await run_in_threadpool(self._spool.append, messages)
        except OSError:
            return PlainTextResponse("The message could not be kept; send it again.", 503, {"Retry-After": "60"})
        if refused:
            return PlainTextResponse(refused, 422)
        return PlainTextResponse("Kept.", 202)

    def _is_known(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Signed as Standard Webhooks has it, or with the key itself for who can't sign."""
        if token := headers.get("authorization", ""):
            return hmac.compare_digest(token.encode(), f"Bearer {self._secret}".encode())
        identifier, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not moment.isdecimal() or abs(int(moment) - self._clock.now()) > _TOLERANCE:
            return False
        signed = hmac.digest(self._key, f"{identifier}.{moment}.".encode() + body, "sha256")
        expected = f"v1,{base64.b64encode(signed).decode()}"
        given = headers.get("webhook-signature", "").split(" ")
        return any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)

    def _wait(self, sender: str) -> int:
        came, now = self._came[sender], self._clock.now()
        if len(came) == came.maxlen and now - came[0] < 60:
            return int(60 - (now - came[0])) + 1
        came.append(now)
        return 0

    def _messages(self, name: str, kind: str, body: bytes, now: str) -> list[dict[str, Any]]:
        if kind.split(";", maxsplit=1)[0].strip().lower() != "application/json":
            raise SourceError(f"The content is {kind or 'of no type'}, not application/json.")
        try:
            content = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=str)
        except ValueError:
            raise SourceError("The content is not JSON in UTF-8.") from None
        records = content if isinstance(content, list) else [content]
        if not records or not all(isinstance(record, dict) for record in records):
            raise SourceError("The content is not a record or a list of records.")
        sender = self._settings.senders[name]
        try:
            found = [_message(name, sender, record, now) for record in records]
            arrow(sender.entity, TABLES[sender.entity], found)
        except UnicodeEncodeError:
            raise SourceError("The content has half a character.") from None
        return [{**message, "entity": sender.entity} for message in found]


def _message(name: str, sender: Sender, record: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The columns of the entity and nothing else. A message that comes twice is the same message."""
    kept = {
        column: sender.values.get(column, _at(record, sender.fields.get(column, column)))
        for column in ENTITIES[sender.entity]
    }
    kept |= {
        column: known.default for column, known in ENTITIES[sender.entity].items() if known.default and not kept[column]
    }
    kept = {column: str(value) if isinstance(value, Decimal) else value for column, value in kept.items()}
    updated, deleted = _at(record, sender.updated_at), _at(record, sender.deleted)
    told = json.dumps([kept, updated, deleted], sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(told.encode()).hexdigest()
    number = KEYS[sender.entity]
    # A record without a number is one of its own.
    kept[number] = digest if kept[number] is None or kept[number] == "" else kept[number]
    return {
        "sender": name,
        "message_id": f"{name}-{digest}",
        "received_at": now,
        "updated_at": updated,
        "is_gone": bool(deleted),
        "record": kept,
    }


def _at(record: Mapping[str, Any], path: str) -> Any:
    found: Any = record
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
