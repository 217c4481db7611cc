"""What the owner wrote about the report's month, out of the release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from reports.formatting import Language
from reports.notes import SUBJECTS, shown
from reports.words import LANGUAGES

FILE = "notes.json"


@dataclass(frozen=True)
class Said:
    """Words of the owner, sanitised, and the language they are in."""

    text: Markup
    action: Markup
    language: Language


@dataclass(frozen=True)
class OwnersWords:
    """Comments by metric, and what is said about each subject, in the order a report shows them."""

    comments: Mapping[str, Said]
    subjects: Mapping[str, Said]

    @property
    def quotes(self) -> Said | None:
        """Selected quotes of customers."""
        return self.subjects.get("quotes")

    @property
    def outlook(self) -> tuple[tuple[str, Said], ...]:
        """Risks, decisions, outlook and requests, as far as they were written."""
        return tuple((name, self.subjects[name]) for name in SUBJECTS if name in self.subjects and name != "quotes")


def read(release: Path, month: str, language: Language) -> OwnersWords:
    """The words about a month; what was not written in the report's language is shown in the one it was written in."""
    file = release / FILE
    written = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    found: dict[str, Said] = {}
    for tongue in sorted(LANGUAGES, key=lambda one: one == language):
        for subject, note in written.get(tongue, {}).get(month, {}).items():
            found[subject] = Said(shown(note["text"]), shown(note["action"]), tongue)
    return OwnersWords(
        {name: said for name, said in found.items() if name not in SUBJECTS},
        {name: said for name, said in found.items() if name in SUBJECTS},
    )
