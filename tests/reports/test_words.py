"""No page is half translated: every word on it is one of a language's texts, of the registry, or a name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.edition import files
from reports.render import HERE
from reports.words import texts

TEMPLATES = sorted((HERE / "templates").rglob("*.j2"))
SAID_IN_ATTRIBUTES = re.compile(r'\b(?:aria-label|title|alt|placeholder|data-label|data-[a-z]+)="([^"]*)"')
# The same in both languages: the sign of a count, and a unit.
NO_WORDS = {"n", "MB"}


def literal(template: str) -> str:
    """What a template says itself: no tags, no expressions, no comments, no style or script."""
    template = re.sub(r"\{% block here %\}.*?\{% endblock %\}", " ", template)  # the name of a file
    said = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<style>.*?</style>|<!doctype[^>]*>", " ", template, flags=re.DOTALL)
    attributes = " ".join(SAID_IN_ATTRIBUTES.findall(said))
    return f"{re.sub(r'<[^>]*>', ' ', said)} {attributes}"


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_a_template_says_nothing_itself(file: Path) -> None:
    words = set(re.findall(r"[^\W\d_]+", literal(file.read_text(encoding="utf-8"))))
    assert words <= NO_WORDS, f"these are in no language's texts: {sorted(words)}"


def test_a_word_in_a_template_is_noticed() -> None:
    assert "Total" in literal("<td>Total</td>{{ t.total }}")
    assert "Total" in literal('<div aria-label="Total">')


def test_the_script_takes_its_words_from_the_page() -> None:
    script = (HERE / "templates" / "script.js").read_text(encoding="utf-8")
    shown = re.findall(r'(?:textContent|aria-label"?|title)\s*[=:,]\s*"([^"]*)"', script)
    assert [text for text in shown if re.search(r"[^\W\d_]", text)] == []


def test_every_text_a_template_names_is_in_both_languages() -> None:
    named: set[str] = set()
    for file in TEMPLATES:
        named |= set(re.findall(r"\bt\.([a-z_]+)\b", file.read_text(encoding="utf-8")))
    assert files()
    for language in ("nl", "en"):
        assert named <= set(texts(language)), language
