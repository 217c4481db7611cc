"""What can go wrong with any API, for every connector that reads one: it is made good, or it is refused in words and
nothing of it counts. Whatever happened, the fetch after it holds exactly what the system holds: no row lost, none twice.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from ingestion.errors import SourceError
from tests.ingestion.connect.fake import Answer, Request
from tests.ingestion.connect.systems import SYSTEMS, System, Time, running

RECOVERED, REFUSED = "recovered", "refused"
# Vendors who block a key after some errors are not asked again; everyone else is.
NEVER_REPEATED = {("afas", 500), ("exact", 500), ("exact", 503)}
RENEWING = ["exact", "ga4", "google_ads", "salesforce", "shopify"]
NEVER_DELETE = {"mollie", "stripe"}
WHILE_READING = [
    (name, what)
    for name in sorted(SYSTEMS)
    for what in ("add", "change", "remove")
    if what != "remove" or name not in NEVER_DELETE
]
_FOR_EVER = 100
Fetching = tuple[System, Time]


@pytest.fixture(params=sorted(SYSTEMS))
def running_system(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fetching]:
    with running(request.param, tmp_path, monkeypatch) as found:
        yield found


def _outcome(system: System) -> tuple[str, str]:
    try:
        system.fetch()
    except SourceError as error:
        said = str(error)
        assert not any(secret in said for secret in system.kept_secret), "a refusal names no secret"
        return REFUSED, said
    assert system.held() == system.truth(), "what was read is what the system holds"
    return RECOVERED, ""


def _afterwards(system: System) -> None:
    """The failure is over: the next fetch holds what the system holds, and no secret is on disk."""
    system.server.script.clear()
    assert _outcome(system) == (RECOVERED, "")
    _no_secret_on_disk(system)


def _no_secret_on_disk(system: System) -> None:
    for file in system.folder.rglob("*"):
        if file.is_file() and not file.name.startswith("token."):
            content = file.read_bytes()
            assert not any(secret.encode() in content for secret in system.kept_secret), file.name


def _after(system: System, do: Callable[[], None]) -> Callable[[Request], Answer]:
    """Something happens in the system just before it answers this question."""

    def answer(request: Request) -> Answer:
        do()
        return system.server.respond(request)

    return answer


def _throughout(system: System, change: Callable[[Request, Answer], Answer]) -> None:
    """Every page of the main table comes changed."""
    whole = system.server.respond
    system.server.respond = lambda request: (
        change(request, whole(request)) if system.is_page(request) else whole(request)
    )


def test_a_fetch_holds_what_the_system_holds_and_so_does_the_next_one(running_system: Fetching) -> None:
    system, _ = running_system
    _afterwards(system)
    assert len(system.server.requests) > 1, "there is more than one page, or what follows proves nothing"
    system.add()
    system.change()
    _afterwards(system)
    if system.remove:
        system.remove()
        _afterwards(system)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(429, {"Retry-After": "7"}, 7), (429, {}, 0), (500, {}, 0), (503, {"Retry-After": "5"}, 5)],
    ids=["429-with-retry-after", "429", "500", "503-with-retry-after"],
)
def test_what_passes_is_waited_for_unless_asking_again_blocks_the_key(
    running_system: Fetching, status: int, headers: dict[str, str], wait: float
) -> None:
    system, clock = running_system
    system.server.script = {2: Answer({"message": "later"}, status, headers)}
    expected = REFUSED if (system.connector.name, status) in NEVER_REPEATED else RECOVERED
    outcome, _ = _outcome(system)
    assert outcome == expected
    assert outcome == REFUSED or sum(clock.slept) >= wait
    _afterwards(system)


@pytest.mark.parametrize("status", [429, 500])
def test_what_does_not_pass_is_refused_in_bounded_time_with_the_last_fetch_as_it_was(
    running_system: Fetching, status: int
) -> None:
    system, clock = running_system
    system.fetch()
    before = system.held()
    system.change()
    whole = system.server.respond
    _throughout(system, lambda _request, _answer: Answer({"message": "never"}, status))
    outcome, said = _outcome(system)
    assert outcome == REFUSED and said
    assert sum(clock.slept) < 300
    assert system.held()[0] == before[0]
    system.server.respond = whole
    _afterwards(system)


def test_a_wait_of_hours_is_refused_with_the_moment_it_ends(running_system: Fetching) -> None:
    system, clock = running_system
    system.server.script = {2: Answer({"message": "later"}, 429, {"Retry-After": "7200"})}
    outcome, said = _outcome(system)
    assert outcome == REFUSED and "the next request is allowed at" in said
    assert sum(clock.slept) < 300
    clock.now += 7_300
    _afterwards(system)


@pytest.mark.parametrize("number", [1, 2], ids=["at-once", "half-way"])
def test_a_secret_that_is_refused_once_is_renewed_where_it_can_be(running_system: Fetching, number: int) -> None:
    system, _ = running_system
    system.server.script = {number: Answer({"message": "expired"}, 401)}
    outcome, said = _outcome(system)
    assert outcome == (RECOVERED if system.renews else REFUSED)
    assert outcome == RECOVERED or "does not accept the credentials" in said
    _afterwards(system)


@pytest.mark.parametrize(("status", "why"), [(401, "does not accept the credentials"), (403, "refuses access")])
def test_access_that_is_refused_for_good_is_said(running_system: Fetching, status: int, why: str) -> None:
    system, clock = running_system
    system.fetch()
    before = system.held()
    whole = system.server.respond
    _throughout(system, lambda _request, _answer: Answer({"message": "no"}, status))
    assert why in _outcome(system)[1]
    assert clock.slept == [], "no waiting makes this better"
    assert system.held() == before
    system.server.respond = whole
    _afterwards(system)


def _cut(answer: Answer) -> Answer:
    return Answer(answer.content()[:-9], headers=answer.headers, cut=True)


def _half(answer: Answer) -> Answer:
    return Answer(answer.content()[:-9], headers=answer.headers)


def _page_of_words(answer: Answer) -> Answer:
    return Answer("<html>Maintenance</html>", headers=answer.headers, kind="text/html")


@pytest.mark.parametrize("broken", [_cut, _half, _page_of_words], ids=["cut-short", "half-json", "html-with-200"])
def test_an_answer_that_is_not_whole_is_asked_again_and_refused_if_it_stays(
    running_system: Fetching, broken: Callable[[Answer], Answer]
) -> None:
    system, clock = running_system
    system.server.script = {2: lambda request: broken(system.server.respond(request))}
    assert _outcome(system)[0] == RECOVERED
    system.add()
    whole = system.server.respond
    _throughout(system, lambda _, answer: broken(answer))
    outcome, said = _outcome(system)
    assert outcome == REFUSED and "times in a row" in said
    assert sum(clock.slept) < 300
    system.server.respond = whole
    _afterwards(system)


def test_an_answer_that_does_not_come_in_time_is_asked_again(
    running_system: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, _ = running_system
    send, sent = HTTPAdapter.send, []

    def hangs(self: Any, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """The system has the question, and answers too late."""
        assert kwargs["timeout"], "no question waits for ever"
        response = send(self, request, **kwargs)
        before = len(system.server.requests)
        if before == 2 and not sent:
            sent.append(request)
            raise requests.exceptions.ReadTimeout
        return response

    with monkeypatch.context() as patch:
        patch.setattr(HTTPAdapter, "send", hangs)
        assert _outcome(system)[0] == RECOVERED
    assert sent
    _afterwards(system)


def test_a_page_that_comes_twice_makes_no_row_count_twice(running_system: Fetching) -> None:
    system, _ = running_system
    first: list[Answer] = []

    def keep(request: Request) -> Answer:
        first.append(copy.deepcopy(system.server.respond(request)))
        return first[0]

    system.server.script = {1: keep, 2: lambda _: first[0]}
    _outcome(system)
    _afterwards(system)


def test_a_system_that_gives_one_page_for_ever_is_not_read_for_ever(running_system: Fetching) -> None:
    system, _ = running_system
    first: list[Answer] = []

    def same(_: Request, answer: Answer) -> Answer:
        first.append(answer)
        return first[0] if len(first) < _FOR_EVER else Answer({"message": "enough"}, 403)

    whole = system.server.respond
    _throughout(system, same)
    try:
        system.fetch()
    except SourceError as error:
        assert str(error)
    assert len(first) < _FOR_EVER
    system.server.respond = whole
    _afterwards(system)


@pytest.mark.parametrize(("running_system", "what"), WHILE_READING, indirect=["running_system"])
def test_a_row_that_comes_changes_or_goes_while_pages_are_read_is_not_missed(
    running_system: Fetching, what: str
) -> None:
    system, _ = running_system
    system.server.script = {2: _after(system, getattr(system, what))}
    try:
        system.fetch()
    except SourceError as error:
        assert str(error)
    _afterwards(system)


@pytest.mark.parametrize("written", ["batch", "state"])
def test_a_fetch_that_is_killed_goes_on_where_it_was_and_counts_nothing_twice(
    running_system: Fetching, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, _ = running_system
    rename, done = Path.rename, []

    def killed(self: Path, target: Path) -> Path:
        done.append(self)
        if (self.name == "state.part") == (written == "state") and len(done) > 3:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr("ingestion.connect.connector._BATCH_ROWS", 2)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", killed)
        system.fetch()
    _afterwards(system)


def _set(content: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Puts a value at the place where this path ends, or takes the field away."""
    for step in path[:-1]:
        if not _has(content, step) or not content[step]:
            return
        content = content[step]
    last = next(iter(content), "") if path[-1] == "*" else path[-1]
    if _has(content, last):
        if value is _GONE:
            del content[last]
        else:
            content[last] = value


def _has(content: Any, step: str | int) -> bool:
    if isinstance(content, dict):
        return step in content
    return isinstance(content, list) and isinstance(step, int) and step < len(content)


_GONE = object()


def _everywhere(content: Any, path: tuple[str | int, ...], value: Any) -> None:
    if isinstance(content, dict | list):
        _set(content, path, value)
        for part in content.values() if isinstance(content, dict) else content:
            _everywhere(part, path, value)


def _spoil(system: System, path: tuple[str | int, ...], value: Any) -> None:
    def spoilt(_: Request, answer: Answer) -> Answer:
        body = json.loads(answer.content())
        _everywhere(body, path, value)
        return Answer(body, answer.status, answer.headers)

    _throughout(system, spoilt)


@pytest.mark.parametrize("value", ["1.234,56", "NaN", True], ids=str)
def test_an_amount_that_is_no_number_is_refused_by_name(running_system: Fetching, value: Any) -> None:
    system, _ = running_system
    system.fetch()
    before, whole = system.held(), system.server.respond
    system.change()
    _spoil(system, system.number, value)
    outcome, said = _outcome(system)
    assert outcome == REFUSED and said
    assert system.held()[0] == before[0]
    system.server.respond = whole
    _afterwards(system)


def test_a_field_that_is_gone_is_refused_by_name(running_system: Fetching) -> None:
    system, _ = running_system
    whole = system.server.respond
    _spoil(system, system.needed, _GONE)
    outcome, said = _outcome(system)
    named = [step for step in system.needed if isinstance(step, str)]
    assert outcome == REFUSED and named[-1] in said
    system.server.respond = whole
    _afterwards(system)


def test_a_field_that_is_new_is_not_kept_and_changes_nothing(running_system: Fetching) -> None:
    system, _ = running_system

    def grown(content: Any) -> Any:
        if isinstance(content, list):
            return [grown(part) for part in content]
        # A list of amounts by account is no record that can get one more field.
        if isinstance(content, dict) and any(not name.isdigit() for name in content):
            return {name: grown(part) for name, part in content.items()} | {"brandNew": "Jan de Vries"}
        return content

    _throughout(system, lambda _, answer: Answer(grown(json.loads(answer.content())), headers=answer.headers))
    _afterwards(system)
    assert not any(b"Jan de Vries" in file.read_bytes() for file in system.folder.rglob("*.parquet"))


@pytest.mark.parametrize("running_system", sorted(SYSTEMS.keys() - {"google_ads"}), indirect=True)
def test_an_amount_that_is_left_open_is_refused_where_it_must_be_there(running_system: Fetching) -> None:
    """Google Ads leaves out what is zero."""
    system, _ = running_system
    whole = system.server.respond
    _spoil(system, system.number, None)
    try:
        system.fetch()
    except SourceError as error:
        assert str(error) and not system.may_be_empty
    else:
        assert system.may_be_empty
        assert system.held()[1] == 0
    system.server.respond = whole
    if not system.may_be_empty:
        _afterwards(system)


@pytest.mark.parametrize("running_system", sorted(SYSTEMS.keys() - {"exact"}), indirect=True)
def test_a_row_that_comes_late_with_an_older_mark_is_found(running_system: Fetching) -> None:
    """The row versions of Exact only ever rise."""
    system, _ = running_system
    assert system.late
    _afterwards(system)
    system.late()
    _afterwards(system)


def test_a_system_that_holds_nothing_yet_is_no_failure(running_system: Fetching) -> None:
    system, _ = running_system
    for content in (system.server.__dict__.get(name) for name in ("lines", "orders", "payments", "visits", "rows")):
        if content is not None:
            content.clear()
    if "content" in system.server.__dict__:
        for name in ("deals", "Opportunity", "invoices"):
            system.server.content.get(name, []).clear()  # type: ignore[attr-defined]
    assert system.truth()[1] == 0
    _afterwards(system)


@pytest.mark.parametrize("hours", [-3, 3], ids=["behind", "ahead"])
def test_a_clock_that_is_wrong_loses_nothing(running_system: Fetching, hours: int) -> None:
    system, clock = running_system
    clock.now += hours * 3600
    _outcome(system)
    clock.now -= hours * 3600
    system.add()
    _afterwards(system)


@pytest.mark.parametrize("broken", [Answer({}, 500), Answer({"error": "x"}, 400)], ids=["500", "400"])
@pytest.mark.parametrize("running_system", RENEWING, indirect=True)
def test_a_renewal_of_the_secret_that_fails_is_refused_and_the_next_one_goes_on(
    running_system: Fetching, broken: Answer
) -> None:
    system, clock = running_system
    system.fetch()
    clock.now += 90_000
    system.add()
    whole = system.server.respond

    def respond(request: Request) -> Answer:
        return broken if "token" in request.path else whole(request)

    system.server.respond = respond
    assert _outcome(system)[0] == REFUSED
    system.server.respond = whole
    _afterwards(system)
