"""A company's own edition: a YAML file in a folder beside its company.toml, and no Python."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lxml import html
from typer.testing import CliRunner

from orchestration import company
from orchestration.cli import app
from orchestration.paths import Paths
from reports.render import render
from tests.reports.recompute import mistakes

OWN = """
title: {nl: Voor de raad van toezicht, en: For the supervisory board}
audience: {nl: Voor de raad van toezicht, en: For the supervisory board}
languages: [nl]
sections: [core, working_capital, scenarios, restatements, definitions]
core: [revenue@1, ebitda@1, cash@1, solvency@1, aov@1]
working_capital: [dso@1]
texts:
  nl: {working_capital_intro: Alleen wat de raad wil zien.}
  en: {working_capital_intro: Only what the board wants to see.}
"""
TOML = """
[company]
name = "Bakkerij Zonneveld B.V."
[report]
editions = ["supervisory_board"]
"""


def test_a_yaml_file_in_the_companys_folder_becomes_a_report_without_python(full_release: Path, tmp_path: Path) -> None:
    (tmp_path / "editions").mkdir()
    (tmp_path / "editions" / "supervisory_board.yml").write_text(OWN, encoding="utf-8")
    (tmp_path / "company.toml").write_text(TOML, encoding="utf-8")
    paths = Paths(data=tmp_path / "data", inbox=tmp_path, company=tmp_path / "company.toml")
    [(edition, language)] = company.read(paths).pages
    out = render(full_release, edition=edition, language=language, out=tmp_path / "own.html", folders=paths.editions)
    root: Any = html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot()
    assert root.get("lang") == "nl"
    assert root.xpath("//nav//@href") == [
        f"#{name}" for name in ("core", "working_capital", "scenarios", "restatements", "definitions")
    ]
    assert len(root.find_class("card")) == 5
    assert root.xpath("//*[@class='card']//a/@href")[-1] == "#aov-1", "in the version the file pins"
    assert "Alleen wat de raad wil zien." in root.get_element_by_id("working_capital").text_content()
    assert mistakes(out, full_release) == []


def test_an_edition_is_tried_on_a_release_that_was_made_without_it(full_release: Path, tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(full_release, data / "releases" / "000007")
    (data / "current").symlink_to(data / "releases" / "000007")
    (data / "editions").mkdir()
    file = data / "editions" / "supervisory_board.yml"
    file.write_text(OWN, encoding="utf-8")
    asked = ["report", "--data", str(data), "--edition", "supervisory_board", "--out", str(out)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert [made.name for made in out.iterdir()] == ["supervisory_board.nl.html"]
    file.write_text(OWN.replace("solvency@1", "solvencie@1"), encoding="utf-8")
    refused = CliRunner().invoke(app, asked)
    assert refused.exit_code == 1
    assert "solvencie@1, which does not exist. Did you mean solvency" in " ".join(refused.output.split())
