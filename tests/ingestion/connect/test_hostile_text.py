"""A text of a connected system that tries to be something else is kept letter by letter, or refused by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from ingestion import privacy
from ingestion.connect.fields import Field
from ingestion.connect.landing import Landing, latest
from ingestion.errors import SourceError
from tests.end_to_end.hostile import TEXTS
from tests.ingestion.connect.fake import Answer, Request, Respond
from tests.ingestion.connect.systems import SYSTEMS, System, running

HOSTILE = "".join(TEXTS)
Place = tuple[str, Field]


def _everywhere(content: Any, change: Callable[[str], str]) -> Any:
    if isinstance(content, list):
        return [_everywhere(part, change) for part in content]
    if isinstance(content, dict):
        return {name: _everywhere(part, change) for name, part in content.items()}
    return change(content) if isinstance(content, str) else content


def _answering(whole: Respond, change: Callable[[str], str]) -> Respond:
    """The same system with its texts changed. It knows its own by what they were: what is asked of it is changed back."""
    written = (
        HOSTILE,
        quote(HOSTILE, safe=""),
        json.dumps(HOSTILE)[1:-1],
        json.dumps(HOSTILE, ensure_ascii=False)[1:-1],
    )

    def back(text: str) -> str:
        for one in written:
            text = text.replace(one, "")
        return text

    def respond(request: Request) -> Answer:
        asked = replace(
            request,
            path=back(request.path),
            query={name: back(value) for name, value in request.query.items()},
            raw=back(request.raw.decode()).encode(),
        )
        answer = whole(asked)
        # A token is no data; nor is what is not JSON.
        if "token" in request.path or not answer.content().startswith((b"{", b"[")):
            return answer
        return Answer(_everywhere(json.loads(answer.content()), change), answer.status, answer.headers)

    return respond


def _held(system: System, place: Place) -> set[str]:
    table, field = place
    landing, spec = Landing(system.folder), system.connector.tables[table]
    batches = landing.progress(table).batches
    if not batches:
        return set()
    with duckdb.connect() as connection:
        found = connection.execute(f"select distinct {field.name} from ({latest(landing, table, spec, batches)})")
        return {value.casefold() for (value,) in found.fetchall() if value}


def _named(said: str, places: Iterable[Place]) -> Place | None:
    """The column a refusal speaks of, by its name here or in the system."""
    words = set(re.split(r"\W+", said.casefold()))
    return next(
        (of for of in places if {of[1].path[-1].casefold()} & words or set(of[1].name.split("_")) <= words), None
    )


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_a_hostile_text_is_kept_as_it_is_or_refused_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What identifies somebody is kept as a pseudonym: for once that is the text itself.
    monkeypatch.setattr(privacy.Key, "pseudonym", lambda _self, value, _kind: value)
    seen: set[str] = set()
    plain = tmp_path / "plain"
    plain.mkdir()
    with running(name, plain, monkeypatch) as (system, _):
        system.server.respond = _answering(
            system.server.respond, lambda text: seen.add(text.strip().casefold()) or text
        )
        system.fetch()
        columns = [(table, one) for table, spec in system.connector.tables.items() for one in spec.fields]
        values = {of: _held(system, of) for of in columns if of[1].kind == "text"}
    # Other columns have no rows here, a word of the reader itself, or what the system gives as a number.
    left = [of for of, found in values.items() if any(not text.isdigit() for text in found & seen)]
    assert left

    def spoilt(text: str) -> str:
        is_theirs = not text.isdigit() and any(text.strip().casefold() in values[of] for of in left)
        return text + HOSTILE if is_theirs else text

    refused: list[Place] = []
    while True:
        folder = tmp_path / str(len(refused))
        folder.mkdir()
        with running(name, folder, monkeypatch) as (system, _):
            system.server.respond = _answering(system.server.respond, spoilt)
            try:
                system.fetch()
            except SourceError as error:
                said = str(error)
                of = _named(said, left)
                assert of and "no complete answer" not in said, said
                assert len(said) < 2_000 and not re.search("[\u202a-\u202e\u2066-\u2069]", said)
                left.remove(of)
                refused.append(of)
                continue
            kept = {of: _held(system, of) for of in left}
        break
    # The number of something may be what stands behind the last / in what the system calls it.
    ending = HOSTILE.rpartition("/")[2].casefold()
    assert [of for of in left if not any(value.endswith(ending) for value in kept[of])] == []
    assert left
