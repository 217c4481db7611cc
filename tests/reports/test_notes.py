"""What the owner writes: checked in words, shown as plain text, and missing where it should be there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import html

from orchestration import notes
from orchestration.paths import Paths
from reports.notes import Note, NotesError, parse, shown
from reports.render import render

METRICS = {"revenue", "nps", "ebitda"}
GOOD = """# 2025-12

## revenue
More gift boxes.

Action: order boxes at a.b@example.com.

## quotes
> Call me on 06-12345678 or a.b@example.com, 1234 AB, about order 1234567. In 2025 I bought 12 bags.

# 2025-11
## risks
- **One** customer.
"""


def read(folder: Path, text: str) -> dict[str, dict[str, Note]]:
    file = folder / "notes.en.md"
    file.write_text(text, encoding="utf-8")
    return parse(file, metrics=METRICS, months={"2025-11", "2025-12"})


def test_comments_have_an_action_and_quotes_lose_what_identifies_a_person(tmp_path: Path) -> None:
    said = read(tmp_path, GOOD)
    assert said["2025-12"]["revenue"] == Note("More gift boxes.", "Order boxes at […].")
    assert said["2025-12"]["quotes"].text == "> Call me on […] or […], […], about order […]. In 2025 I bought 12 bags."
    assert shown(said["2025-11"]["risks"].text) == "<ul>\n<li><strong>One</strong> customer.</li>\n</ul>\n"


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("## revenue", "## revenues", "line 3: 'revenues' is no metric and no subject. Did you mean revenue"),
        ("## revenue", "## omzet", "line 3: 'omzet' is no metric and no subject. A subject is one of risks, decisions"),
        ("# 2025-12", "# December", "line 1: 'December' is no month. Write it like # 2025-12."),
        ("# 2025-12", "# 2026-12", "line 1: there are no figures of 2026-12; the last month is 2025-12."),
        ("# 2025-11", "# 2025-12", "line 11: 2025-12 is there twice."),
        ("## quotes", "## revenue", "line 8: revenue is there twice in 2025-12."),
        ("- **One** customer.", "", "line 12: nothing is said about risks."),
        ("# 2025-12\n", "", "line 2: 'revenue' belongs to no month."),
        ("# 2025-12\n", "# 2025-12\nHello.\n", "line 2: this text stands under 2025-12 but under no heading"),
        ("More gift boxes.", "x" * 5000, "5,04"),
    ],
)
def test_a_mistake_in_the_notes_is_named_with_its_line(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    with pytest.raises(NotesError) as refusal:
        read(tmp_path, GOOD.replace(wrong, right))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[here](javascript:alert(1))",
        "<https://example.com/track>",
        "![seen](https://example.com/pixel.png)",
        "<b onclick=alert(1)>bold",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "=cmd|' /C calc'!A0 \u202e\U0001f600",
    ],
)
def test_what_is_no_paragraph_list_or_emphasis_stays_text(text: str) -> None:
    made: Any = html.fromstring(f"<div>{shown(text)}</div>")
    assert {element.tag for element in made.iter()} <= {"div", "p"}
    assert [element.attrib for element in made.iter() if element.attrib] == []


def _release(full_release: Path, tmp_path: Path, notes: dict[str, Any]) -> Path:
    folder = Path(shutil.copytree(full_release, tmp_path / "release"))
    (folder / "notes.json").write_text(json.dumps(notes), encoding="utf-8")
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as connection:
        connection.execute(
            "update reporting.rpt_metric_values set status = 'off_track' where metric in ('revenue', 'nps')"
        )
    return folder


def test_a_red_core_kpi_without_a_comment_says_so_and_one_with_a_comment_shows_it(
    full_release: Path, tmp_path: Path
) -> None:
    said = {"nl": {"2025-12": {"revenue": {"text": "Te weinig *pakketten*.", "action": "Bestellen."}}}}
    out = render(_release(full_release, tmp_path, said), language="en", out=tmp_path / "en.html")
    root: Any = html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot()
    comments = root.xpath("//tr[@class='comment']")
    assert [len(comment.find_class("missing")) for comment in comments] == [0, 1, 1]
    assert [" ".join(found.text_content().split()) for found in comments[0].find_class("said-by-owner")] == [
        "Te weinig pakketten.",
        "Bestellen.",
    ]
    assert comments[0].find_class("said-by-owner")[0].get("lang") == "nl"
    assert "(in Dutch)" in comments[0].text_content()


@pytest.mark.parametrize(
    ("edition", "shown"), [("management", True), ("investor_monthly", True), ("bank_monthly", False)]
)
def test_what_customers_said_stands_only_where_the_edition_asks_for_it(
    full_release: Path, tmp_path: Path, edition: str, shown: bool
) -> None:
    said = {"en": {"2025-12": {"quotes": {"text": "> Best coffee in town", "action": ""}}}}
    out = render(_release(full_release, tmp_path, said), edition=edition, language="en", out=tmp_path / "en.html")
    assert ("Best coffee in town" in out.read_text(encoding="utf-8")) == shown


@pytest.mark.parametrize(("edition", "kept"), [("bank_monthly", False), ("investor_monthly", True)])
def test_what_customers_said_is_in_a_release_only_for_an_edition_that_asks_for_it(
    full_release: Path, tmp_path: Path, edition: str, kept: bool
) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "notes.en.md").write_text(GOOD, encoding="utf-8")
    toml = f'[company]\nname = "De Linde"\n[report]\neditions = ["{edition}"]\n'
    (tmp_path / "company.toml").write_text(toml, encoding="utf-8")
    paths = Paths(tmp_path / "data", tmp_path, tmp_path / "company.toml")
    draft = tmp_path / "draft"
    draft.mkdir()
    (draft / "kerncijfers.duckdb").symlink_to(full_release / "kerncijfers.duckdb")
    notes.write(paths, draft)
    written = json.loads((draft / "notes.json").read_text(encoding="utf-8"))["en"]
    assert ("quotes" in written["2025-12"]) == kept
    assert written["2025-12"]["revenue"] and written["2025-11"]["risks"]
