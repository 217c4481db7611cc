"""Secrets stay where they are, and who reads a release can do nothing but read it."""

from __future__ import annotations

import base64
import inspect
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest

from ingestion import privacy
from ingestion.sources.registry import connectors
from ingestion.sources.webhooks import spool
from ingestion.sources.webhooks.receiver import Receiver
from ingestion.sources.webhooks.settings import WebhookSettings
from orchestration import dbt, rendering, secrecy, serving, source_commands
from orchestration.delivery.secrets import ENV_SMTP_PASSWORD
from orchestration.paths import Paths
from orchestration.release import signing
from reports.data.database import DATABASE, opened
from tests import asynchronous


@pytest.mark.parametrize("program", [dbt, rendering], ids=["dbt", "rendering"])
def test_a_process_that_needs_no_secret_is_told_none(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, program: Any
) -> None:
    of_systems = {name for system in connectors() for name in system.secrets if not name.endswith(("_ID", "_USERNAME"))}
    ours = {privacy.ENV_KEY, privacy.ENV_KEY_FILE, signing.ENV_KEY, signing.ENV_KEY_FILE, ENV_SMTP_PASSWORD}
    webhook = {"KERNCIJFERS_WEBHOOK_BANK_URL", "KERNCIJFERS_WEBHOOK_BANK_SECRET", "KERNCIJFERS_FAILURE_WEBHOOKS_URLS"}
    for name in ours | webhook | of_systems:
        monkeypatch.setenv(name, "planted-secret")
    given: dict[str, str] = {}

    class Started:
        def __init__(self, *_: Any, env: dict[str, str], **__: Any) -> None:
            given.update(env)

    monkeypatch.setattr(program, "_started", {})
    monkeypatch.setattr(subprocess, "Popen", Started)
    program.start(paths)
    assert "planted-secret" not in given.values()
    assert "PATH" in given and ("KERNCIJFERS_WAREHOUSE" in given) == (program is dbt)
    assert of_systems and all(secrecy.is_secret(name) for name in of_systems)
    assert not [
        name for name in ("HOME", "LANG", "KERNCIJFERS_DATA", "DBT_LOG_PATH", "MONKEY") if secrecy.is_secret(name)
    ]


@pytest.mark.parametrize(
    "attempt",
    [
        "select * from read_csv('{elsewhere}')",
        "select * from read_text('{elsewhere}')",
        "attach '{elsewhere}.duckdb' as other",
        "copy reporting.rpt_company to '{elsewhere}.out'",
        "install httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "delete from reporting.rpt_company",
    ],
)
def test_who_reads_a_release_reads_nothing_else_and_changes_nothing(tmp_path: Path, attempt: str) -> None:
    with duckdb.connect(str(tmp_path / DATABASE)) as connection:
        connection.execute("create schema reporting")
        connection.execute("create table reporting.rpt_company as select 'De Linde' as company_name")
    elsewhere = tmp_path / "secret.csv"
    elsewhere.write_text("a\n1\n", encoding="utf-8")
    with opened(tmp_path) as connection:
        assert connection.sql("select company_name from reporting.rpt_company").fetchall() == [("De Linde",)]
        with pytest.raises(duckdb.Error, match=r"disabled by configuration|locked|read-only|Cannot change"):
            connection.execute(attempt.format(elsewhere=elsewhere)).fetchall()
    assert sorted(file.name for file in tmp_path.iterdir()) == [DATABASE, "secret.csv"]


def test_reports_open_a_release_in_one_place(project_root: Path) -> None:
    files = {
        file.name for file in (project_root / "reports").rglob("*.py") if "duckdb.connect" in file.read_text("utf-8")
    }
    assert files == {"database.py"}


def test_nothing_listens_but_on_this_machine_unless_somebody_says_otherwise(project_root: Path) -> None:
    assert serving.HOST == "127.0.0.1", "the operator's page, which has no option to listen elsewhere"
    assert inspect.signature(source_commands.listen).parameters["host"].default == "127.0.0.1", "the webhook receiver"
    listens = re.compile(
        r"uvicorn\.(run|Server)|HTTPServer|\.bind\(|socketserver|start_server|create_server|dagster (dev|webserver)"
    )
    found = {
        str(file.relative_to(project_root))
        for folder in ("orchestration", "ingestion", "reports")
        for file in (project_root / folder).rglob("*.py")
        if listens.search(file.read_text(encoding="utf-8"))
    }
    assert found == {"orchestration/source_commands.py", "orchestration/serving.py"}, "there is no other endpoint"


def test_no_way_into_the_webhook_receiver_goes_without_a_signature(tmp_path: Path) -> None:
    secret = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
    settings = WebhookSettings.model_validate({"senders": {"crm": {"entity": "deals"}}})
    kept = spool.of(tmp_path)
    application = Receiver(settings, secret, kept).app

    async def status(method: str, path: str) -> int:
        answered: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"{}", "more_body": False}

        async def send(message: Any) -> None:
            answered.extend([message["status"]] if message["type"] == "http.response.start" else [])

        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
                 "headers": [(b"content-type", b"application/json")], "root_path": "", "http_version": "1.1"}  # fmt: skip
        await application(scope, receive, send)
        return answered[0]

    methods = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
    for path in ("/crm", "/other", "/", "/openapi.json", "/docs", "/crm/deals", "/../secrets.env"):
        for method in methods:
            assert asynchronous.run(status(method, path)) in (401, 404, 405), (method, path)
    assert asynchronous.run(status("POST", "/crm")) == 401
    assert not kept.files()


class _Osv(BaseHTTPRequestHandler):
    """Answers as the OSV database does; `known` says in which packages it knows a fault."""

    known: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        self._say({"results": [self._of(query["package"]["name"]) for query in asked]})

    def do_GET(self) -> None:
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}]
        affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges} for name in self.known]
        self._say({**self._fault, "summary": "Reads too much", "affected": affected})

    _fault: ClassVar[dict[str, str]] = {"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z"}

    def _of(self, name: str) -> dict[str, Any]:
        return {"vulns": [self._fault]} if name in self.known else {}

    def _say(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def test_the_audit_lists_every_part_fails_on_a_known_fault_and_says_when_nobody_could_be_asked(
    project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (project_root / ".data" / "uv" / "bin" / "uv").exists() and shutil.which("uv") is None:
        pytest.fail("uv is missing") if os.environ.get("CI") == "true" else pytest.skip("uv is missing: make setup")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def audit(url: str) -> tuple[int, str]:
        done = subprocess.run(
            [project_root / ".ci" / "audit"],
            env={**os.environ, "OSV_URL": url, "UV_HTTP_RETRIES": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    with ThreadingHTTPServer(("127.0.0.1", 0), _Osv) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        code, said = audit(url)
        assert code == 0 and "no known fault" in said, said
        monkeypatch.setattr(_Osv, "known", {"jinja2"})
        code, said = audit(url)
        assert code == 1 and "PYSEC-2026-1" in said and "jinja2" in said, said
        server.shutdown()
    code, said = audit("http://127.0.0.1:9")
    assert code == 0 and "NOT DONE" in said and "no known fault" not in said
    listed = json.loads((project_root / ".data" / "check" / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert listed["bomFormat"] == "CycloneDX" and len(listed["components"]) > 100


def test_keys_are_kept_outside_project_and_data(paths: Paths, project_root: Path) -> None:
    for file in (privacy.key_file(), signing.key_file()):
        assert not file.is_relative_to(paths.data) and not file.is_relative_to(project_root)
