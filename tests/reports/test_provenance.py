"""Every number on a page is found again in the release, as printed, and opens to where it comes from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.edition import files
from reports.formatting import Language
from reports.render import render
from tests.reports.recompute import mistakes, sizes

PAGES = [(edition, language) for edition in sorted(files()) for language in ("nl", "en")]


@pytest.mark.parametrize(("edition", "language"), PAGES)
def test_every_number_of_an_edition_is_recomputed_from_the_released_database_and_its_page_is_small(
    full_release: Path, tmp_path: Path, edition: str, language: Language
) -> None:
    out = render(full_release, edition=edition, language=language, out=tmp_path / "page.html")
    assert mistakes(out, full_release) == []
    whole, without_script = sizes(out)
    assert whole <= 1_500_000
    assert without_script <= 500_000
    assert "<pre>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        (r"(<p class=figure><data value=)\d", r"\g<1>9", "not 9"),
        (r"(<p class=figure><data [^>]*>€)\d", r"\g<1>9", "printed as €9"),
        (r"(<p class=figure><data [^>]*)/value>", r"\g<1>/previous_value>", "previous_value is"),
        (r"(<p class=figure>)<data [^>]*>([^<]*)</data>", r"\1\2", "no reference: "),
        (r"<article id=revenue-1", "<article", "the appendix has no revenue-1"),
        (r" href=#revenue-1", "", "nothing near revenue@1/month"),
    ],
)
def test_a_number_that_was_tampered_with_is_noticed(
    full_release: Path, tmp_path: Path, wrong: str, right: str, said: str
) -> None:
    out = render(full_release, edition="bank_monthly", language="en", out=tmp_path / "page.html")
    page, changed = re.subn(wrong, right, out.read_text(encoding="utf-8"))
    assert changed
    out.write_text(page, encoding="utf-8")
    assert any(said in mistake for mistake in mistakes(out, full_release))
