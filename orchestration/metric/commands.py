"""The commands of `kerncijfers metric` that are about one metric. They ask, call and print; the work is elsewhere."""

# ruff: noqa: PLC0415 - imported where needed, so that --help is instant
from __future__ import annotations

import gc
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.errors import KerncijfersError
from orchestration.options import DataOption, chosen_paths

if TYPE_CHECKING:
    from orchestration.metric.preview import Preview

MetricArgument = Annotated[str, typer.Argument(help="A metric or one of its aliases, such as aov.")]
VersionOption = Annotated[int | None, typer.Option("--version", help="A version of the definition. [default: latest]")]
GrainOption = Annotated[
    str | None, typer.Option("--grain", help="month, quarter, year, ttm or all. [default: the report's]")
]
ScopeOption = Annotated[str, typer.Option("--scope", help="Such as total or channel:shop.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs; decimals are exact text.")]


def new(
    name: Annotated[str, typer.Argument(help="Name of the metric, such as orders_per_visitor.")],
    domain: Annotated[str, typer.Option("--domain", prompt="Domain", help="The folder: finance, webshop, sales ...")],
    origin: Annotated[
        str,
        typer.Option(
            "--from", prompt="Mart, or a metric like it", help="A mart per period, or a metric that reads it."
        ),
    ],
    numerator: Annotated[str | None, typer.Option("--numerator", help="SQL over the columns of the mart.")] = None,
    denominator: Annotated[
        str | None, typer.Option("--denominator", help="The same; 1 for a sum or a balance.")
    ] = None,
    n: Annotated[str | None, typer.Option("--n", help="How many observations stand behind it, as SQL.")] = None,
    case: Annotated[
        str | None, typer.Option("--case", help="A worked case: `order_count=3, visitor_count=150 -> 3 / 150`.")
    ] = None,
    label_nl: Annotated[str | None, typer.Option("--label-nl")] = None,
    label_en: Annotated[str | None, typer.Option("--label-en")] = None,
    definition_nl: Annotated[str | None, typer.Option("--definition-nl", help="One plain sentence.")] = None,
    definition_en: Annotated[str | None, typer.Option("--definition-en", help="One plain sentence.")] = None,
    formula_nl: Annotated[str | None, typer.Option("--formula-nl", help="In words.")] = None,
    formula_en: Annotated[str | None, typer.Option("--formula-en", help="In words.")] = None,
    formula_source: Annotated[str | None, typer.Option("--formula-source", help="Who defined it this way.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="currency, percent, ratio, days, count ...")] = None,
    decimals: Annotated[int | None, typer.Option("--decimals", min=0, max=4)] = None,
    better: Annotated[str | None, typer.Option("--better", help="up, down, band or none.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="The role that answers for it.")] = None,
    sources: Annotated[str | None, typer.Option("--sources", help="What it can't do without: orders,sessions.")] = None,
    data: DataOption = None,
) -> None:
    """Make a metric: its folder with SQL and YAML, complete.

    What is not given as an option is asked, with the answers of metrics on the same mart as a start. The folder builds
    at once: the worked case is checked before anything is written, and stands in it as a unit test.

    \b
    Examples:
      kerncijfers metric new orders_per_visitor --domain webshop --from revenue_per_visitor
      kerncijfers metric new shipping_per_order --domain webshop --from fct_shop_by_period
    """
    from datetime import date

    from orchestration.metric import scaffold
    from orchestration.paths import DBT_PROJECT

    begin = scaffold.start(chosen_paths(data), DBT_PROJECT, name, domain, origin)
    known = begin.defaults
    typer.echo(f"{begin.mart} has per period{' and scope' if begin.is_scoped else ''}: {', '.join(begin.numbers)}.")

    def ask(given: str | None, question: str, default: str | None = None) -> str:
        return given if given is not None else str(typer.prompt(question, default=default)).strip()

    numerator = ask(numerator, "Numerator")
    denominator = ask(denominator, "Denominator", "1")
    n = ask(n, "n: how many observations", denominator if denominator != "1" else numerator)
    worked = scaffold.case(begin, ask(case, "A worked case, such as `order_count=3, visitor_count=150 -> 3 / 150`"))
    told = {
        "label_nl": ask(label_nl, "Label in Dutch"),
        "label_en": ask(label_en, "Label in English"),
        "definition_nl": ask(definition_nl, "Definition in Dutch, one plain sentence"),
        "definition_en": ask(definition_en, "Definition in English, one plain sentence"),
        "formula_nl": ask(formula_nl, "Formula in Dutch words"),
        "formula_en": ask(formula_en, "Formula in English words"),
        "formula_source": ask(formula_source, "Who defined it this way: a law, a standard, a publication"),
        "reconciles_to": known.get("reconciles_to", "none"),
        "unit": ask(unit, f"Unit ({', '.join(scaffold.UNITS)})"),
        "decimals": decimals if decimals is not None else int(ask(None, "Decimals", "2")),
        "better": ask(better, f"Better ({', '.join(scaffold.BETTER)})", "up"),
        "timing": known.get("timing", "lagging"),
        "class": "flow" if denominator == "1" else "ratio",
        "profiles": known.get("profiles", list(scaffold.PROFILES)),
        "sort": known["sort"],
        "domain": domain,
        "owner": ask(owner, "Owner: one role", known.get("owner")),
        "frequency": known.get("frequency", "monthly"),
        "report_grain": known.get("report_grain", "month"),
        "target_type": "level",
        "aliases": [],
        "sources": ask(sources, "Sources it can't do without", ",".join(known.get("sources", [])) or None).split(","),
        "zero_denominator_reason": "no_denominator",
        "partial": known.get("partial", "to_date"),
        "non_negative": False,
        "min_n": 0,
        "valid_from": date.today().isoformat(),
    }
    formula = scaffold.Formula(numerator, denominator, n)
    written = scaffold.write(DBT_PROJECT, name, begin, told, formula, worked)
    for file in written:
        typer.echo(f"{file.relative_to(DBT_PROJECT.parent)} written.")
    typer.echo(f"See its values with `kerncijfers metric preview {name}`.")
    typer.echo(f"A report shows it when an edition in reports/editions names {name}@1; `metrics check` asks for one.")


def preview(
    metric: MetricArgument,
    version: VersionOption = None,
    grain: GrainOption = None,
    scope: ScopeOption = "total",
    periods: Annotated[int, typer.Option("--periods", help="How many of the last periods.", min=1)] = 13,
    watch: Annotated[
        bool | None,
        typer.Option(
            "--watch/--once",
            help="Print again each time a file is saved, until Ctrl-C. [default: on a terminal, but for --json]",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a metric's last values as its file says now.

    Compiles the metric with dbt as it stands on disk, saved or new, and computes it on the tables of the current
    release: the values a refresh would publish. Nothing is built or published. What changed in a mart shows after a
    refresh. On a terminal it stays, and shows them again a second or two after each save.

    \b
    Examples:
      kerncijfers metric preview aov
      kerncijfers metric preview aov --once
      kerncijfers metric preview roas --grain quarter --scope channel:search --json
    """
    from orchestration.metric import preview as work
    from orchestration.metric import show

    gc.set_threshold(1_000_000)  # dbt makes a million objects, and all of them stay
    if watch is None:
        watch = sys.stdout.isatty() and not as_json
    paths = chosen_paths(data)
    options = {"version": version, "grain": grain, "scope": scope, "periods": periods}

    def put(found: Preview) -> None:
        if as_json:
            typer.echo(json.dumps(show.plain(found), ensure_ascii=False, indent=None if watch else 2))
        else:
            show.preview(found)
            if watch:
                typer.echo("  Save a file to see it again; Ctrl-C ends.")

    if not watch:
        put(work.preview(paths, metric, **options))
        return
    try:
        for found in work.changed(paths, metric, **options):
            if isinstance(found, KerncijfersError):
                typer.echo(f"Error: {found}", err=True)
            else:
                put(found)
    except KeyboardInterrupt:
        return


def diff(
    metric: MetricArgument,
    older: Annotated[str, typer.Argument(help="A version, such as v1 or 1.")],
    newer: Annotated[str, typer.Argument(help="Another version, such as v2 or 2.")],
    grain: GrainOption = None,
    period: Annotated[
        str | None, typer.Option("--period", help="Only this period. [default: the whole history]")
    ] = None,
    scope: ScopeOption = "total",
    every_scope: Annotated[bool, typer.Option("--all-scopes", help="Every scope instead of one.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where two versions of a metric part, and why.

    Per period: both released values and the difference in named parts, which add up exactly. Below it stands the
    reason of each newer version.

    \b
    Examples:
      kerncijfers metric diff aov v1 v2
      kerncijfers metric diff nrr v1 v2 --grain quarter
      kerncijfers metric diff aov 1 2 --period 2025-12 --all-scopes --json
    """
    from orchestration.metric import diff as work
    from orchestration.metric import show

    paths = chosen_paths(data)
    numbers = [_version_number(text) for text in (older, newer)]
    found = work.versions(paths, metric, *numbers, grain=grain, scope=None if every_scope else scope, period=period)
    if as_json:
        typer.echo(json.dumps(show.plain(found), ensure_ascii=False, indent=2))
    else:
        show.diff(found)


def explain(
    metric: MetricArgument,
    period: Annotated[str, typer.Argument(help="Such as 2025-12, 2025-Q4, 2025 or all.")],
    grain: Annotated[
        str | None, typer.Option("--grain", help="month, quarter, year, ttm or all. [default: follows the period]")
    ] = None,
    scope: ScopeOption = "total",
    version: VersionOption = None,
    rows: Annotated[int, typer.Option("--rows", help="How many of the largest rows of each table.", min=1)] = 5,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Walk from a released value to the source rows it is made of.

    Numerator and denominator are followed through every model down to the files, by the SQL of the models. At each
    table: how many of its rows count, what they add together, and the largest. Sums that do not meet are not shown: the
    walk stops there and says why. Rows never show a person.

    \b
    Examples:
      kerncijfers metric explain revenue 2025-12
      kerncijfers metric explain aov 2025-Q4 --scope channel:email
      kerncijfers metric explain conversion 2025-12 --rows 10 --json
    """
    from orchestration.metric import explain as work
    from orchestration.metric import show

    found = work.explain(chosen_paths(data), metric, period, grain=grain, scope=scope, version=version, rows=rows)
    if as_json:
        typer.echo(json.dumps(show.plain(found), ensure_ascii=False, indent=2))
    else:
        show.explain(found)


def _version_number(text: str) -> int:
    digits = text.strip().casefold().removeprefix("v")
    if not digits.isdecimal():
        raise KerncijfersError(f"{text!r} is no version. Write it as v1 or 1.")
    return int(digits)


def register(group: typer.Typer) -> None:
    """Adds these commands to a group."""
    for command in (new, preview, diff, explain):
        group.command()(command)
