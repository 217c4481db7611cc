"""The commands `kerncijfers deliver` and `kerncijfers alerts`. They ask, call and print; the work is elsewhere."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.errors import KerncijfersError, in_words
from orchestration.options import CompanyOption, DataOption, InboxOption, chosen_paths

if TYPE_CHECKING:
    from orchestration.delivery.outbox import Item
    from orchestration.paths import Paths

ReleaseOption = Annotated[str | None, typer.Option("--release", help="An earlier release, such as 000001.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
_MAYBE_TWICE = "possibly twice, under one id"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Deliver a release to those company.toml names, once however often you ask.

    \b
    Examples:
      kerncijfers deliver send --dry-run
      kerncijfers deliver send
      kerncijfers deliver list
    """,
)


@app.command("send")
def send(
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
    number: ReleaseOption = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Only this recipient of company.toml, also within the same month.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent; send and remember nothing.")
    ] = False,
) -> None:
    """Send what has not been sent: mails, copies, alerts and webhooks.

    Also what waits for its next try and what had been given up. What has been sent is not sent again. Exit code 1 when
    something did not go out; 75 when another process is sending.

    \b
    Examples:
      kerncijfers deliver send
      kerncijfers deliver send --dry-run
      kerncijfers deliver send --release 000012 --to Bank
    """
    from orchestration.delivery import rounds

    paths = chosen_paths(data, inbox, company)
    if dry_run:
        items, owed = rounds.preview(paths, number, to=to)
        for item in items:
            typer.echo(f"Would send {_what(item)}")
        if not items:
            typer.echo("There is nothing to send.")
    else:
        owed = rounds.queue(paths, number, to=to)
        items = rounds.send(paths, by_hand=True, number=number, to=to)
        for item in items:
            typer.echo(f"{item.state}: {_what(item)}: {item.detail}{f' ({_MAYBE_TWICE})' if _twice(item) else ''}")
        if not items:
            typer.echo("There was nothing to send; `kerncijfers deliver list` shows what has been sent.")
    for note in owed.notes:
        typer.echo(f"Warning: {note}", err=True)
    if not dry_run and any(item.state in ("waiting", "failed") for item in items):
        raise typer.Exit(1)


@app.command("list")
def show(data: DataOption = None, number: ReleaseOption = None, as_json: JsonOption = False) -> None:
    """List what has been sent to whom, and what waits or failed and why.

    \b
    Examples:
      kerncijfers deliver list
      kerncijfers deliver list --release 000012 --json
    """
    from rich import box as borders
    from rich.console import Console
    from rich.table import Table

    from orchestration.delivery.outbox import opened

    with opened(chosen_paths(data)) as box:
        items = box.items(number)
    if as_json:
        typer.echo(json.dumps([_facts(item) for item in items], indent=2, ensure_ascii=False))
        return
    if not items:
        typer.echo("Nothing has been queued yet. Recipients stand in company.toml; see CONTRIBUTING.md.")
        return
    table = Table(box=borders.SIMPLE)
    for heading in ("Release", "What", "To", "State", "When"):
        table.add_column(heading, no_wrap=heading != "To")
    table.add_column("Detail", overflow="fold")
    for item in items:
        what = f"{item.kind} {item.edition} {item.language}".strip()
        moment = item.sent_at or item.tried_at or item.created_at
        state = f"{item.state}{f', {item.tries} tries' if item.tries > 1 else ''}"
        detail = f"{item.detail}{f' ({_MAYBE_TWICE})' if _twice(item) else ''}"
        table.add_row(item.release, what, item.recipient, state, _moment(moment), detail)
    Console().print(table)


def alerts(
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
    test: Annotated[bool, typer.Option("--test", help="Send a test message to every address.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the alerts that are going on, or send a test message.

    An alert is told once, when it begins, and once when it is over.

    \b
    Examples:
      kerncijfers alerts
      kerncijfers alerts --json
      kerncijfers alerts --test
    """
    paths = chosen_paths(data, inbox, company)
    if test:
        _test(paths)
        return
    from rich import box as borders
    from rich.console import Console
    from rich.table import Table

    from orchestration import formatting, values
    from orchestration.delivery.outbox import opened

    folder = values.current(paths)
    with opened(paths) as box:
        going_on, looked_at = list(box.alerts().values()), box.last_queued()
    if looked_at is None or looked_at < folder.name:
        raise KerncijfersError(
            f"Release {folder.name} has not been looked at for alerts. Run `kerncijfers deliver send`."
        )
    if as_json:
        typer.echo(json.dumps(going_on, indent=2, ensure_ascii=False))
        return
    if not going_on:
        typer.echo("No alert is going on.")
        return
    currency = values.catalogue(folder)[0]["currency"]
    table = Table(box=borders.SIMPLE)
    for heading in ("Severity", "KPI", "Rule", "Value", "Limit", "Period", "Since", "Told with", "Owner"):
        table.add_column(heading, justify="right" if heading in ("Value", "Limit") else "left")
    for alert in going_on:
        amounts = [_amount(formatting, alert, name, currency) for name in ("value", "lower", "upper")]
        limit = " to ".join(amount for amount in amounts[1:] if amount)
        told = (alert["severity"], alert["label_en"], alert["rule_en"], amounts[0], limit)
        table.add_row(*told, alert["period"], alert["since"], alert["release"], alert["owner"])
    Console().print(table)


def after_release(paths: Paths) -> None:
    """Delivers what a refresh from the command line has published, and says in a line or two how that went.

    The release stands whatever happens here, so nothing is raised.
    """
    from orchestration.delivery import rounds

    try:
        owed = rounds.queue_new(paths)
        items = rounds.send(paths, by_hand=False)
    except Exception as error:
        # Everything, for the release is published and the exit code of a refresh says so.
        reason = in_words(error)
        if reason is None:
            rounds.write_down(paths, "after a release", error)
        said = reason or f"{type(error).__name__}, see {paths.logs / rounds.LOG}"
        typer.echo(f"Warning: published, and not delivered: {said}", err=True)
        return
    for note in owed.notes:
        typer.echo(f"Warning: {note}", err=True)
    counts = Counter(item.state for item in items)
    if counts["sent"]:
        typer.echo(f"Delivered: {', '.join(_what(item) for item in items if item.state == 'sent')}.")
    for item in items:
        if item.state in ("waiting", "failed"):
            typer.echo(f"Warning: not delivered: {_what(item)}: {item.detail}", err=True)
    if counts["waiting"]:
        typer.echo("What waits is tried again by `kerncijfers deliver send`, the next refresh, or Dagster.", err=True)


def register(parent: typer.Typer) -> None:
    """Adds `deliver` and `alerts` to the command line."""
    parent.add_typer(app, name="deliver")
    parent.command("alerts")(alerts)


def _test(paths: Paths) -> None:
    from orchestration import company as companies
    from orchestration.delivery import messages, wording
    from orchestration.delivery.outbox import LaterError, RefusedError

    addresses = messages.alert_addresses()
    if not addresses:
        raise KerncijfersError(
            f"Nobody is told: {messages.ENV_ALERT_URLS} and {messages.ENV_URLS} are empty. Set one to the Apprise "
            "addresses of who is to be told, separated by spaces."
        )
    settings = companies.read(paths)
    words = wording.texts(settings.alert_language)
    title = words["test_title"].format(company=settings.name or paths.data.name)
    failures = []
    for address in addresses:
        try:
            typer.echo(messages.send(address, title=title, text=words["test_text"], tone="info"))
        except (LaterError, RefusedError) as failure:
            failures.append(str(failure))
    if failures:
        raise KerncijfersError("\n".join(failures))


def _what(item: Item) -> str:
    page = f"{item.edition} in {item.language} " if item.edition else ""
    return f"{item.kind} {page}of release {item.release} to {item.recipient}"


def _twice(item: Item) -> bool:
    return item.maybe_twice and item.kind in ("mail", "message") and item.state == "sent"


def _facts(item: Item) -> dict[str, Any]:
    moments = {name: getattr(item, name) for name in ("created_at", "tried_at", "sent_at", "next_try_at")}
    told = ("id", "kind", "release", "edition", "language", "recipient", "state", "tries", "maybe_twice", "detail")
    return {name: getattr(item, name) for name in told} | {
        name: datetime.fromtimestamp(moment).astimezone().isoformat(timespec="seconds") if moment else None
        for name, moment in moments.items()
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def _amount(formatting: Any, alert: dict[str, Any], name: str, currency: str) -> str:
    from decimal import Decimal

    number = alert[name]
    return formatting.value(Decimal(number), alert["unit"], alert["decimals"], currency) if number else ""
