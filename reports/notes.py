"""What the owner writes beside the numbers: comments on KPIs, risks, decisions, outlook, requests, quotes of customers.

One Markdown file for each language, `notes.nl.md` and `notes.en.md`. A heading `#` names a month, a heading `##` what
it is about: a metric, or one of `SUBJECTS`. Below a metric a paragraph that starts with `Actie:` or `Action:` says what
is done.

    # 2025-12
    ## revenue
    December brings gift boxes.

    Action: order the spring boxes before February.
    ## risks
    - One customer buys a fifth of what we roast.

Text stays text: no HTML, no links, no pictures.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from reports import masking

QUOTES = "quotes"
SUBJECTS = ("risks", "decisions", "outlook", "requests", QUOTES)
LONGEST = 4_000
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_ACTION = re.compile(r"^\s*(?:actie|action)\s*:\s*", re.IGNORECASE)
_TAGS = {"p", "ul", "ol", "li", "strong", "em", "br", "blockquote"}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(["image", "link", "autolink", "reference"])


class NotesError(ValueError):
    """Notes that can't be used; says which file and line, what about it, and what to do."""


@dataclass(frozen=True)
class Note:
    """What is said about one subject in one month, as Markdown; `action` only about a KPI."""

    text: str
    action: str = ""


Notes = Mapping[str, Mapping[str, Note]]
"""Month, then metric or subject."""


def parse(file: Path, *, metrics: Collection[str], months: Collection[str] | None = None) -> dict[str, dict[str, Note]]:
    """What a file says, checked against the metrics there are and, when given, the months the release has.

    Raises NotesError with file and line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise NotesError(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    lines = text.splitlines()
    found: dict[str, dict[str, Note]] = {}
    month = subject = ""
    begun = 0

    def wrong(line: int, what: str) -> NotesError:
        return NotesError(f"{file}, line {line}: {what}")

    def close(until: int) -> None:
        body = "\n".join(lines[begun:until]).strip()
        if subject:
            if not body:
                raise wrong(begun, f"nothing is said about {subject}. Write it, or take the heading out.")
            if len(body) > LONGEST:
                raise wrong(begun, f"{len(body):,} characters about {subject} are too many; {LONGEST:,} is the most.")
            found[month][subject] = _note(body, subject)
        elif body:
            where = (
                f"under {month} but under no heading ## of a KPI or subject" if month else "before the first # month"
            )
            raise wrong(begun + 1, f"this text stands {where}, so nobody would see it.")

    for level, title, first, last in _headings(text):
        close(first)
        begun = last
        if level == 1:
            if not _MONTH.fullmatch(title):
                raise wrong(first + 1, f"{title!r} is no month. Write it like # 2025-12.")
            if months is not None and title not in months:
                raise wrong(first + 1, f"there are no figures of {title}; the last month is {max(months)}.")
            if title in found:
                raise wrong(first + 1, f"{title} is there twice. Put both together.")
            month, subject = title, ""
            found[month] = {}
        else:
            if not month:
                raise wrong(first + 1, f"{title!r} belongs to no month. Put a heading like # 2025-12 above it.")
            if title not in metrics and title not in SUBJECTS:
                near = difflib.get_close_matches(
                    title.lower().replace(" ", "_"), [*SUBJECTS, *metrics], n=3, cutoff=0.5
                )
                meant = (
                    f" Did you mean {' or '.join(near)}?" if near else f" A subject is one of {', '.join(SUBJECTS)}."
                )
                raise wrong(first + 1, f"{title!r} is no metric and no subject.{meant}")
            if title in found[month]:
                raise wrong(first + 1, f"{title} is there twice in {month}. Put both together.")
            subject = title
    close(len(lines))
    return found


def _headings(text: str) -> list[tuple[int, str, int, int]]:
    """Level, words, first line and the line after, of every heading of level 1 or 2."""
    tokens = _MARKDOWN.parse(text)
    found = []
    for token, inside in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2"):
            first, last = token.map or (0, 0)
            found.append((int(token.tag[1]), inside.content.strip(), first, last))
    return found


def _note(body: str, subject: str) -> Note:
    if subject == QUOTES:
        return Note(masking.customers_words(body))
    body = masking.own_words(body)
    if subject in SUBJECTS:
        return Note(body)
    paragraphs = re.split(r"\n\s*\n", body)
    actions = [_ACTION.sub("", paragraph) for paragraph in paragraphs if _ACTION.match(paragraph)]
    texts = [paragraph for paragraph in paragraphs if not _ACTION.match(paragraph)]
    return Note("\n\n".join(texts), "\n\n".join(action[:1].upper() + action[1:] for action in actions))


def shown(markdown: str) -> Markup:
    """Markdown as markup: paragraphs, lists and emphasis; anything else stays the text it is."""
    return Markup(nh3.clean(_MARKDOWN.render(markdown), tags=_TAGS, attributes={}))
