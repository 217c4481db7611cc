"""The commands about people's data: erase somebody, show what is kept and why."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from orchestration.errors import KerncijfersError
from orchestration.options import CompanyOption, DataOption, InboxOption, chosen_paths

if TYPE_CHECKING:
    from orchestration.erasure import Erasure
    from reports.formatting import Language


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command()(erase)
    app.command(name="register")(processing_register)


def processing_register(
    language: Annotated[str, typer.Option("--language", help="nl or en.")] = "nl",
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file instead of the screen.")] = None,
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
) -> None:
    """Write the register of processing that article 30 of the AVG/GDPR asks for.

    What is loaded, about whom, why, how long, and who receives it, follows from the configuration: sources and their
    columns, the KPIs made of them, [retention] and [[recipients]]. Under [privacy] in company.toml stand the contact
    and the legal ground.

    \b
    Examples:
      kerncijfers register
      kerncijfers register --language en --out register.md
    """
    from orchestration import processing
    from reports.words import LANGUAGES

    if language not in LANGUAGES:
        raise KerncijfersError(f"The register is written in {' or '.join(LANGUAGES)}, not in {language}.")
    text = processing.markdown(chosen_paths(data, inbox, company), cast("Language", language))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Written: {out}")


def erase(
    subjects: Annotated[
        list[str], typer.Argument(help="How the source knows the person: a number, an address; or a pseudonym.")
    ],
    kind: Annotated[
        str | None, typer.Option("--kind", help="Such as customer, visitor or donor. [default: any]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
) -> None:
    """Erase a person, or several, everywhere, and keep them out.

    Rows go from every private database, which is written anew so that no byte of them stays; logs that name the person
    go too. Orders take their refunds along. The books keep their amounts and lose the link. From now on what is loaded
    leaves the person out, also after a backup is put back. Issued releases hold sums, not people, and stay.

    Exit code 1 when something that names the person has to be removed by hand.

    \b
    Examples:
      kerncijfers erase K10234 --dry-run
      kerncijfers erase K10234 K10877 --kind customer
      kerncijfers erase anna@example.nl --yes --data ~/bakery/data
    """
    from orchestration import erasure

    paths = chosen_paths(data, inbox, company)
    if dry_run or not yes:
        _tell(erasure.plan(paths, subjects, kind), done=False)
    if dry_run or not (yes or typer.confirm("Erase this, for good?")):
        return
    done = erasure.erase(paths, subjects, kind)
    _tell(done, done=True)
    if done.left:
        raise KerncijfersError("Not everything could be erased: see above.")
    typer.echo("Run `kerncijfers refresh` for a release without this person.")


def _tell(erasure: Erasure, *, done: bool) -> None:
    if not erasure.found and not erasure.removed:
        typer.echo("No database and no log has this person." if done else "Nothing here is about this person now.")
    for one in erasure.found:
        verb = (
            ("lost the link to the person" if done else "would lose the link to the person")
            if one.link
            else ("erased" if done else "would go")
        )
        typer.echo(f"  {one.file.name}, {one.table}: {one.rows} {'row' if one.rows == 1 else 'rows'} {verb}")
    for file in erasure.removed:
        typer.echo(f"  {file}: {'removed' if done else 'would be removed'}")
    for file in erasure.left:
        typer.echo(f"  {file} names the person and is not ours to remove: look at it, and remove it yourself.")
    for file in erasure.inbox:
        typer.echo(
            f"  {file} still names the person. It is not loaded any more; erase it in the source and export again."
        )
    if not done:
        typer.echo("The person is also put on the list of who stays out of what is loaded from now on.")
