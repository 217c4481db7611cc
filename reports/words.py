"""The words around the numbers. Ours, so they are markup: what is filled in is escaped, or marked up itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

import yaml
from markupsafe import Markup

from reports.formatting import Language

FOLDER = Path(__file__).parent / "texts"
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def texts(language: Language) -> dict[str, Markup]:
    """The words of a language, by key: every file of that language together."""
    found: dict[str, Markup] = {}
    for file in sorted(FOLDER.glob(f"*{language}.yml")):
        for key, text in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if key in found:
                raise ValueError(f"{file} has a text {key} that is already there.")
            found[key] = Markup(text)
    return found
