"""What the editions of the reports name: metrics pinned to a version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import KerncijfersError, did_you_mean
from orchestration.paths import DBT_PROJECT
from reports import edition

FOLDER = Path("reports/editions")
_MODEL = re.compile(r"metric_(?P<metric>.+)_v(?P<version>\d+)")


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


def require(names: Sequence[str], folders: Sequence[Path]) -> dict[str, edition.Edition]:
    """The editions by name. Refuses those that are not there, can't be used, or name a metric that does not exist."""
    known = {
        (model["metric"], int(model["version"]))
        for file in (DBT_PROJECT / "models" / "metrics").glob("*/*/metric_*_v*.*")
        if (model := _MODEL.fullmatch(file.stem))
    }
    found = {}
    for name in names:
        try:
            found[name] = edition.find(name, folders)
        except edition.EditionError as error:
            raise KerncijfersError(str(error)) from None
        for metric, version in map(_pin, found[name].pins):
            if (metric, version) not in known:
                there = sorted(f"{metric}@{other}" for of, other in known if of == metric)
                metrics = sorted({of for of, _ in known})
                meant = f" Did you mean {' or '.join(there)}?" if there else did_you_mean(metric, metrics)
                raise KerncijfersError(
                    f"{edition.files(folders)[name]} shows {metric}@{version}, which does not exist.{meant}"
                )
    return found


def _read(file: Path) -> Edition:
    try:
        content = edition.load(file)
    except edition.EditionError as error:
        raise KerncijfersError(str(error)) from None
    return Edition(
        file=file,
        titles=content.title.model_dump(),
        owner=content.owner,
        description=content.description,
        pins=tuple(map(_pin, content.pins)),
        compared=tuple(map(_pin, content.versions)),
        takes_core_of_profile=content.core == edition.PROFILE,
    )


def _pin(text: str) -> tuple[str, int]:
    metric, _, version = text.partition("@")
    return metric, int(version)
