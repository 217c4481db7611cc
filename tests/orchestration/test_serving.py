"""`kerncijfers serve`, really started once: what it listens on, whom it answers, and that Dagster behind it works."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from orchestration import release, serving
from orchestration.paths import Paths

pytestmark = pytest.mark.integration
STARTED = """{
    workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError { __typename
        ... on RepositoryLocation { repositories {
            schedules { name scheduleState { status } }
            sensors { name sensorState { status ticks(limit: 1) { status } } } } } } } } }
    instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } }
}"""
LAUNCH = """mutation ($run: ExecutionParams!) { launchRun(executionParams: $run) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status tags { key value } } } }"
EVENTS = """query ($run: ID!, $after: String) { logsForRun(runId: $run, afterCursor: $after) { ... on EventConnection {
    cursor hasMore events { __typename ... on RunFailureEvent { error { message cause { message } } } } } } }"""


@dataclass(frozen=True)
class Served:
    """The page of a company without a release: where it is, its token, and the process that serves it."""

    paths: Paths
    address: str
    token: str
    process: psutil.Process

    def status(self, path: str, **headers: str) -> int:
        """What a request is answered."""
        request = urllib.request.Request(self.address + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def ask(self, query: str, **variables: Any) -> Any:
        """What Dagster answers a program that has the token."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        body = json.dumps({"query": query, "variables": variables}).encode()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.address}/graphql", body, headers), timeout=240
        ) as told:
            return json.load(told)["data"]


@contextmanager
def _start(root: Path) -> Iterator[tuple[Served, subprocess.Popen[bytes]]]:
    paths = Paths(root / "data", root / "inbox", None)
    paths.inbox.mkdir(parents=True, exist_ok=True)
    program = str(Path(sys.executable).with_name("kerncijfers"))
    with (root / "said").open("w+") as said:
        started = subprocess.Popen(
            [program, "serve", "--port", "0", "--data", str(paths.data), "--inbox", str(paths.inbox)],
            env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=said, stderr=subprocess.STDOUT, cwd=root,
        )  # fmt: skip
        try:
            found = _wait(
                lambda: re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", Path(said.name).read_text()), started
            )
            yield Served(paths, found[1], found[2], psutil.Process(started.pid)), started
        finally:
            below = psutil.Process(started.pid).children(recursive=True) if started.poll() is None else []
            started.terminate()
            code = started.wait(120)
            left = psutil.wait_procs(below, timeout=60)[1]
            for process in left:
                process.kill()
        assert code in (0, -signal.SIGKILL) and not left, (code, left, Path(said.name).read_text())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One start for every test here; stopped as a service manager stops it."""
    with _start(tmp_path_factory.mktemp("served")) as (served, started):
        yield served
        assert started.poll() is None


def test_killed_it_takes_its_daemon_along_and_keeps_no_later_one_out(tmp_path: Path) -> None:
    with _start(tmp_path) as (killed, process):
        daemons = [one for one in killed.process.children() if "dagster-daemon" in " ".join(one.cmdline())]
        process.kill()
        assert daemons and psutil.wait_procs(daemons, timeout=60)[1] == []
    with serving._alone(serving.home(killed.paths)):
        pass  # Dagster's own code server ends by itself, when nobody has asked it anything for a while


def _wait(found: Any, started: subprocess.Popen[bytes] | None = None, seconds: int = 600) -> Any:
    until = time.monotonic() + seconds
    while not (one := found()):
        assert time.monotonic() < until and (started is None or started.poll() is None), "it did not come"
        time.sleep(0.2)
    return one


def _family(served: Served) -> list[psutil.Process]:
    return [served.process, *served.process.children(recursive=True)]


def _events(served: Served, run: str) -> Iterator[dict[str, Any]]:
    """Every event of a run: Dagster gives a thousand at a time, and a refresh plans more than that."""
    after = None
    while True:
        told = served.ask(EVENTS, run=run, after=after)["logsForRun"]
        yield from told["events"]
        if not told["hasMore"]:
            return
        after = told["cursor"]


def test_it_listens_on_this_machine_only_at_one_port(served: Served) -> None:
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for process in _family(served)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", urlsplit(served.address).port)}, "the code server is on a socket of its owner"


def test_nobody_without_the_token_gets_an_answer(served: Served) -> None:
    for path in ("/", "/assets", "/graphql", "/graphql?query=%7Bversion%7D", "/server_info", "/nowhere"):
        assert served.status(path) == 401, path
        assert served.status(path, authorization="Bearer wrong") == 401, path
        assert served.status(path, host="evil.example", authorization=f"Bearer {served.token}") == 403, path
    assert served.status("/server_info", authorization=f"Bearer {served.token}") == 200
    socket = served.address.replace("http", "ws") + "/graphql"
    for headers in ({}, {"Origin": "http://evil.example", "Authorization": f"Bearer {served.token}"}):
        with pytest.raises(InvalidStatus, match="403"):
            connect(socket, additional_headers=headers)
    told = {"Authorization": f"Bearer {served.token}"}
    with connect(socket, additional_headers=told, subprotocols=["graphql-ws"]) as opened:  # type: ignore[list-item]
        opened.send('{"type": "connection_init"}')
        assert json.loads(opened.recv(30)) == {"type": "connection_ack"}


def test_the_token_is_in_no_file_and_in_no_process_it_starts(served: Served) -> None:
    files = [file for file in served.paths.data.rglob("*") if file.is_file()]
    assert files and not [file for file in files if served.token.encode() in file.read_bytes()]
    told = [text for process in _family(served) for text in (*process.environ().values(), *process.cmdline())]
    assert told and not [text for text in told if served.token in text]
    assert (served.paths.data / "dagster").stat().st_mode & 0o077 == 0


def test_schedules_and_sensors_run_behind_the_door(served: Served) -> None:
    def standing() -> dict[str, Any]:
        told = served.ask(STARTED)
        [place] = told["workspaceOrError"]["locationEntries"]
        [repository] = place["locationOrLoadError"]["repositories"]
        state = {one["name"]: one["scheduleState"]["status"] for one in repository["schedules"]}
        state |= {one["name"]: one["sensorState"]["status"] for one in repository["sensors"]}
        ticks = [tick["status"] for one in repository["sensors"] for tick in one["sensorState"]["ticks"]]
        health = {one["daemonType"]: one["healthy"] for one in told["instance"]["daemonHealth"]["allDaemonStatuses"]}
        return {"state": state, "ticks": ticks, "health": health}

    def settled() -> dict[str, Any] | None:
        now = standing()
        return now if all(now["health"].values()) and "SKIPPED" in now["ticks"] else None

    found = _wait(settled)
    running = {"daily", "nightly", "inbox_changed", "outbox_due", "promises", "run_failed"}
    assert {name for name, state in found["state"].items() if state == "RUNNING"} >= running
    assert "FAILURE" not in found["ticks"]
    assert {"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING"} <= set(found["health"])


def test_a_refresh_started_from_the_page_while_one_runs_is_refused_and_told_who_has_it(served: Served) -> None:
    chosen = {
        "repositoryLocationName": "kerncijfers", "repositoryName": "__repository__", "pipelineName": "refresh",
    }  # fmt: skip
    with release.locked(served.paths, "the night run"):
        launched = served.ask(LAUNCH, run={"selector": chosen, "mode": "default", "runConfigData": {}})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run = launched["run"]["runId"]

        def ended() -> Any:
            told = served.ask(STATUS, run=run)["runOrError"]
            return told if told["status"] == "FAILURE" else None

        told = _wait(ended)
    [event] = [event for event in _events(served, run) if event["__typename"] == "RunFailureEvent"]
    assert "the night run (process " in json.dumps(event), event
    tags = {tag["key"]: tag["value"] for tag in told["tags"]}
    assert tags["dagster/will_retry"] == "false", "nobody who is refused is started again behind one's back"
    assert not served.paths.current.exists() and release.last_attempt(served.paths) is None


@pytest.mark.browser
def test_a_browser_opens_assets_runs_and_the_button_that_starts_a_refresh(served: Served, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status in (401, 403) else None)
    assert (answer := page.goto(served.address)) and answer.status == 401
    refused.clear()
    page.get_by_label("Token").fill(served.token)
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(lambda url: "token" not in url)
    page.goto(f"{served.address}/assets")
    expect(page.get_by_role("link", name=re.compile(r"intermediate . int_")).first).to_be_visible(timeout=240_000)
    page.goto(f"{served.address}/locations/__repository__@kerncijfers/jobs/refresh")
    expect(page.get_by_role("button", name="Materialize all").first).to_be_enabled(timeout=240_000)
    page.goto(f"{served.address}/runs")
    expect(page.get_by_text("refresh").first).to_be_visible(timeout=240_000)
    assert not refused, "Dagster's own page passes its own door"
    [cookie] = [one for one in context.cookies() if one.get("name", "").startswith("kerncijfers-")]
    assert cookie.get("httpOnly") and cookie.get("sameSite") == "Strict"
    context.close()
