"""`kerncijfers releases`: what was published, whether it still is as it was, and the way back."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from orchestration.errors import KerncijfersError
from orchestration.options import DataOption, chosen_paths

JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]

app = typer.Typer(
    rich_markup_mode=None,
    help="""The releases: list them, show one, compare two, check them, go back.

    \b
    Examples:
      kerncijfers releases
      kerncijfers releases show 000012
      kerncijfers releases verify
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
        table.add_column(heading, no_wrap=True)
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
        if name.endswith(".html"):
            typer.echo(f"  {name}  {digest}")
    typer.echo(f"Signed with the key\n  {verify.signer(folder)}")


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
    """
    from orchestration import release
    from orchestration.release import ledger, publication, signing

    paths = chosen_paths(data)
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
    typer.echo(f"  {signing.fingerprint(paths)}")
    if wrong:
        raise KerncijfersError(f"{wrong} of {len(folders)} releases are not as they were published.")


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


def _short(commit: Any) -> str:
    if not commit:
        return "not in git"
    plain, dirty, _ = str(commit).partition("-dirty")
    return plain[:10] + (" with changes" if dirty else "")
