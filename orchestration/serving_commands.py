"""`kerncijfers serve`: Dagster's page for the operator, and the schedule."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

from typing import Annotated

import typer

from orchestration.options import CompanyOption, DataOption, InboxOption, chosen_paths


def register(parent: typer.Typer) -> None:
    """Adds `serve` to the command line."""
    parent.command("serve")(serve)


def serve(
    port: Annotated[int, typer.Option("--port", help="On which port of this machine.", min=0, max=65535)] = 3000,
    address: Annotated[
        str, typer.Option("--address", help="Where people reach it through a proxy with TLS on this machine.")
    ] = "",
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
) -> None:
    """Start Dagster's page, and the schedule and sensors, until it is stopped.

    The page listens on this machine only and asks for a token. It is new at each start and in the address that is
    printed: open that once, and the browser keeps a cookie. A token of yours, in KERNCIJFERS_PAGE_TOKEN or
    <data>/secrets.env, stays and is not printed. Programs send it as `Authorization: Bearer`. Exit code 75 means that
    it runs already.

    \b
    Examples:
      kerncijfers serve
      kerncijfers serve --port 3001 --inbox ~/bakery/inbox --data ~/bakery/data
      kerncijfers serve --address https://kpi.example.nl
    """
    from orchestration import serving

    serving.serve(chosen_paths(data, inbox, company), port=port, address=address, tell=_tell)


def _tell(address: str) -> None:
    typer.echo(f"Dagster's page, with the schedule on; stop it with Ctrl-C:\n  {address}")
