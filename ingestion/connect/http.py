"""Requests to a system's API, on dlt's RESTClient: rate limit, retries, refusals in plain words.

dlt's own retries are not used: they repeat every 5xx blindly, which gets an account blocked at some vendors, and do not
know the headers and bodies in which vendors say how long to wait. Each vendor says in a `Policy` what its answers mean.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import requests
from dlt.sources.helpers.requests.session import Session
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator, SinglePagePaginator
from requests.exceptions import ChunkedEncodingError, ConnectionError, ContentDecodingError, Timeout

from ingestion.errors import SourceError

_NO_ANSWER = (ConnectionError, ChunkedEncodingError, ContentDecodingError, Timeout)
_SHOWN = 300
_BLIND_ATTEMPTS = 5
_CHANGED = "Nothing of this was loaded. The system changed what it answers; check its version in the README."


class Clock:
    """The time, and waiting for it; tests bring their own."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Retry(Exception):  # noqa: N818 (it is not the error, but that it may pass)
    """An answer that may be another one later. `wait` is in seconds; None leaves it to the policy."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def _accept(response: requests.Response, now: float) -> None:
    """A vendor whose status codes say everything."""


@dataclass(frozen=True)
class Policy:
    """How a vendor wants to be called.

    `per_minute` requests at most. `attempts` for one request; a server error is repeated only if `repeats_errors`.
    A wait of more than `longest_wait` seconds is a refusal that says until when. `judge` reads the vendor's own
    signs: it raises `Retry` or `SourceError`, or returns to leave it to the status code. `is_json`: whether answers are
    JSON; a file that is not is read as it comes.
    """

    per_minute: int | None = None
    attempts: int = 5
    repeats_errors: bool = True
    longest_wait: float = 300
    is_json: bool = True
    judge: Callable[[requests.Response, float], None] = _accept


class Credentials:
    """Puts a secret on a request. `renew` gets a new one after a 401; False when there is none to get."""

    def apply(self, request: requests.PreparedRequest) -> None:
        """Adds the secret."""

    def renew(self) -> bool:
        """Whether there is a new secret to try."""
        return False


@dataclass
class Header(Credentials):
    """A fixed secret in a header."""

    name: str
    value: str = field(repr=False)

    def apply(self, request: requests.PreparedRequest) -> None:
        """Sets the header."""
        request.headers[self.name] = self.value


def bearer(token: str) -> Header:
    """A fixed bearer token."""
    return Header("Authorization", f"Bearer {token}")


@dataclass
class Token(Credentials):
    """A token that ages: `obtain` gives a new one and the seconds it lives (None: unknown, until a 401)."""

    obtain: Callable[[], tuple[str, float | None]] = field(repr=False)
    clock: Clock
    header: str = "Authorization"
    prefix: str = "Bearer "
    _token: str = field(default="", repr=False)
    _until: float = 0

    def apply(self, request: requests.PreparedRequest) -> None:
        """Sets the header, with a new token when this one is about to age out."""
        if not self._token or self.clock.now() > self._until - 60:
            self.renew()
        request.headers[self.header] = self.prefix + self._token

    def renew(self) -> bool:
        """A new token."""
        self._token, lives = self.obtain()
        self._until = self.clock.now() + lives if lives else float("inf")
        return True


class _Session(Session):
    """Sends a request as often as its policy allows, and hands back only a good answer with JSON in it."""

    def __init__(self, system: str, credentials: Credentials, policy: Policy, clock: Clock) -> None:
        super().__init__(timeout=(15, 120), raise_for_status=False)
        self.system, self.credentials, self.policy, self.clock = system, credentials, policy, clock
        self._sent: deque[float] = deque(maxlen=policy.per_minute)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """One good answer, or `SourceError`."""
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            self._pace()
            self.credentials.apply(request)
            try:
                response = super().send(request, **kwargs)
                if response.status_code == 401 and not renewed and self.credentials.renew():
                    renewed, attempt = True, attempt - 1
                    continue
                self._examine(response)
                return response  # noqa: TRY300
            except Retry as again:
                problem = again
            except _NO_ANSWER as error:
                problem = Retry(f"no complete answer came ({type(error).__name__})")
            self._wait_or_refuse(problem, attempt, request)

    def _pace(self) -> None:
        if self.policy.per_minute and len(self._sent) == self.policy.per_minute:
            early = self._sent[0] + 60 - self.clock.now()
            if early > 0:
                self.clock.sleep(early)
        self._sent.append(self.clock.now())

    def _wait_or_refuse(self, problem: Retry, attempt: int, request: requests.PreparedRequest) -> None:
        place = f"{request.method} {(request.url or '').split('?')[0]}"
        wait = problem.wait if problem.wait is not None else float(2 ** (attempt - 1))
        if wait > self.policy.longest_wait:
            until = datetime.fromtimestamp(self.clock.now() + wait, UTC).astimezone()
            raise SourceError(
                f"{self.system}: {problem.reason}; the next request is allowed at {until:%Y-%m-%d %H:%M %Z}.",
                advice="What was read so far is kept: fetch again after that moment and it goes on from there.",
            )
        # A vendor that names its own wait is believed for longer than one that only fails.
        most = self.policy.attempts if problem.wait is not None else min(self.policy.attempts, _BLIND_ATTEMPTS)
        if attempt >= most:
            raise SourceError(
                f"{self.system}: {problem.reason}, {attempt} times in a row ({place}).",
                advice="What was read so far is kept and nothing half-loaded is used. Try again later.",
            )
        self.clock.sleep(wait)

    def _examine(self, response: requests.Response) -> None:
        status = response.status_code
        if status < 400 and status != 204 and self.policy.is_json:
            response.json = _parsed(response)  # type: ignore[method-assign]
        self.policy.judge(response, self.clock.now())
        if status < 400:
            return
        if status == 429:
            raise Retry("too many requests", retry_after(response, self.clock.now()))
        if status >= 500 and self.policy.repeats_errors:
            raise Retry(f"the server answered {status}", retry_after(response, self.clock.now()))
        raise refusal(self.system, response)


def _parsed(response: requests.Response) -> Callable[..., Any]:
    """The body, read once and with every number exact."""
    if "csv" in response.headers.get("Content-Type", ""):
        return lambda **_: {}
    try:
        body = json.loads(response.content, parse_float=Decimal, parse_constant=str)
    except (ValueError, RecursionError):  # the latter for thousands of brackets in each other
        kind = response.headers.get("Content-Type", "nothing").split(";")[0]
        raise Retry(f"the answer is not JSON but {kind}") from None
    return lambda **_: body


def refusal(system: str, response: requests.Response) -> SourceError:
    """What to say of an answer that no waiting makes better."""
    path = (response.request.path_url or "").split("?")[0]
    said = message(response)
    why, advice = {
        401: ("does not accept the credentials", "Make a new key as the README of the source says, and set it again."),
        403: (
            "refuses access",
            "Give the account the permissions that the README of the source lists; check an allow-list of addresses.",
        ),
        404: ("does not know this", "Check the address and the names in company.toml."),
    }.get(response.status_code, (f"refused the request with status {response.status_code}", "See the message."))
    return SourceError(f"{system} {why} ({path}){': ' + said if said else ''}.", advice=advice)


def message(response: requests.Response) -> str:
    """The vendor's own words in an error, shortened."""
    try:
        body: Any = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    for _ in range(4):
        if isinstance(body, list) and body:
            body = body[0]
        elif isinstance(body, Mapping):
            keys = ("error_description", "message", "externalMessage", "errors", "error", "detail", "title", "value")
            body = next((body[key] for key in keys if body.get(key)), "")
    return str(body)[:_SHOWN].rstrip(". ") if isinstance(body, str) else ""


def retry_after(response: requests.Response, now: float) -> float | None:
    """The seconds in `Retry-After`, which is a number or a date; None without one."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError):
        return None


class Api:
    """One system's API. Every number in an answer is exact (`Decimal`); every failure is a `SourceError`."""

    def __init__(
        self,
        system: str,
        base_url: str,
        credentials: Credentials | None = None,
        *,
        policy: Policy | None = None,
        clock: Clock | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.system = system
        self.clock = clock or Clock()
        session = _Session(system, credentials or Credentials(), policy or Policy(), self.clock)
        self._client = RESTClient(base_url, headers=dict(headers or {}), session=session)

    def send(self, path: str, method: Literal["GET", "POST"] = "GET", **kwargs: Any) -> requests.Response:
        """One request; the response as it came."""
        return self._client.request(path, method=method, **kwargs)

    def get(self, path: str, **params: Any) -> Any:
        """The body of a GET."""
        return self.send(path, params=params).json()

    def post(self, path: str, body: Any = None, **kwargs: Any) -> Any:
        """The body of a POST with JSON."""
        return self.send(path, "POST", json=body, **kwargs).json()

    def pages(
        self,
        path: str,
        rows: str,
        *,
        paginator: BasePaginator | None = None,
        method: Literal["GET", "POST"] = "GET",
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[list[dict[str, Any]], Any]]:
        """Every page as (rows, body). `rows` is where the list is, such as `d.results`.

        Raises `SourceError` when a page has no such list, or when the system points back to a page it already gave.
        """
        seen: set[str] = set()
        pages = self._client.paginate(
            path,
            method=method,
            params=dict(params or {}),
            json=json.loads(json.dumps(body)) if body is not None else None,
            paginator=paginator or SinglePagePaginator(),
            data_selector="$",
            hooks={"response": []},
        )
        while True:
            try:
                page = next(pages, None)
            except (ValueError, KeyError, TypeError):
                raise SourceError(
                    f"{self.system}: the answer has no list {rows!r}, or does not say whether there is more ({path}).",
                    advice=_CHANGED,
                ) from None
            if page is None:
                return
            answer = page.response.json()
            yield at(answer, rows, self.system), answer
            following = page.request
            mark = json.dumps([following.url, following.params, following.json], default=str, sort_keys=True)
            if mark in seen:
                raise SourceError(
                    f"{self.system} points to a page it already gave ({path}).",
                    advice="Reading on would never end. Nothing of this was loaded; try again later.",
                )
            seen.add(mark)


def at(body: Any, path: str, system: str) -> list[dict[str, Any]]:
    """The list at a path in an answer, or at the one after `|`; `SourceError` when there is none."""
    for way in path.split("|"):
        found = body
        for step in way.split(".") if way else ():
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, list):
            break
    else:
        raise SourceError(
            f"{system}: the answer has no list {path!r}.",
            advice=_CHANGED,
        )
    return found
