"""What the editions of the reports name: metrics pinned to a version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import KerncijfersError

FOLDER = Path("reports/editions")
_PIN = re.compile(r"(?P<metric>[a-z][a-z0-9_]*)@(?P<version>[0-9]+)")


@dataclass(frozen=True)
class Edition:
    """One edition: its file, its titles by language, and every metric@version it names, in order."""

    file: Path
    titles: dict[str, str]
    owner: str
    """The role that answers for the report; empty when it says none."""
    description: str
    """Who it is for and what it tells them, in English, for dbt docs; empty when it says nothing."""
    pins: tuple[tuple[str, int], ...]
    compared: tuple[tuple[str, int], ...]
    """The pins under `versions`: there to stand beside another version of themselves."""
    takes_core_of_profile: bool
    """True when its first page is whatever is core in the company's profile (`core: profile`)."""

    @property
    def name(self) -> str:
        """The name of the file without its ending."""
        return self.file.stem


def read(root: Path) -> list[Edition]:
    """Every edition of a checkout, sorted by name. Raises KerncijfersError for a file that is no edition."""
    return [_read(file) for file in sorted((root / FOLDER).glob("*.yml"))]


def _read(file: Path) -> Edition:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise KerncijfersError(f"{file} can't be read as YAML: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("title"), dict):
        raise KerncijfersError(f"{file} is no edition: it has no title. Copy reports/editions/management.yml.")
    pins = dict.fromkeys(_pins(content))
    compared = tuple(_pins(content.get("versions", [])))
    return Edition(
        file=file,
        titles=content["title"],
        owner=str(content.get("owner") or ""),
        description=str(content.get("description") or ""),
        pins=tuple(pins),
        compared=compared,
        takes_core_of_profile=content.get("core") == "profile",
    )


def _pins(part: Any) -> Iterator[tuple[str, int]]:
    """Wherever in the file they stand."""
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from _pins(item)
    elif isinstance(part, str) and (pin := _PIN.fullmatch(part)):
        yield pin["metric"], int(pin["version"])
