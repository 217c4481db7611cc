"""Editions: short YAML files that say which metrics a report shows, in which order, for whom. Checked when read.

The project's own are in `editions/`. A company's are in a folder `editions/` beside its company.toml, and go before
one of the same name here.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from reports.formatting import Language
from reports.words import LANGUAGES, texts

FOLDER = Path(__file__).parent / "editions"
PROFILE = "profile"
SectionName = Literal[
    "summary",
    "core",
    "result",
    "cash",
    "scenarios",
    "working_capital",
    "covenants",
    "customers",
    "subjects",
    "outlook",
    "restatements",
    "absent",
    "definitions",
    "sources",
]
Pin = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*@[1-9][0-9]*$")]
Pins = tuple[Pin, ...]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class EditionError(ValueError):
    """An edition that can't be used; says which file, what about it, and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InBoth(_Part):
    """A text in every language a report may have."""

    nl: Text
    en: Text

    def __getitem__(self, language: Language) -> str:
        return getattr(self, language)


class Edition(_Part):
    """What one report shows. Labels, units and the period a metric is reported at stand with the metric."""

    name: str = Field(default="", description="The name of its file without the ending; set when it is found.")
    title: InBoth
    audience: InBoth = Field(description="Whom it is for, as the page says it.")
    readers: Literal["inside", "outside"] = Field(
        default="outside",
        description="Whether they belong to the company. Others see no part of a total that is about a few people.",
    )
    owner: str = ""
    description: str = ""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = LANGUAGES
    sections: Annotated[tuple[SectionName, ...], Field(min_length=1)]
    core: Literal["profile"] | Pins = PROFILE
    fill: Pins = ()
    result: Pins = ()
    cash: Pins = ()
    working_capital: Pins = ()
    customers: Pins = ()
    subjects: dict[Literal["subscriptions", "sales", "services", "nonprofit"], Pins] = {}
    versions: Pins = ()
    channels: Pins = ()
    stress: bool = Field(default=False, description="Whether it shows the setbacks a bank asks about.")
    quotes: bool = Field(default=False, description="Whether it shows what customers said, as the owner chose it.")
    texts: dict[Language, dict[str, Text]] = {}

    @model_validator(mode="after")
    def _whole(self) -> Edition:
        if len(set(self.sections)) < len(self.sections):
            raise ValueError("sections names a section twice")
        if "definitions" not in self.sections:
            raise ValueError("sections has no definitions: that is where every number opens to")
        if self.core and self.core != PROFILE and not 5 <= len(self.core) <= 7:
            raise ValueError(f"core has {len(self.core)} metrics; a first page has five to seven, or is `profile`")
        keys = {language: set(own) for language, own in self.texts.items()}
        if keys and (set(keys) < set(LANGUAGES) or len({frozenset(found) for found in keys.values()}) > 1):
            raise ValueError("texts must have the same keys in nl and in en: a page is never half translated")
        for language, own in self.texts.items():
            known = texts(language)
            for key, text in own.items():
                if key not in known:
                    raise ValueError(f"texts.{language}.{key}: a report has no such text")
                if unknown := _fields(text) - _fields(known[key]):
                    raise ValueError(f"texts.{language}.{key}: nothing fills in {{{'}, {'.join(sorted(unknown))}}}")
        return self

    @property
    def is_for_outside(self) -> bool:
        """Whether others than the company itself read it."""
        return self.readers == "outside"

    @property
    def shown(self) -> tuple[str, ...]:
        """What it shows but for `versions`, which only stand beside another version of themselves."""
        core = () if self.core == PROFILE else self.core
        held = (core, self.result, self.cash, self.working_capital, self.customers, self.channels, self.fill)
        return tuple(dict.fromkeys(pin for pins in (*held, *self.subjects.values()) for pin in pins))

    @property
    def pins(self) -> tuple[str, ...]:
        """Every metric@version it names, in order, once."""
        return tuple(dict.fromkeys((*self.shown, *self.versions)))


def files(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """Every edition by its name: those in `folders` (a company's own) go before the project's."""
    found: dict[str, Path] = {}
    for folder in (*folders, FOLDER):
        for file in sorted(folder.glob("*.yml")) if folder.is_dir() else ():
            found.setdefault(file.stem, file)
    return found


def load(file: Path) -> Edition:
    """The edition in a file. Raises EditionError that says in plain words what is wrong with it."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise EditionError(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        raise EditionError(f"{file} can't be read as YAML: {error}") from None
    if not isinstance(content, dict):
        raise EditionError(f"{file} is no edition: it has no title. Copy reports/editions/management.yml.")
    try:
        return Edition.model_validate(content)
    except ValidationError as error:
        problems = "\n".join(f"  - {_in_words(problem)}" for problem in error.errors())
        raise EditionError(f"{file} can't be used as it is:\n{problems}") from None


def find(name: str, folders: Sequence[Path] = ()) -> Edition:
    """An edition by its name. Raises EditionError when there is none, or when it can't be used."""
    known = files(folders)
    if name not in known:
        raise EditionError(f"There is no edition {name}; there is {', '.join(sorted(known))}.")
    return load(known[name]).model_copy(update={"name": name})


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _in_words(problem: object) -> str:
    """One line for one thing that is wrong: which key, what about it, and the value that was found."""
    assert isinstance(problem, dict)
    steps = [f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in problem["loc"] if step != "profile"]
    place = "".join(step for step in steps if not step.startswith((".tuple", ".literal"))).lstrip(".")
    start = f"{place}: " if place else ""
    match problem["type"]:
        case "missing":
            return f"{start}this key is missing."
        case "extra_forbidden":
            return f"{start}there is no such key. Is it a typing mistake?"
        case "string_pattern_mismatch":
            return f"{start}{problem['input']!r} is no metric in a version; write it like revenue@1."
        case "literal_error":
            return f"{start}{problem['input']!r} is not one of {problem['ctx']['expected']}."
        case _:
            return f"{start}{problem['msg'].removeprefix('Value error, ')}."
