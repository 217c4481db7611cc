"""company.toml: mistakes are named with file and key, and a company without one is known by its books."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration import company
from orchestration.errors import KerncijfersError
from orchestration.paths import PROJECT, Paths

GOOD = """
[company]
name = "Bakkerij Zonneveld B.V."

[[files]]
name = "answers"
entity = "survey_responses"
pattern = "answers*.csv"
[files.columns]
response_id = "Nummer"
score = "Cijfer"
responded_at = "Datum"
[files.values]
survey = "nps"
"""


def read(folder: Path, text: str) -> company.Company:
    file = folder / "company.toml"
    file.write_text(text, encoding="utf-8")
    return company.read(Paths(data=folder, inbox=folder, company=file))


def test_everything_but_the_name_has_a_default(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert settings.company is not None
    assert (settings.name, settings.time_zone, settings.schedule.cron) == (
        "Bakkerij Zonneveld B.V.",
        "Europe/Amsterdam",
        "0 6 * * *",
    )
    assert settings.pages == [("management", "nl"), ("management", "en")]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('name = "Bakkerij', "naam = 'Bakkerij", "Texts need quotes"),
        ('pattern = "answers*.csv"', "", "files[answers].pattern: this key is missing"),
        ('entity = "survey_responses"', 'entity = "surveys"', "files[answers].entity: 'surveys' is not one of"),
        ("[files.values]\n", "[files.value]\n", "files[answers].value: there is no such key"),
        ('name = "Bakkerij', 'time_zone = "Amsterdam"\nname = "Bakkerij', "company.time_zone: 'Amsterdam' is not"),
        ("[company]", '[schedule]\nrefresh_at = "6 uur"\n[company]', "schedule.refresh_at"),
        ("[company]", '[report]\nlanguages = ["fr"]\n[company]', "report.languages[1]"),
        ("[company]", '[kpis]\nadd = ["omzzet"]\n[company]', "there is no metric omzzet. dbt_project/models/metrics"),
        ("[company]", '[kpis]\nadd = ["revenues"]\n[company]', "there is no metric revenues. Did you mean revenue"),
        ("[company]", '[kpis]\ncore = ["revenue", "ebitda"]\n[company]', "kpis.core: 2 core KPIs are too few"),
        ("[company]", '[kpis]\nadd = ["ebitda"]\nleave_out = ["ebitda"]\n[company]', "ebitda can't be left out and"),
        ("[company]", '[report]\neditions = ["investor"]\n[company]', "There is no edition investor; there is"),
    ],
)
def test_a_mistake_is_named_with_its_key_in_words(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    with pytest.raises(KerncijfersError) as refusal:
        read(tmp_path, GOOD.replace(wrong, right))
    assert str(tmp_path / "company.toml") in str(refusal.value)
    assert said in str(refusal.value)
    assert "validation error" not in str(refusal.value)


def test_without_company_toml_the_newest_auditfile_says_who_it_is(tmp_path: Path, shared_data: Path) -> None:
    file = shared_data / "xaf" / "ExactOnline_V32_2016.xaf"
    (tmp_path / file.name).write_bytes(file.read_bytes())
    settings = company.resolve(Paths.find(data=tmp_path / "data", inbox=tmp_path))
    assert (settings.name, settings.currency, settings.fiscal_year_start_month, settings.profile) == (
        "Toro Rosso BV",
        "EUR",
        1,
        "mkb",
    )


def test_an_inbox_with_neither_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(KerncijfersError, match="Put an auditfile"):
        company.resolve(Paths.find(data=tmp_path / "data", inbox=tmp_path))


def test_the_projects_company_is_used_only_for_the_default_inbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KERNCIJFERS_DATA", "KERNCIJFERS_INBOX", "KERNCIJFERS_COMPANY"):
        monkeypatch.delenv(name, raising=False)
    assert Paths.find(inbox=tmp_path).company is None
    (tmp_path / "company.toml").write_text(GOOD, encoding="utf-8")
    assert Paths.find(inbox=tmp_path).company == tmp_path / "company.toml"
    assert Paths.find().data == PROJECT / ".data"


EDITION = """
title: {nl: Voor oma, en: For grandmother}
audience: {nl: Voor oma, en: For grandmother}
languages: [nl]
sections: [core, definitions]
core: [revenue@1, ebitda@1, cash@1, solvency@1, aov@2]
"""
LISTED = '[report]\neditions = ["grandmother"]\n' + GOOD


def test_a_company_adds_an_edition_of_its_own_without_python(tmp_path: Path) -> None:
    (tmp_path / "editions").mkdir()
    (tmp_path / "editions" / "grandmother.yml").write_text(EDITION, encoding="utf-8")
    assert read(tmp_path, LISTED).pages == [("grandmother", "nl")]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("aov@2", "aov@9", "grandmother.yml shows aov@9, which does not exist. Did you mean aov@1 or aov@2?"),
        ("aov@2", "revenues@1", "shows revenues@1, which does not exist. Did you mean revenue"),
        ("aov@2", "aov", "core[5]: 'aov' is no metric in a version; write it like revenue@1."),
        (
            "languages: [nl]",
            "languages: [en]",
            "edition grandmother is written in en, but report.languages has only nl",
        ),
        ("sections: [core,", "sections: [cores,", "sections[1]: 'cores' is not one of"),
        (", definitions]", "]", "sections has no definitions: that is where every number opens to"),
        ("audience:", "audiences:", "audience: this key is missing."),
        (", aov@2]", "]", "core has 4 metrics; a first page has five to seven"),
        ("title: {nl: Voor oma, ", "title: {", "title.nl: this key is missing."),
        ("sections:", "texts: {nl: {core_intro: Kijk}}\nsections:", "texts must have the same keys in nl and in en"),
        (
            "sections:",
            "texts: {nl: {core_intro: Kijk}, en: {core_intro: 'Look {x.__class__}'}}\nsections:",
            "texts.en.core_intro: nothing fills in {x.__class__}",
        ),
        ("title: {nl", "title: [nl", "can't be read as YAML"),
    ],
)
def test_a_mistake_in_an_edition_is_named_in_words(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    (tmp_path / "editions").mkdir()
    assert wrong in EDITION
    (tmp_path / "editions" / "grandmother.yml").write_text(EDITION.replace(wrong, right), encoding="utf-8")
    with pytest.raises(KerncijfersError) as refusal:
        read(tmp_path, LISTED.replace("editions", 'languages = ["nl"]\neditions'))
    assert said in str(refusal.value)
