"""The door of the operator's page: who has no token sees nothing of what is behind it.

Dagster's page asks nobody who he is, and whoever reaches it can start a refresh. A request passes only when all of this
holds: it came by a name of this machine (another site could point its own name here), a browser says that it was this
page that sent it (any page a browser has open could send one), and it has the token, or the cookie the token was
exchanged for. Websockets pass the same door.
"""

from __future__ import annotations

import hmac
import html
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

SHORTEST = 32
_PARAMETER = "token"
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
_READS = frozenset({"GET", "HEAD"})
_OWN_DOING = frozenset({"same-origin", "none"})
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_PRIVATE |= {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Kerncijfers</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
main {{ max-width: 32rem; margin: 15vh auto; padding: 0 1rem }}
label {{ display: block; font-weight: 600 }}
input, button {{ font: inherit; padding: .5rem .75rem; margin-top: .5rem }}
input {{ width: 100%; box-sizing: border-box }}
</style>
<main>
<h1>Kerncijfers</h1>
<p>{said}</p>
<form method="get">
<label>Token <input name="token" type="password" autocomplete="current-password" autofocus required></label>
<button>Open</button>
</form>
</main>
"""


class Door:
    """Stands before an ASGI application. `address` is where else people reach it, such as the https:// of a proxy."""

    def __init__(self, app: ASGIApp, token: str, port: int, address: str = "") -> None:
        self._app, self._token = app, token
        self._outside = urlsplit(address)
        # A cookie goes to every port of a host: two companies on one machine need two names.
        self._cookie = f"kerncijfers-{port}"
        self._session = hmac.digest(token.encode(), self._cookie.encode(), "sha256").hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request in, or answers it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._answer(scope)
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "Not let in."})  # before it is accepted: 403
        else:
            await refused(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        """What the door says to a request; None lets it in."""
        headers = Headers(scope=scope)
        if not self._is_ours(headers.get("host", "")):
            return PlainTextResponse("This page is not reached by that name.", 403, _PRIVATE)
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        method = scope.get("method", "")
        if self._is_from_elsewhere(headers):
            return PlainTextResponse("Another page sent this. Type the address in the address bar.", 403, _PRIVATE)
        given = [value for name, value in query if name == _PARAMETER]
        if method == "GET" and any(_same(one, self._token) for one in given):
            return self._let_in(scope, headers, [pair for pair in query if pair[0] != _PARAMETER])
        if _same(headers.get("authorization", ""), f"Bearer {self._token}"):
            return None
        if not _same(self._kept(headers), self._session):
            return self._ask(headers, method, is_wrong=bool(given))
        # Dagster changes things by GET as well. A browser says with everything else which page it is from.
        is_plain = method in _READS and not ("query" in dict(query) and scope["path"].endswith("/graphql"))
        if is_plain or headers.get("origin"):
            return None
        return PlainTextResponse("A browser says which page sends this; this one did not.", 403, _PRIVATE)

    def _is_ours(self, host: str) -> bool:
        """Whether a request came by a name of this machine, or by that of the proxy before it."""
        return _name(host) in _THIS_MACHINE or self._is_outside(host)

    def _is_outside(self, host: str) -> bool:
        return bool(self._outside.hostname) and _name(host) == self._outside.hostname

    def _is_from_elsewhere(self, headers: Headers) -> bool:
        """Whether a browser says that another page than this one sent it."""
        origin = headers.get("origin")
        elsewhere = origin is not None and urlsplit(origin).netloc != headers.get("host", "")
        return elsewhere or headers.get("sec-fetch-site", "none") not in _OWN_DOING

    def _kept(self, headers: Headers) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found else ""

    def _let_in(self, scope: Scope, headers: Headers, rest: list[tuple[str, str]]) -> Response:
        """Exchanges the token for a cookie, and takes it out of the address."""
        is_https = self._is_outside(headers.get("host", "")) and self._outside.scheme == "https"
        target = f"/{scope['path'].lstrip('/')}{f'?{urlencode(rest)}' if rest else ''}"
        answer = RedirectResponse(target, 303, _PRIVATE)
        answer.set_cookie(self._cookie, self._session, httponly=True, samesite="strict", secure=is_https)
        return answer

    def _ask(self, headers: Headers, method: str, *, is_wrong: bool) -> Response:
        said = "That is not the token." if is_wrong else "This page asks for a token: `kerncijfers serve` printed it."
        asks = {**_PRIVATE, "WWW-Authenticate": "Bearer"}
        if method == "GET" and "text/html" in headers.get("accept", ""):
            return HTMLResponse(_PAGE.format(said=html.escape(said)), 401, asks)
        return PlainTextResponse(said, 401, asks)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
