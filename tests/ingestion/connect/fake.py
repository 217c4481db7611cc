"""A server on this machine that speaks a system's protocol, with faults at the requests a test names."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from ingestion.connect.http import Clock


class FakeClock(Clock):
    """A clock that only moves when somebody sleeps."""

    def __init__(self, now: float = 1_780_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw.decode()))


@dataclass
class Answer:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    cut: bool = False

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


Respond = Callable[[Request], Answer]


class FakeServer:
    """`respond` is the system; `script` replaces the answer to the nth request (from 1) that `counts`."""

    def __init__(self, respond: Respond, counts: Callable[[Request], bool] = lambda _: True) -> None:
        self.respond = respond
        self.counts = counts
        self.requests: list[Request] = []
        self.script: dict[int, Answer | Callable[[Request], Answer]] = {}
        self.url = ""

    def answer(self, request: Request) -> Answer:
        if not self.counts(request):
            return self.respond(request)
        self.requests.append(request)
        scripted = self.script.get(len(self.requests))
        if scripted is None:
            return self.respond(request)
        return scripted if isinstance(scripted, Answer) else scripted(request)


_Server = TypeVar("_Server", bound=FakeServer)


@contextmanager
def serve(server: _Server) -> Iterator[_Server]:
    """Answers on a free port while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            answer = server.answer(
                Request(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                )
            )
            content = answer.content()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(content) + (100 if answer.cut else 0)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
