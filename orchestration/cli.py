"""`kerncijfers`: everything a person does from the terminal. Heavy libraries are imported when a command needs them."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant; Typer wants an argument per option
from __future__ import annotations

import json
import shutil
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup

from orchestration import privacy_commands, release_commands, serving_commands, source_commands, status_commands
from orchestration.delivery import commands as delivery_commands
from orchestration.errors import KerncijfersError, in_words
from orchestration.metric import commands as metric_commands
from orchestration.options import CompanyOption, DataOption, InboxOption
from orchestration.options import chosen_paths as _paths
from orchestration.options import log_file as _log_file
from orchestration.paths import DBT_PROJECT, PROJECT, Paths

if TYPE_CHECKING:
    from rich.console import Console

    from orchestration.progress import Step
    from reports.formatting import Language


class _Group(TyperGroup):
    """Turns every error into one message: a person can solve it, or it is a defect with a log."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):  # the last: `... | head` has seen enough
            raise
        except Exception as error:
            if "click" in type(error).__module__:  # also Typer's own copy of it, which prints its usage errors itself
                raise
            _fail(error)


def _fail(error: Exception) -> None:
    clear = in_words(error)
    if clear is not None:
        typer.echo(f"Error: {clear}", err=True)
        raise typer.Exit(getattr(clear, "exit_code", 1)) from None
    log = _log_file()
    from orchestration import logs

    with log.open("a", encoding="utf-8") as handle:
        handle.write(logs.clean("".join(traceback.format_exception(error))))
    typer.echo(
        f"Error: something went wrong that Kerncijfers did not expect: {type(error).__name__}: {error}\n"
        f"Nothing was published by this. The details are in {log}",
        err=True,
    )
    raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From bookkeeping to an investor-ready KPI report, on your own machine, every number provable.",
)
metrics_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""The catalogue of KPIs, and one KPI: make it, try it, explain it.

    `metric` and `metrics` are the same command.

    \b
    Examples:
      kerncijfers metrics list
      kerncijfers metrics check
      kerncijfers metrics sign aov
      kerncijfers metric new orders_per_visitor --domain webshop
      kerncijfers metric preview aov
      kerncijfers metric diff aov v1 v2
      kerncijfers metric explain revenue 2025-12
    """,
)
metric_commands.register(metrics_app)
app.add_typer(release_commands.app, name="releases")
app.add_typer(source_commands.app, name="source")
delivery_commands.register(app)
app.add_typer(metrics_app, name="metrics")
app.add_typer(metrics_app, name="metric", help="The same as `metrics`: of one KPI, metric reads better.")
privacy_commands.register(app)
status_commands.register(app)
serving_commands.register(app)


class _Watch:
    """Shows the step that is going on, and leaves a line with its duration when it is over."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._title = ""
        self._count = ""
        self._since = 0.0

    def __call__(self, step: Step) -> None:
        if step.title != self._title:
            self.stop()
            self._title, self._since = step.title, time.monotonic()
            self._status.start()
        self._count = f" {step.done}/{step.total}" if step.total else ""
        self._status.update(f"{step.title}{self._count}")

    def stop(self, *, done: bool = True) -> None:
        """Ends the current step; without a mark when it did not succeed."""
        self._status.stop()
        if self._title:
            mark = "[green]✓[/]" if done else "[red]✗[/]"
            seconds = time.monotonic() - self._since
            self._console.print(f" {mark} {self._title}{self._count} [dim]{seconds:.1f} s[/]", highlight=False)
        self._title = self._count = ""


@app.command()
def refresh(
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Take nothing over from the last release: load the whole inbox again.")
    ] = False,
) -> None:
    """Refresh the numbers and publish a release.

    Loads, builds, tests, renders and publishes: one refresh is one release.

    The last good release stays up whatever happens. Exit code 75 means that another refresh of the same data folder
    is running.

    \b
    Examples:
      kerncijfers refresh
      kerncijfers refresh --inbox ~/bakery/inbox --data ~/bakery/data
      kerncijfers refresh --inbox exports --data out --company bakery.toml
    """
    from rich.console import Console

    from orchestration import refresh as work

    paths = _paths(data, inbox, company)
    started = time.monotonic()
    watch = _Watch(Console(stderr=True))
    try:
        folder = work.run(paths, watch, afresh=afresh)
    except BaseException:
        watch.stop(done=False)
        raise
    watch.stop()
    _summarise(folder, paths, time.monotonic() - started)
    delivery_commands.after_release(paths)


@app.command()
def report(
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Render the release again, with today's templates, here.")
    ] = None,
    number: Annotated[
        str | None, typer.Option("--release", help="An earlier release, such as 000001. [default: the current one]")
    ] = None,
    edition: Annotated[str | None, typer.Option("--edition", help="Only this edition.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="Only this language: nl or en.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the reports in a browser.")] = False,
    pdf: Annotated[
        bool,
        typer.Option(
            "--pdf", help="Also print each report to PDF, with Chromium, in --out or in <data>/pdf/<release>."
        ),
    ] = False,
) -> None:
    """Say where the reports are, render them elsewhere, or print them.

    A release never changes: --out renders its numbers to another folder, to try a template or an edition.

    \b
    Examples:
      kerncijfers report
      kerncijfers report --open --language nl
      kerncijfers report --out /tmp/preview
      kerncijfers report --release 000001 --out /tmp/as-issued
      kerncijfers report --edition supervisory_board --out /tmp/preview
      kerncijfers report --pdf --edition investor_monthly --language en
    """
    from orchestration import editions, printing, release, values

    paths = _paths(data)
    folder = values.current(paths) if number is None else release.earlier(paths, number)
    released = release.pages(folder)
    pages = [(of, tongue) for of, tongue in released if (edition or of, language or tongue) == (of, tongue)]
    if not pages and out is not None and edition:
        tried = editions.require([edition], paths.editions)[edition]
        pages = [(edition, tongue) for tongue in tried.languages if language in (None, tongue)]
    if not pages:
        known = ", ".join(" in ".join(page) for page in released)
        raise KerncijfersError(f"Release {folder.name} has no such report. It has: {known}.")
    target = folder if out is None else out
    program = printing.browser() if pdf else None
    for of, tongue in pages:
        file = target / release.page_name(of, tongue)
        if out is not None:
            from reports.render import render

            out.mkdir(parents=True, exist_ok=True)
            render(folder, edition=of, language=cast("Language", tongue), out=file, folders=paths.editions)
        typer.echo(str(file))
        if program:
            printed = paths.data / "pdf" / folder.name if out is None else out
            printed.mkdir(parents=True, exist_ok=True)
            typer.echo(str(printing.to_pdf(file, printed / f"{of}.{tongue}.pdf", program)))
        if show:
            typer.launch(file.resolve().as_uri())
    if edition or language:
        return
    if out is not None:
        from reports import site

        older = [release.read_facts(kept) for kept in reversed(release.kept(paths)) if kept.name < folder.name]
        named: list[tuple[str, Language, str]] = [
            (of, cast("Language", tongue), release.page_name(of, tongue)) for of, tongue in pages
        ]
        site.render(folder, named, out=out, earlier=older, folders=paths.editions)
    if (index := target / "index.html").is_file():
        typer.echo(f"{index} leads to these and to every KPI.")


@app.command()
def doctor(data: DataOption = None, inbox: InboxOption = None, company: CompanyOption = None) -> None:
    """Check everything a refresh needs; say what to do.

    Exit code 1 when something would stop a refresh.

    \b
    Examples:
      kerncijfers doctor
      kerncijfers doctor --inbox ~/bakery/inbox --data ~/bakery/data
    """
    from rich.console import Console

    from orchestration import doctor as surgery

    console = Console()
    blocked = False
    for finding in surgery.examine(_paths(data, inbox, company)):
        blocked |= finding.blocks
        mark = "[red]✗[/]" if finding.blocks else "[yellow]![/]" if finding.advice else "[green]✓[/]"
        console.print(f" {mark} [bold]{finding.subject}[/]: ", end="", highlight=False)
        console.print(finding.found, markup=False, highlight=False)
        if finding.advice:
            console.print(f"   → {finding.advice}", markup=False, highlight=False)
    if blocked:
        raise typer.Exit(1)


@app.command()
def value(
    metric: Annotated[str, typer.Argument(help="A metric or one of its aliases, such as revenue or omzet.")],
    grain: Annotated[str, typer.Option("--grain", help="month, quarter, year, ttm or all.")] = "year",
    period: Annotated[str, typer.Option("--period", help="Such as 2024-03, 2024-Q1, 2024 or all.")] = "",
    version: Annotated[
        int | None, typer.Option("--version", help="A version of the definition. [default: latest]")
    ] = None,
    scope: Annotated[str, typer.Option("--scope", help="Such as total or channel:shop.")] = "total",
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; decimals are exact text.")] = False,
) -> None:
    """Print one released value and what it is made of.

    Shows value, numerator, denominator, n, reason, status against its target, release and tests; the 95 % interval of a
    KPI from a sample.
    A value that is missing prints null with its reason.

    \b
    Examples:
      kerncijfers value revenue --grain year --period 2024
      kerncijfers value aov --version 1 --grain month --period 2024-03 --json
      kerncijfers value roas --grain quarter --period 2024-Q1 --scope channel:search --json
    """
    from orchestration import values

    if grain == "all":
        period = period or "all"
    if not period:
        raise KerncijfersError("Say which period with --period, for example --grain year --period 2024.")
    found = values.released_value(_paths(data), metric, grain=grain, period=period, version=version, scope=scope)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for name, content in found.items():
        if name == "tests":
            content = f"{content['passed']} of {content['total']} passed"  # noqa: PLW2901
        typer.echo(f"{name:>14}  {'–' if content is None else content}")
    if found["replaced_by"]:
        typer.echo(f"Version {found['replaced_by']} replaces this one since {found['deprecated_on']}.")


@app.command()
def accounts(
    data: DataOption = None,
    inbox: InboxOption = None,
    company: CompanyOption = None,
    write: Annotated[bool, typer.Option("--write", help="Add the proposals to the mapping file, for review.")] = False,
    file: Annotated[
        Path | None, typer.Option("--file", help="The mapping file. [default: account_mapping.csv in --data]")
    ] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Also accounts without a single line.")] = False,
) -> None:
    """Propose RGS codes for accounts without one.

    Shows the amount concerned.
    A proposal follows the account's description, its type and its number. Review it: it decides where an amount
    stands in the report.

    \b
    Examples:
      kerncijfers accounts
      kerncijfers accounts --inbox ~/bakery/inbox --data ~/bakery/data --write
      kerncijfers accounts --write --file dbt_project/seeds/account_mapping.csv
    """
    from rich.console import Console
    from rich.table import Table

    from orchestration import accounts as bookkeeping
    from orchestration import formatting

    paths = _paths(data, inbox, company)
    found = bookkeeping.unmapped(paths, include_unused=unused)
    if not found:
        typer.echo("Every account that is used has an RGS code.")
        return
    width = max(len(account.account_id) for account in found)
    proposals = [bookkeeping.propose(account, width) for account in found]
    table = Table(title=f"{len(proposals)} accounts without an RGS code")
    for heading in ("Account", "Description", "Type"):
        table.add_column(heading)
    table.add_column("Amount", justify="right")
    table.add_column("Proposal")
    table.add_column("Because")
    for one in proposals:
        account = one.account
        amount = formatting.value(account.amount, "number", 2, "")
        cells = (account.account_id, account.description, account.account_type, amount, one.rgs_code, one.reason)
        table.add_row(*cells)
    Console().print(table)
    if not write:
        typer.echo("Add --write to put these in a file, review it, and refresh.")
        return
    target = file or paths.data / bookkeeping.MAPPING_FILE
    added = bookkeeping.write(proposals, target)
    typer.echo(f"{added} rows added to {target}. Review them, then run `kerncijfers refresh` again.")


@app.command()
def demo(
    data: DataOption = None,
    inbox: InboxOption = None,
    size: Annotated[float, typer.Option("--size", help="1 is about 18,000 orders; 100 almost two million.")] = 1.0,
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed is another company.")] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Which company: ecommerce, mkb, saas, services or nonprofit.")
    ] = "ecommerce",
    force: Annotated[bool, typer.Option("--force", help="Write even when the inbox has files.")] = False,
) -> None:
    """Write the inbox of the demo company of a profile.

    Leaves an inbox that has files alone. The same profile, seed and size write the same files.

    \b
    Examples:
      kerncijfers demo
      kerncijfers demo --inbox /tmp/demo --size 10 --seed 7
      kerncijfers demo --profile saas --inbox /tmp/saas
    """
    from ingestion import demo as generator

    if profile not in generator.PROFILES:
        raise KerncijfersError(
            f"There is no demo company of profile {profile!r}. Choose from {', '.join(generator.PROFILES)}."
        )
    if profile != generator.DEFAULT_PROFILE and inbox is None:
        raise KerncijfersError(
            "The default inbox belongs to the coffee roaster that the project's company.toml describes. Name another: "
            f"kerncijfers demo --profile {profile} --inbox /tmp/{profile}"
        )
    paths = _paths(data, inbox)
    if not force and paths.inbox.is_dir() and any(paths.inbox.iterdir()):
        typer.echo(f"{paths.inbox} has files already; nothing written.")
        return
    typer.echo("Writing the demo company's files")
    generator.write(paths.inbox, profile=profile, size=size, seed=generator.DEFAULT_SEED if seed is None else seed)
    if inbox is not None and profile == generator.DEFAULT_PROFILE:
        shutil.copyfile(PROJECT / "company.toml", paths.inbox / "company.toml")
    typer.echo(f"The demo company's files are in {paths.inbox}")


@metrics_app.command("list")
def metrics_list(
    data: DataOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what belongs to other profiles or was left out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; decimals are exact text.")] = False,
) -> None:
    """List the company's KPIs: core, then what supports them.

    Shows owner, newest complete value, or the reason why there is none. The profile in company.toml chooses; `[kpis]`
    there changes the choice.

    \b
    Examples:
      kerncijfers metrics list
      kerncijfers metrics list --all --json
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from orchestration import formatting, values

    found = values.catalogue(values.current(_paths(data)))
    shown = [kpi for kpi in found if everything or kpi["role"] in ("core", "supporting")]
    if as_json:
        typer.echo(json.dumps([{**kpi, "value": values.exact(kpi["value"])} for kpi in shown], indent=2))
        return
    for role in dict.fromkeys(kpi["role"] for kpi in shown):
        of_role = [kpi for kpi in shown if kpi["role"] == role]
        title = f"{len(of_role)} {formatting.words(role)}"
        table = Table(box=box.SIMPLE, title=title, title_justify="left", title_style="bold")
        table.add_column("Metric", no_wrap=True)
        table.add_column("KPI")
        table.add_column("Owner")
        table.add_column("Period", no_wrap=True)
        table.add_column("Value", no_wrap=True, justify="right")
        for kpi in of_role:
            value = formatting.value(kpi["value"], kpi["unit"], kpi["decimals"], kpi["currency"])
            said = value if kpi["value"] is not None else formatting.words(kpi["reason"] or "no_data")
            label = f"{kpi['label']}{', leading' if kpi['timing'] == 'leading' else ''}"
            period = kpi["period"] if kpi["value"] is not None else ""
            table.add_row(f"{kpi['metric']}@{kpi['version']}", label, kpi["owner"], period, said)
        Console().print(table)


@metrics_app.command("sync")
def metrics_sync() -> None:
    """Write what follows from other files: the unions of all metrics and bridges, and dbt's exposures of the editions.

    \b
    Example:
      kerncijfers metrics sync
    """
    from orchestration import exposures, metrics_union

    changed = metrics_union.write(DBT_PROJECT)
    changed += [exposures.TARGET] if exposures.write(PROJECT) else []
    for target in (*(union.target for union in metrics_union.UNIONS), exposures.TARGET):
        typer.echo(f"{target} {'written' if target in changed else 'was up to date'}.")


@metrics_app.command("check")
def metrics_check() -> None:
    """Check the registry of every metric: everything `make check` refuses, in seconds, without building.

    Prints where, what, and what to do. Exit code 1 when there is something.

    \b
    Example:
      kerncijfers metrics check
    """
    from orchestration import metrics_lint

    findings = metrics_lint.check(PROJECT)
    for finding in findings:
        typer.echo(str(finding), err=True)
    if findings:
        raise KerncijfersError(f"{len(findings)} findings in the metrics layer. Nothing else was checked or changed.")
    typer.echo("The metrics layer is as it should be.")


@metrics_app.command("sign")
def metrics_sign(metric: Annotated[str, typer.Argument(help="A metric, such as aov.")]) -> None:
    """Record that the SQL of a metric is as it should be: write the fingerprint of each version in its YAML.

    Right for a new metric or version, and after a change that moves no published number: a renamed step, a join
    written differently with the same outcome. Compare before you sign. When a number of a closed period moves,
    however little, it is not right: put the file back and make a new version.

    \b
    Example:
      kerncijfers metrics sign aov
    """
    from orchestration import fingerprints

    changed = fingerprints.sign(DBT_PROJECT, metric)
    typer.echo(f"Signed {metric} {', '.join(changed)}." if changed else f"{metric} was signed as it is.")


@metrics_app.command("schema")
def metrics_schema() -> None:
    """Publish the JSON schema that editors complete a metric's YAML with.

    \b
    Example:
      kerncijfers metrics schema
    """
    from orchestration import registry

    file = DBT_PROJECT / registry.SCHEMA
    file.write_text(registry.schema(DBT_PROJECT), encoding="utf-8")
    typer.echo(f"{file} written.")


def _summarise(folder: Path, paths: Paths, seconds: float) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from orchestration import formatting, release, values

    facts = release.read_facts(folder)
    tests = facts["tests"]
    core = values.core_values(folder)
    months = sorted({kpi.period for kpi in core})
    table = Table(title=f"{facts['company_name']}, data as of {facts['as_of']}", title_justify="left", box=box.SIMPLE)
    for heading in ("Core KPI", months[0] if len(months) == 1 else "Month", "Year ago", "Status", "12 months"):
        right = heading not in ("Core KPI", "Status")
        table.add_column(heading, justify="right" if right else "left", no_wrap=right)
    for kpi in core:
        month, year = (
            formatting.value(number, kpi.unit, kpi.decimals, kpi.currency) for number in (kpi.value, kpi.twelve_months)
        )
        moved = formatting.change(kpi.growth, kpi.difference, kpi.unit, kpi.decimals)
        state = formatting.words(kpi.status if kpi.value is not None else kpi.reason)
        label = kpi.label if len(months) == 1 else f"{kpi.label}, {kpi.period}"
        table.add_row(label, month, moved, state, year)
    console = Console()
    console.print(table)
    for warning in facts["warnings"]:
        console.print(f"Warning: {warning}", markup=False, highlight=False)
    typer.echo(
        f"Release {facts['release']}: {tests['passed']} of {tests['total']} tests passed, in {seconds:.0f} s. Reports:"
    )
    for page in sorted(folder.glob("*.html")):
        typer.echo(f"  {paths.current / page.name}")


if __name__ == "__main__":
    sys.exit(app())
