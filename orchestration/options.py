"""Options that several commands share, and the company they choose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration import access
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="KERNCIJFERS_DATA", help="Folder for releases and work. [default: .data of the project]"
    ),
]
InboxOption = Annotated[
    Path | None,
    typer.Option(
        "--inbox", envvar="KERNCIJFERS_INBOX", help="Folder with the company's files. [default: inbox in --data]"
    ),
]
CompanyOption = Annotated[
    Path | None,
    typer.Option(
        "--company",
        envvar="KERNCIJFERS_COMPANY",
        help="The company.toml to use. [default: the one in --inbox, or the project's]",
    ),
]

_chosen: list[Paths] = []


def chosen_paths(data: Path | None, inbox: Path | None = None, company: Path | None = None) -> Paths:
    """The folders of the company that the options name.

    Raises KerncijfersError when --company is no file.
    """
    paths = Paths.find(data, inbox, company)
    if company is not None and not company.is_file():
        raise KerncijfersError(f"There is no file {company}. Give --company the path of a company.toml.")
    _chosen[:] = [paths]
    access.note(paths)
    return paths


def log_file() -> Path:
    """Where what nobody expected is written down, for the company of this command."""
    folder = (_chosen[0] if _chosen else Paths.find()).logs
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "kerncijfers.log"
