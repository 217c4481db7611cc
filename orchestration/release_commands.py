"""`kerncijfers releases`: what was published, whether it still is as it was, and the way back."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.errors import KerncijfersError
from orchestration.options import CompanyOption, DataOption, InboxOption, chosen_paths

if TYPE_CHECKING:
    from orchestration.release.comparison import Change, Comparison, Kind, Moved

_SHOWN = 20
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]

app = typer.Typer(
    rich_markup_mode=None,
    help="""The releases: list them, show one, compare two, check them, go back.

    \b
    Examples:
      kerncijfers releases
      kerncijfers releases show 000012
      kerncijfers releases diff 000011 000012
      kerncijfers releases verify
      kerncijfers releases rebuild 000012
      kerncijfers releases rollback
    """,
)


@app.callback(invoke_without_command=True)
def releases(context: typer.Context, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the releases that are kept, newest first."""
    if context.invoked_subcommand is not None:
        if data is not None:
            raise typer.BadParameter("give --data after the subcommand", param_hint="--data")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from orchestration import release

    paths = chosen_paths(data)
    current = release.current_release(paths)
    found = [(folder, release.read_facts(folder)) for folder in reversed(release.kept(paths))]
    if as_json:
        typer.echo(json.dumps([{**facts, "is_current": folder == current} for folder, facts in found], indent=2))
        return
    if not found:
        typer.echo(f"{paths.data} has no release yet. Make one with `kerncijfers refresh`.")
        return
    table = Table(box=box.SIMPLE)
    for heading in ("Release", "", "Made", "Data as of", "Tests", "Code"):
        table.add_column(heading, no_wrap=heading != "Code")
    for folder, facts in found:
        mark = "current" if folder == current else ""
        tests = f"{facts['tests']['passed']} of {facts['tests']['total']}"
        made = facts["created_at"].replace("T", " ")[:16]
        table.add_row(folder.name, mark, made, facts["as_of"], tests, _short(facts["commit"]))
    Console().print(table)


@app.command()
def show(number: Annotated[str, typer.Argument(help="Such as 12 or 000012.")], data: DataOption = None) -> None:
    """Show what a release is made of: inputs, code, versions, files, and whose key signed it.

    \b
    Example:
      kerncijfers releases show 000012
    """
    from orchestration import release
    from orchestration.release import manifest, verify

    paths = chosen_paths(data)
    folder = release.earlier(paths, number)
    facts = release.read_facts(folder)
    typer.echo(f"Release {folder.name} of {facts['company_name']}, made {facts['created_at']}, in {folder}")
    typer.echo(f"Data as of {facts['as_of']}; {facts['tests']['passed']} of {facts['tests']['total']} tests passed")
    if not (folder / manifest.CONTENTS).is_file():
        typer.echo("It was made before releases were signed, so nothing more is recorded.")
        return
    contents = json.loads((folder / manifest.CONTENTS).read_text(encoding="utf-8"))
    typer.echo(f"Code {_short(contents['code']['commit'])}, dbt project {contents['code']['dbt_project']}")
    typer.echo("Versions: " + ", ".join(f"{name} {number}" for name, number in contents["versions"].items()))
    typer.echo("Read:")
    for name, totals in contents["inputs"]["tables"].items():
        if totals["rows"]:
            sums = "".join(f", {column} {amount}" for column, amount in totals["sums"].items() if amount is not None)
            typer.echo(f"  {name}: {totals['rows']} rows{sums}")
    typer.echo(f"Made: {len(contents['files'])} files that can be made again to the byte, reports among them:")
    for name, digest in contents["files"].items():
        if name.endswith(".html") and "/" not in name:
            typer.echo(f"  {name}  {digest}")
    typer.echo(f"Signed with the key\n  {verify.signer(folder)}")


@app.command()
def diff(
    older: Annotated[str, typer.Argument(help="Such as 11 or 000011.")],
    newer: Annotated[str, typer.Argument(help="Such as 12 or 000012.")],
    data: DataOption = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Only the values of this metric.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every value, also of parts such as channels.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two releases: which values moved, and the definitions, code, data and tests behind them.

    A value is restated when the older release showed another one for a period that was over. Without --all only totals
    are shown, the first twenty of each kind.

    \b
    Examples:
      kerncijfers releases diff 000011 000012
      kerncijfers releases diff 11 12 --metric revenue --all
      kerncijfers releases diff 11 12 --json
    """
    from orchestration import release
    from orchestration.release import comparison

    paths = chosen_paths(data)
    found = comparison.compare(release.earlier(paths, older), release.earlier(paths, newer))
    moved = [value for value in found.values if metric in (None, value.metric)]
    if metric and not moved:
        typer.echo(f"No value of {metric} moved.")
    if as_json:
        told = asdict(found) | {"values": [asdict(value) for value in moved]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False, default=_exact))
        return
    if found.same:
        typer.echo(f"Releases {found.older} and {found.newer} say the same, made from the same by the same code.")
        return
    for kind in ("restated", "in progress", "new", "gone"):
        _tell_values(found, kind, [value for value in moved if value.kind == kind], everything=everything)
    for title, changes in (
        ("Definitions", found.definitions),
        ("Code", found.code),
        ("Data", found.data),
        ("Tests", found.tests),
    ):
        _tell_changes(title, changes, everything=everything)


def _tell_values(found: Comparison, kind: Kind, values: list[Moved], *, everything: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from orchestration import formatting

    if not values:
        return
    meaning = {
        "restated": "for periods that were over",
        "in progress": "for periods that were not over yet",
        "new": f"only in {found.newer}",
        "gone": f"only in {found.older}",
    }[kind]
    shown = values if everything else [value for value in values if value.scope == "total"][:_SHOWN]
    title = f"Values: {len(values)} {kind}, {meaning}"
    table = Table(box=box.SIMPLE, title=title, title_justify="left", title_style="bold")
    for heading in ("Metric", "Period", "Scope"):
        table.add_column(heading, no_wrap=True)
    for heading in (found.older, found.newer):
        table.add_column(heading, no_wrap=True, justify="right")
    for value in shown:
        cells = (
            formatting.words(reason) if number is None else formatting.value(number, value.unit, places, found.currency)
            for number, reason, places in (
                (value.before, value.before_reason, value.decimals),
                (value.after, value.after_reason, value.decimals),
            )
        )
        table.add_row(f"{value.metric}@{value.version}", f"{value.grain} {value.period}", value.scope, *cells)
    Console().print(table)
    if len(shown) < len(values):
        typer.echo(f"  {len(values) - len(shown)} more with --all")


def _tell_changes(title: str, changes: Iterable[Change] | None, *, everything: bool) -> None:
    if changes is None:
        typer.echo(f"{title}: not recorded in one of the two, which an earlier Kerncijfers made.")
        return
    told = list(changes)
    typer.echo(f"{title}: {f'{len(told)} changes' if told else 'the same'}")
    for change in told if everything else told[:_SHOWN]:
        typer.echo(f"  {change.what}")
        typer.echo(f"    was {change.before if change.before is not None else 'not there'}")
        typer.echo(f"    is  {change.after if change.after is not None else 'not there any more'}")
    if not everything and len(told) > _SHOWN:
        typer.echo(f"  {len(told) - _SHOWN} more with --all")


def _exact(value: Decimal) -> str:
    return format(value, "f")


@app.command(name="verify")
def verify_releases(
    number: Annotated[
        str | None, typer.Argument(help="A release, or a folder somebody sent. [default: all that are kept]")
    ] = None,
    data: DataOption = None,
) -> None:
    """Check that releases are as they were published: signature, every file, and the ledger.

    Exit code 1 when something is not. A receiver does the same with `python verify.py` in the folder.

    \b
    Examples:
      kerncijfers releases verify
      kerncijfers releases verify 000012
      kerncijfers releases verify ~/Downloads/report
    """
    from orchestration import release
    from orchestration.release import ledger, publication, signing

    paths = chosen_paths(data)
    if number and not number.isdigit():
        _verify_sent(Path(number))
        return
    folders = [release.earlier(paths, number)] if number else release.kept(paths)
    if not folders:
        raise KerncijfersError(f"{paths.data} has no release yet, so there is nothing to check.")
    entries = ledger.entries(paths)
    wrong = 0
    for folder in folders:
        found = publication.problems(paths, folder)
        wrong += bool(found)
        typer.echo(f"{folder.name}  {'NOT GOOD' if found else 'good'}")
        for problem in found:
            typer.echo(f"  {problem}")
    typer.echo(f"The ledger's {len(entries)} lines fit together. Fingerprint of this folder's key:")
    typer.echo(f"  {signing.fingerprint()}")
    if wrong:
        raise KerncijfersError(f"{wrong} of {len(folders)} releases are not as they were published.")


@app.command()
def rebuild(
    number: Annotated[str, typer.Argument(help="Such as 12 or 000012.")],
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Of dbt and DuckDB. [default: all]")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="A new folder to keep what was made again in.")] = None,
) -> None:
    """Make a release again from its recorded raw rows, elsewhere, and compare every file to the byte.

    Its raw rows must still be kept, and the code and company.toml must be the recorded ones; it says which are not.
    Exit code 1 when a file came out otherwise.

    \b
    Examples:
      kerncijfers releases rebuild 000012
      kerncijfers releases rebuild 000012 --threads 1 --out /tmp/again
    """
    import tempfile

    from orchestration.release import rebuilding

    paths = chosen_paths(data, inbox, company)
    if out is not None and out.exists():
        raise KerncijfersError(f"{out} is there already. Name a new folder with --out.")
    with tempfile.TemporaryDirectory(prefix="kerncijfers-") as scratch:
        other = rebuilding.rebuild(paths, number, out or Path(scratch) / "again", threads=threads)
    if other:
        raise KerncijfersError(
            f"Made again, {len(other)} files of release {number.zfill(6)} came out otherwise:\n"
            + "\n".join(f"  {name}" for name in other)
        )
    typer.echo(
        f"Release {number.zfill(6)} was made again from its recorded inputs: every file is the same to the byte."
    )


@app.command()
def rollback(
    number: Annotated[str | None, typer.Argument(help="Which release. [default: the one before the current]")] = None,
    data: DataOption = None,
) -> None:
    """Make an earlier release the current one again.

    Readers see it at once, and the next refresh starts from its data. The release that was current stays, and the
    ledger says what happened.

    \b
    Examples:
      kerncijfers releases rollback
      kerncijfers releases rollback 000012
    """
    from orchestration import release

    paths = chosen_paths(data)
    with release.locked(paths, "kerncijfers releases rollback"):
        release.recover(paths)
        before = release.current_release(paths)
        folder = release.rollback(paths, number)
    typer.echo(f"Release {folder.name} is the current one again, instead of {before.name if before else 'none'}.")


def _verify_sent(folder: Path) -> None:
    """What `verify.py` does, for a folder somebody sent: there is no ledger to compare with, so the key is told."""
    from orchestration.release import verify

    try:
        key = verify.signer(folder)
        wrong, good, absent = verify.findings(folder)
    except (ValueError, KeyError, OSError) as error:
        raise KerncijfersError(f"{folder} is not good: {error}.") from None
    typer.echo(f"Signed with the key\n  {key}")
    if wrong:
        raise KerncijfersError(f"{folder} is not good:\n" + "\n".join(f"  {line}" for line in wrong))
    typer.echo(f"Good: {len(good)} files are exactly as they were signed; {len(absent)} of the release are not here.")


def _short(commit: Any) -> str:
    if not commit:
        return "not in git"
    plain, dirty, _ = str(commit).partition("-dirty")
    return plain[:10] + (" with changes" if dirty else "")
