"""The commands of `kerncijfers source`. They ask, call and print; the work is in `sources.py`."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from orchestration.errors import KerncijfersError
from orchestration.options import CompanyOption, DataOption, InboxOption, chosen_paths
from orchestration.paths import Paths

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from ingestion.connect.connector import Connector, Reader, Settings

Model = TypeVar("Model", bound="BaseModel")
NameArgument = Annotated[str, typer.Argument(help="A system, such as shopify.")]
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""The systems a company is connected to: add one, test it, fetch from it, see how fresh it is.

    \b
    Examples:
      kerncijfers source add shopify
      kerncijfers source test shopify
      kerncijfers source fetch shopify
      kerncijfers source list
    """,
)


def _connector(name: str) -> Connector:
    from ingestion.sources import registry

    try:
        return registry.connector(name)
    except ValueError as error:
        raise KerncijfersError(f"{str(error).capitalize()}.") from None


def _declared(paths: Paths, name: str) -> tuple[Connector, Settings]:
    from orchestration import company

    connector = _connector(name)
    settings = company.read(paths).sources.get(name)
    if settings is None:
        raise KerncijfersError(f"company.toml does not connect {name}. Run `kerncijfers source add {name}`.")
    return connector, settings


@app.command()
def add(name: NameArgument, data: DataOption = None, inbox: InboxOption = None, company: CompanyOption = None) -> None:
    """Connect a system: asks what it needs, tests it, shows a sample, and writes company.toml.

    Nothing is written before the connection works and you agree. Secrets that stand in the environment are used; the
    others are asked and kept in the data folder, readable by you alone, never in company.toml. A database is added by
    its kind: postgresql, mysql or mariadb.

    \b
    Examples:
      kerncijfers source add shopify
      kerncijfers source add postgresql
    """
    from ingestion.sources.databases.settings import KINDS
    from orchestration import sources

    paths = chosen_paths(data, inbox, company)
    if name in KINDS:
        _add_database(paths, name)
        return
    connector = _connector(name)
    sources.free(paths, name)
    settings = _asked(connector.settings, {})
    known = sources.environment(paths)
    asked: dict[str, str] = {}
    for secret, what in connector.secrets.items():
        if not known.get(secret):
            optional = secret in connector.optional_secrets
            hint = f"{secret} ({what}{', empty if not used' if optional else ''})"
            value = typer.prompt(hint, hide_input=True, default="" if optional else None, show_default=False)
            asked |= {secret: value} if value else {}
    opened = connector.reader(settings, paths.sources / name, known | asked)
    _show(connector, opened)
    if not typer.confirm("Connect it?", default=True):
        raise typer.Abort
    file = sources.declare(paths, name, settings)
    typer.echo(f"Written: [sources.{name}] in {file}.")
    if asked:
        typer.echo(f"The secrets are in {sources.keep_secrets(paths, asked)}, for you alone.")
    if name != sources.OWN:
        typer.echo(
            f"Say under [privacy.processors.{name}] when the data processing agreement was made, and the region."
        )
    typer.echo(f"Next: `kerncijfers source fetch {name}` for the first load, or `kerncijfers refresh`.")


def _asked(model: type[Model], given: dict[str, Any]) -> Model:
    """The settings of which the required ones that are not given are asked."""
    from pydantic import ValidationError

    answers = dict(given)
    for key, field in model.model_fields.items():
        if field.is_required() and key not in given:
            answers[key] = typer.prompt(field.description or key)
    try:
        return model.model_validate(answers)
    except ValidationError as error:
        said = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise KerncijfersError(f"This can't be used: {said}. Nothing was written.") from None


def _add_database(paths: Paths, kind: str) -> None:
    from rich import box
    from rich.table import Table

    from ingestion.sources import databases
    from ingestion.sources.databases.settings import NAME, DatabaseSpec
    from orchestration import sources

    name = typer.prompt("A name for it here, such as shop")
    if not re.fullmatch(NAME, name):
        raise KerncijfersError(f"{name!r} can't be a name: use small letters, digits and _. Nothing was written.")
    sources.free(paths, name, "databases")
    database = _asked(DatabaseSpec, {"kind": kind})
    known, secret, asked = sources.environment(paths), DatabaseSpec.secret(name), {}
    if not known.get(secret):
        asked[secret] = typer.prompt(f"{secret} (the password of {database.user})", hide_input=True)
    typer.echo(f"{name}: {databases.check(name, database, known | asked)}.")
    for found in databases.readable(name, database, known | asked):
        table = Table(*found.columns, title=f"{found.table}: {found.rows:,} rows", box=box.SIMPLE)
        for row in found.first:
            table.add_row(*("" if value is None else value for value in row))
        _console().print(table)
    if not typer.confirm("Connect it?", default=True):
        raise typer.Abort
    file = sources.declare(paths, name, database, "databases")
    typer.echo(f"Written: [databases.{name}] in {file}.")
    if asked:
        typer.echo(f"The password is in {sources.keep_secrets(paths, asked)}, for you alone.")
    typer.echo("Next: declare its tables as [[files]] (ingestion/sources/databases/README.md says how).")


@app.command()
def test(name: NameArgument, data: DataOption = None, inbox: InboxOption = None, company: CompanyOption = None) -> None:
    """Test a connection: access, permissions, and the first rows of every table. Nothing is kept.

    Of a database of [databases] it says how many rows each declared table has.

    \b
    Examples:
      kerncijfers source test shopify
      kerncijfers source test shop
    """
    from orchestration import company as company_file
    from orchestration import sources

    paths = chosen_paths(data, inbox, company)
    told = company_file.read(paths)
    if database := told.databases.get(name):
        typer.echo(f"{name}: {sources.answer(paths, name, database)}.")
        for table, rows in sources.tables(paths, name, database, told.files):
            typer.echo(f"{table}: {rows:,} rows")
        return
    connector, settings = _declared(paths, name)
    _show(connector, sources.reader(paths, connector, settings))


@app.command()
def fetch(
    name: NameArgument, data: DataOption = None, inbox: InboxOption = None, company: CompanyOption = None
) -> None:
    """Fetch what is new, or everything the first time. A refresh does this too; the first load may take long.

    Stopped half-way, it goes on where it was: nothing is read twice into the numbers.

    \b
    Example:
      kerncijfers source fetch shopify
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ingestion.connect.connector import Step
    from orchestration import sources

    paths = chosen_paths(data, inbox, company)
    connector, settings = _declared(paths, name)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {table: bar.add_task(table.replace("_", " "), total=None) for table in connector.tables}

        def on_step(step: Step) -> None:
            total = step.rows if step.done else step.total
            bar.update(tasks[step.table], completed=step.rows, total=total)

        came = sources.fetch(paths, connector, settings, on_step)
    for table, rows in came.items():
        typer.echo(f"{table.replace('_', ' ')}: {rows:,} rows")


@app.command()
def listen(
    port: Annotated[int, typer.Option(help="Where to listen.")] = 8750,
    host: Annotated[str, typer.Option(help="On which address; a proxy with TLS belongs in front.")] = "127.0.0.1",
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
) -> None:
    """Receive webhooks of the senders in company.toml, until it is stopped. A refresh takes in what came.

    \b
    Example:
      kerncijfers source listen --port 8750
    """
    import uvicorn

    from ingestion.sources.webhooks import spool as spools
    from ingestion.sources.webhooks.receiver import Receiver
    from ingestion.sources.webhooks.settings import WebhookSettings
    from orchestration import sources

    paths = chosen_paths(data, inbox, company)
    connector, settings = _declared(paths, "webhooks")
    assert isinstance(settings, WebhookSettings)
    opened = sources.reader(paths, connector, settings)
    typer.echo(f"{opened.check().capitalize()}.")
    spool = spools.of(paths.sources / connector.name)
    receiver = Receiver(settings, sources.environment(paths)["WEBHOOKS_SECRET"], spool)
    with spool.locked():
        uvicorn.run(receiver.app, host=host, port=port, log_level="warning")


@app.command("list")
def list_sources(data: DataOption = None, inbox: InboxOption = None, company: CompanyOption = None) -> None:
    """The connected systems: when each was last read whole, and its rows.

    \b
    Example:
      kerncijfers source list
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from ingestion.sources import registry
    from orchestration import company as company_file
    from orchestration import sources

    paths = chosen_paths(data, inbox, company)
    told = company_file.read(paths)
    connected = told.sources
    rest = ", ".join(name for name in registry.NAMES if name not in connected)
    if connected:
        table = Table("Source", "Read whole at", box=box.SIMPLE)
        table.add_column("Rows here", justify="right")
        table.add_column("In the release", justify="right")
        for row in sources.listed(paths, [registry.connector(name) for name in connected]):
            table.add_row(row.title, row.fetched_at or "never yet", f"{row.here:,}", f"{row.released:,}")
        Console().print(table)
    for name, database in told.databases.items():
        declared = [spec.pattern for spec in told.files if spec.database == name]
        held = sources.released_rows(paths, [spec.name for spec in told.files if spec.database == name])
        what = f"{', '.join(declared) or 'no table declared'}, read whole by each refresh"
        typer.echo(f"Database {name} ({database.kind}): {what}; {held:,} rows in the release.")
    typer.echo(f"Not connected: {rest}." if rest else "Every system there is a connector for is connected.")


def _console() -> Console:
    from rich.console import Console

    return Console(width=None if os.isatty(1) else 200)


def _show(connector: Connector, opened: Reader) -> None:
    from rich import box
    from rich.table import Table

    from ingestion import privacy
    from orchestration import sources

    typer.echo(f"{connector.title}: {opened.check()}.")
    console = _console()
    for sample in sources.sample(connector, opened):
        amount = f"{sample.total:,} rows" if sample.total is not None else "the system does not say how many rows"
        table = Table(*sample.rows.column_names[:-1], title=f"{sample.table}: {amount}", box=box.SIMPLE)
        people = list(privacy.people(sample.rows.schema))
        for row in sample.rows.to_pylist():
            row |= {name: "(a pseudonym)" for name in people if row[name] is not None}
            table.add_row(*("" if value is None else str(value) for value in list(row.values())[:-1]))
        console.print(table)
