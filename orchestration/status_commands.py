"""`kerncijfers status`: how things stand, on one screen."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from orchestration.errors import KerncijfersError
from orchestration.options import CompanyOption, DataOption, InboxOption, chosen_paths


def register(parent: typer.Typer) -> None:
    """Adds `status` to the command line."""
    parent.command("status")(status)


def status(
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 when something is older than promised, or the last run failed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how things stand: how old everything is, the last refreshes, the tests and the disk.

    What was promised stands under [freshness] in company.toml. --check is for a cron job or a monitor.

    \b
    Examples:
      kerncijfers status
      kerncijfers status --data ~/bakery/data --json
      kerncijfers status --check || mail -s "Kerncijfers" me@example.nl
    """
    from orchestration import release
    from orchestration import status as standing

    paths = chosen_paths(data, inbox, company)
    folder = release.current_release(paths)
    attempt = release.last_attempt(paths)
    found = standing.look(paths, folder) if folder else None
    if as_json:
        kept = [one.name for one in release.kept(paths)]
        current = release.read_facts(folder) if folder else None
        told = {
            "data": str(paths.data),
            "running": release.busy(paths),
            "current": current,
            "last": attempt,
            "kept": kept,
        }
        typer.echo(json.dumps(told | {"status": found}, indent=2, ensure_ascii=False))
    else:
        _tell(paths.data, found, attempt, release.busy(paths))
    wrong = [f"{name} is older than promised" for name in (standing.late(found) if found else ["the release"])]
    if attempt and not attempt["release"]:
        wrong.append("the last refresh did not publish")
    if check and wrong:
        raise KerncijfersError(f"Not as it should be: {'; '.join(wrong)}.")


def _tell(data: Any, found: dict[str, Any] | None, attempt: dict[str, Any] | None, running: str | None) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if running:
        typer.echo(running)
    if found is None:
        typer.echo(f"{data} has no release yet. Make one with `kerncijfers refresh`.")
    else:
        tests = found["tests"]
        typer.echo(f"{found['company_name']}, release {found['release']} of {found['created_at']}")
        promised = f", promised at most {found['promised_hours']}" if found["promised_hours"] else ""
        typer.echo(f"Age {found['age_hours']:.0f} hours{promised}{'  LATE' if found['is_late'] else ''}", nl=False)
        typer.echo(f"; data as of {found['as_of']}; {tests['passed']} of {tests['total']} tests passed, ", nl=False)
        typer.echo(f"{tests['warned']} warned")
        console.print(_sources(found["sources"]))
        for warning in found["warnings"]:
            typer.echo(f"  Warning: {warning}")
    if found and found["runs"]:
        console.print(_runs(found["runs"], found["time_zone"]))
        sizes = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in found["disk"].items())
        typer.echo(f"Disk: {sizes}")
    if attempt and attempt["release"] is None:
        typer.echo(f"The last refresh ({attempt['started_at']}, {attempt['who']}) did not publish:")
        typer.echo(f"  {attempt['reason'] or 'it was stopped; see the folder logs'}")


def _sources(sources: list[dict[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for heading in ("Source", "Newest", "Days", "Promised", "", "Rows", "Files"):
        justify = "left" if heading in ("Source", "Newest", "") else "right"
        table.add_column(heading, no_wrap=heading != "Source", justify=justify)
    for one in sources:
        cells = (one["label_en"], one["last_date"], one["age_days"], one["promised_days"])
        *shown, files = ("–" if cell is None else str(cell) for cell in (*cells, one["files"]))
        table.add_row(*shown, "LATE" if one["is_late"] else "", f"{one['rows']:,}", files)
    return table


def _runs(runs: list[dict[str, Any]], time_zone: str) -> Any:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for heading in ("Refresh", "Release", "Seconds", "Longest step"):
        justify = "right" if heading == "Seconds" else "left"
        table.add_column(heading, no_wrap=heading != "Longest step", justify=justify)
    for run in runs:
        began, ended = (datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at"))
        longest = max(run["steps"], key=lambda step: step["seconds"], default={"step": "–", "seconds": 0})
        seconds = f"{(ended - began).total_seconds():.0f}"
        step = f"{longest['seconds']:.0f} s {longest['step']}"
        started = began.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")
        table.add_row(started, run["release"] or "none", seconds, step)
    return table
