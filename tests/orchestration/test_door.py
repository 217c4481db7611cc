"""The door of the operator's page: who gets in, and who is told to stay out, without starting the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from orchestration import serving
from orchestration.door import Door
from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import Paths
from tests import asynchronous

TOKEN = "t" * 43
HOST = "127.0.0.1:3000"
PAGE = f"http://{HOST}"
ADDRESS = "https://kpi.delinde.example"
ENDPOINTS = ["/", "/assets", "/graphql", "/server_info", "/report_asset_materialization/x", "/logs/a/b", "/x.js"]


class Behind:
    """What stands behind the door: it answers whoever reaches it, and counts them."""

    def __init__(self) -> None:
        self.reached = 0

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        self.reached += 1
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"behind"})


def ask(
    path: str = "/", method: str = "GET", query: str = "", address: str = "", **headers: str
) -> tuple[int, dict[str, str], str]:
    """(status, headers, body) of a request; a method of "WS" opens a websocket, whose 101 and 403 are its statuses."""
    behind, sent = Behind(), list[Any]()
    named = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "websocket" if method == "WS" else "http", "path": path, "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
        **({} if method == "WS" else {"method": method}),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asynchronous.run(Door(behind, TOKEN, 3000, address)(scope, receive, send))
    if method == "WS":
        status = {"websocket.accept": 101, "websocket.close": 403}[sent[0]["type"]]
        assert behind.reached == (status == 101)
        return status, {}, ""
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert behind.reached == (sent[0]["status"] == 200), "what is refused is not even handed on"
    return sent[0]["status"], told, b"".join(message["body"] for message in sent[1:]).decode()


@pytest.fixture
def cookie() -> str:
    """What a browser got for the token."""
    return ask(query=f"token={TOKEN}")[1]["set-cookie"].split(";")[0]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_nothing_behind_the_door_answers_who_has_no_token(path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert ask(path, method)[0] == 401, method
        assert ask(path, method, query=f"token={TOKEN[:-1]}")[0] == 401, method
        assert ask(path, method, authorization=f"Bearer {TOKEN[:-1]}", cookie=f"kerncijfers-3000={TOKEN}")[0] == 401
    assert ask(path, "WS", origin=PAGE)[0] == 403
    assert ask(path, "WS", origin=PAGE, query=f"token={TOKEN}")[0] == 403, "an address can be copied by another page"


def test_the_token_becomes_a_cookie_no_script_and_no_other_site_can_use_and_leaves_the_address() -> None:
    status, headers, _ = ask("/runs", query=f"view=all&token={TOKEN}")
    assert (status, headers["location"]) == (303, "/runs?view=all")
    parts = [part.strip().lower() for part in headers["set-cookie"].split(";")]
    assert {"httponly", "samesite=strict", "path=/"} <= set(parts)
    assert TOKEN not in headers["set-cookie"], "the cookie goes to every port of the machine; the token does not"
    assert headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store"
    assert ask("//evil.example/", query=f"token={TOKEN}")[1]["location"] == "/evil.example/"
    assert ask("/\\evil.example", query=f"token={TOKEN}")[1]["location"] == "/%5Cevil.example"


def test_who_has_the_cookie_or_the_token_gets_in(cookie: str) -> None:
    for path in ENDPOINTS:
        assert ask(path, cookie=cookie)[0] == 200
        assert ask(path, "POST", cookie=cookie, origin=PAGE, sec_fetch_site="same-origin")[0] == 200
        assert ask(path, "POST", authorization=f"Bearer {TOKEN}")[0] == 200, "a program"
    assert ask("/graphql", "WS", cookie=cookie, origin=PAGE)[0] == 101
    assert ask("/graphql", "WS", authorization=f"Bearer {TOKEN}")[0] == 101
    assert ask(cookie=f"other=1; {cookie}", host="localhost:4000")[0] == 200, "through ssh -L 4000:127.0.0.1:3000"
    assert ask(cookie=cookie, host="[::1]:3000")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "10.0.0.5:3000", "", "["]
)
def test_a_name_of_another_site_that_points_here_is_refused(cookie: str, host: str) -> None:
    for method in ("GET", "POST", "WS"):
        assert ask("/graphql", method, host=host, origin=f"http://{host}", cookie=cookie)[0] == 403
        assert ask("/graphql", method, host=host, authorization=f"Bearer {TOKEN}")[0] == 403


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "http://127.0.0.1:8000", "http://localhost:3000", "null"]
)
def test_another_page_in_the_same_browser_can_use_neither_cookie_nor_token(cookie: str, elsewhere: str) -> None:
    for method in ("GET", "POST", "WS"):
        assert ask("/graphql", method, origin=elsewhere, cookie=cookie)[0] == 403
        assert ask("/graphql", method, origin=elsewhere, query=f"token={TOKEN}")[0] == 403
    for site in ("cross-site", "same-site"):
        assert ask("/", sec_fetch_site=site, cookie=cookie)[0] == 403, "a frame, or a link"
        assert ask("/graphql", query="query=mutation", sec_fetch_site=site, cookie=cookie)[0] == 403, "an image"


def test_what_changes_something_says_which_page_it_is_from(cookie: str) -> None:
    assert ask("/graphql", "POST", cookie=cookie)[0] == 403
    assert ask("/graphql", "WS", cookie=cookie)[0] == 403
    assert ask("/graphql", query="query=mutation", cookie=cookie)[0] == 403, "Dagster changes things by GET too"
    assert ask("/graphql", "HEAD", query="query=mutation", cookie=cookie)[0] == 403
    assert ask("/graphql", cookie=cookie)[0] == 200, "its own page to try queries in"


def test_who_opens_the_page_without_a_token_is_asked_for_it() -> None:
    status, headers, body = ask("/assets", accept="text/html,*/*")
    assert status == 401 and headers["content-type"].startswith("text/html") and '<input name="token"' in body
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "not the token" in ask(query="token=wrong", accept="text/html")[2]
    assert ask("/graphql", "POST")[1]["content-type"].startswith("text/plain")
    assert ask(cookie='"; ,=kerncijfers-3000')[0] == 401, "a cookie that is no cookie"
    assert ask(authorization="Bearer \xff\xfe")[0] == 401


def test_behind_a_proxy_the_cookie_goes_over_tls_only() -> None:
    outside = {"address": ADDRESS, "host": "kpi.delinde.example"}
    status, headers, _ = ask(query=f"token={TOKEN}", **outside)
    assert status == 303 and "; secure" in headers["set-cookie"].lower()
    cookie = headers["set-cookie"].split(";")[0]
    assert ask("/graphql", "POST", cookie=cookie, origin=ADDRESS, **outside)[0] == 200
    assert ask("/graphql", "POST", cookie=cookie, origin="https://evil.example", **outside)[0] == 403
    assert ask(cookie=cookie, host="kpi.delinde.example")[0] == 403, "nobody said that it is reached by that name"
    assert "secure" not in ask(query=f"token={TOKEN}", address=ADDRESS)[1]["set-cookie"].lower(), "by ssh -L"


def test_a_token_is_new_at_each_start_or_comes_from_where_secrets_are(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(serving.ENV_TOKEN, raising=False)
    made = {serving.token_of(paths) for _ in range(3)}
    assert len(made) == 3 and all(is_new and re.fullmatch(r"[\w-]{43}", token) for token, is_new in made)
    paths.data.mkdir()
    kept = paths.data / "secrets.env"
    kept.touch(0o600)
    kept.write_text(f"{serving.ENV_TOKEN}={TOKEN}\n", encoding="utf-8")
    assert serving.token_of(paths) == (TOKEN, False), "and is not printed"
    monkeypatch.setenv(serving.ENV_TOKEN, "hunter2")
    with pytest.raises(KerncijfersError, match=r"has 7 characters; 32 is the least"):
        serving.token_of(paths)


@pytest.mark.parametrize(
    "address", ["http://kpi.example.nl", "kpi.example.nl", "https://", "https://kpi.example.nl/path"]
)
def test_a_proxy_without_tls_is_refused(paths: Paths, address: str) -> None:
    with pytest.raises(KerncijfersError, match=r"not the address of a proxy with TLS.*https://kpi\.example\.nl"):
        serving.serve(paths, port=0, address=address, tell=lambda _: None)
    assert not paths.data.exists()


def test_page_and_daemon_of_a_data_folder_run_once(paths: Paths, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with (
        serving._alone(home),
        pytest.raises(BusyError, match=r"run already\. This one did not start"),
        serving._alone(home),
    ):
        pass
    with serving._alone(home):
        pass
