"""A small release, and real servers on this machine to deliver it to: SMTP with TLS, HTTP, and an S3-compatible store."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from orchestration.paths import Paths

PASSWORD = "correct-horse-battery"
BANK = "j.jansen@bank.example"
COMPANY = """
[company]
name = "Bakkerij De Ster"
"""
MAIL = """
[mail]
host = "127.0.0.1"
port = {port}
username = "rapporten"
sender = "Bakkerij De Ster <rapporten@bakkerij.example>"

[[recipients]]
name = "Bank"
edition = "management"
language = "nl"
mail = "j.jansen@bank.example"
"""


@dataclass
class Office:
    """A company on disk whose releases are made by hand, and its company.toml."""

    paths: Paths

    def write(self, *parts: str) -> Office:
        """Write company.toml."""
        assert self.paths.company is not None
        self.paths.company.parent.mkdir(parents=True, exist_ok=True)
        self.paths.company.write_text("".join([COMPANY, *parts]), encoding="utf-8")
        return self

    def publish(self, number: str, *, month: str = "2026-03", title: str = "Bakkerij De Ster · Rapport") -> Path:
        """Make a release about a month current, as small as a release can be."""
        folder = self.paths.releases / number
        folder.mkdir(parents=True)
        for language in ("nl", "en"):
            page = f"<!doctype html><title>{title}</title><article id=revenue-1>{number} € 1.234</article>"
            (folder / f"management.{language}.html").write_text(page, encoding="utf-8")
        facts = {
            "release": number,
            "created_at": f"2026-04-{int(number):02d}T06:00:00+02:00",
            "company_id": "bakkerij_de_ster",
            "company_name": "Bakkerij De Ster",
            "as_of": "2026-03-31",
            "tests": {"passed": 12, "failed": 0, "warned": 0, "total": 12},
        }
        (folder / "release.json").write_text(json.dumps(facts), encoding="utf-8")
        with duckdb.connect(str(folder / "kerncijfers.duckdb")) as database:
            database.execute(
                """
                create schema reporting;
                create table reporting.rpt_company as select 'EUR' as currency;
                create table reporting.rpt_metric_values (
                    metric varchar, version integer, grain varchar, scope varchar, period varchar, period_start date,
                    period_end date, is_partial boolean, n integer, value decimal(28, 10), reason varchar,
                    target_value decimal(28, 6), target_upper decimal(28, 6), expected_value decimal(28, 6)
                );
                create table reporting.rpt_metrics as select '' as metric, 1 as version, true as is_latest, '' as role,
                    '' as label_nl, '' as label_en, 'currency' as unit, 0 as decimals, '' as owner, 1 as sort where false;
                create table reporting.rpt_alert_rules as select '' as metric, 1 as version, '' as rule, 'core' as told_of,
                    1 as place, '' as label_nl, '' as label_en, '' as explanation_nl, '' as explanation_en where false;
                create table reporting.rpt_signals as select '' as metric, 1 as version, '' as grain, '' as scope,
                    '' as period, date '2026-01-01' as period_start, date '2026-01-31' as period_end, '' as rule,
                    '' as state, '' as severity, '' as since, false as is_favourable, 1.0::decimal(28, 10) as value,
                    1.0::decimal(28, 6) as lower_limit, 1.0::decimal(28, 6) as upper_limit where false;
                """
            )
            database.execute(
                "insert into reporting.rpt_metric_values by name select 'revenue' as metric, 1 as version, "
                "'month' as grain, 'total' as scope, $1 as period, ($1 || '-01')::date as period_start, "
                "last_day(($1 || '-01')::date) as period_end, false as is_partial, 5 as n, 1234 as value",
                [month],
            )
        pointer = self.paths.current
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(folder.relative_to(self.paths.data))
        return folder

    def everything_kept(self) -> str:
        """Every byte this company's outbox and logs hold, as text."""
        files = [self.paths.data / "outbox.sqlite", *self.paths.logs.glob("*")]
        return "".join(file.read_bytes().decode(errors="replace") for file in files if file.is_file())


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A company with nothing yet, and an environment that holds no address of anyone."""
    for name in [name for name in os.environ if name.startswith("KERNCIJFERS_")]:
        monkeypatch.delenv(name)
    return Office(Paths(data=tmp_path / "data", inbox=tmp_path / "inbox", company=tmp_path / "inbox" / "company.toml"))


@dataclass
class Post:
    """An SMTP server with STARTTLS and a password. `answers` says how it takes the next messages; then it takes all."""

    port: int
    certificate: Path
    answers: list[str] = field(default_factory=list)
    received: list[EmailMessage] = field(default_factory=list)
    on_data: Callable[[], None] | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:  # noqa: N802
        """Refuses a recipient when the next answer says so."""
        if self.answers and self.answers[0].startswith("RCPT "):
            return self.answers.pop(0).removeprefix("RCPT ").format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Takes a message, or answers what the script says; `drop` takes it and hangs up without a word."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith(("250", "drop")):
            received = message_from_bytes(envelope.content, policy=default)
            assert isinstance(received, EmailMessage)
            self.received.append(received)
        if self.on_data:
            self.on_data()
        if answer == "drop":
            server.transport.abort()
        return answer if answer != "drop" else "250 OK"

    @property
    def ids(self) -> list[str]:
        """The Message-IDs of what arrived."""
        return [message["Message-ID"] for message in self.received]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """Who signs the certificates of the servers here, and the file with its own."""
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return authority, file


@pytest.fixture(scope="session")
def mail_server(authority: tuple[trustme.CA, Path]) -> Iterator[Post]:
    """One server for the session; each test gets it empty as `post`."""
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority[0].issue_cert("127.0.0.1").configure_cert(context)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    post = Post(port, authority[1])

    def who(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"rapporten", PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    controller = Controller(
        post,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        authenticator=who,
        auth_required=True,
    )
    controller.start()
    yield post
    controller.stop()


@pytest.fixture
def post(mail_server: Post, monkeypatch: pytest.MonkeyPatch) -> Post:
    """The mail server, empty, trusted, and its password known."""
    mail_server.answers.clear()
    mail_server.received.clear()
    mail_server.on_data = None
    monkeypatch.setenv("SSL_CERT_FILE", str(mail_server.certificate))
    monkeypatch.setenv("KERNCIJFERS_SMTP_PASSWORD", PASSWORD)
    return mail_server


@dataclass
class Listener:
    """An HTTP server that keeps what is posted. `answers` are the next statuses; then it answers 200."""

    port: int
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[Any]:
        """What was posted, as JSON."""
        return [json.loads(body) for _, _, body in self.requests]


def listen(authority: trustme.CA | None = None) -> tuple[Listener, ThreadingHTTPServer]:
    """Start a listener, with TLS when an authority signs its certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            listener.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status = listener.answers.pop(0) if listener.answers else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", f"http://127.0.0.1:{listener.port}/elsewhere")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            """Stays silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if authority is not None:
        import ssl

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    listener = Listener(server.server_port)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return listener, server


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener for one test."""
    listener, server = listen()
    yield listener
    server.shutdown()
