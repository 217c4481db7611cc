"""company.toml: who the company is, which files it delivers, and when and what is reported."""

from __future__ import annotations

import calendar
import csv
import re
import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializeAsAny,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from ingestion.connect.connector import Connector, Settings
from ingestion.sources import registry, xaf
from ingestion.sources.company.settings import CompanySettings, KpiChoices
from ingestion.sources.company.support import SupportSettings
from ingestion.sources.databases.settings import NAME, DatabaseSpec
from ingestion.sources.files import terms
from ingestion.sources.files.settings import FileSpec
from ingestion.terms import Term
from orchestration import editions
from orchestration.delivery import settings as delivering
from orchestration.errors import KerncijfersError, did_you_mean
from orchestration.paths import DBT_PROJECT, Paths
from reports.formatting import Language

DEFAULT_TIME_ZONE = "Europe/Amsterdam"
DEFAULT_PROFILE = "mkb"
# Lines are the orders they are of.
_PART_OF = {"order_lines": "orders"}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReportSection(_Section):
    """`[report]`: which editions are rendered, in which languages."""

    editions: tuple[str, ...] = Field(default=("management",), min_length=1)
    languages: tuple[Language, ...] = Field(default=("nl", "en"), min_length=1)


class ScheduleSection(_Section):
    """`[schedule]`: the hour of the daily refresh, in company time."""

    refresh_at: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "06:00"

    @property
    def cron(self) -> str:
        """The hour as a cron expression."""
        hour, minute = self.refresh_at.split(":")
        return f"{int(minute)} {int(hour)} * * *"


class NotifySection(_Section):
    """`[notify]`: whether a failed run and alerts about KPIs are told, and the language of the alerts.

    The addresses are secrets and come from the environment. Without a language it is the first one of `[report]`.
    """

    on_failure: bool = True
    on_alert: bool = True
    language: Language | None = None


class FreshnessSection(_Section):
    """`[freshness]`: what was promised. Whoever gets alerts is told when it is broken, and when it is kept again.

    `release_hours` is how old the current release may be; `days` says of a source how old its newest data may be, such
    as `days = {ledger = 122, orders = 2}`. Without a promise nothing is late.
    """

    release_hours: Annotated[int, Field(ge=1)] | None = None
    days: dict[str, Annotated[int, Field(ge=1)]] = {}

    @field_validator("days")
    @classmethod
    def _known_sources(cls, days: dict[str, int]) -> dict[str, int]:
        with (DBT_PROJECT / "seeds" / "source_labels.csv").open(encoding="utf-8", newline="") as file:
            known = [row["source"] for row in csv.DictReader(file)]
        if unknown := sorted(set(days) - set(known)):
            raise ValueError(f"there is no source {', '.join(unknown)}; the sources are {', '.join(known)}")
        return days


class RetentionSection(_Section):
    """`[retention]`: how long releases and the private warehouses behind them are kept.

    A release stays while it is one of the newest `releases` or no older than `release_days`; a private warehouse, which
    holds every raw row, only while it is one of the newest `warehouses` and no older than `warehouse_days`. The current
    release and its warehouse always stay.
    """

    releases: Annotated[int, Field(ge=1)] = 24
    release_days: Annotated[int, Field(ge=0)] = 92
    warehouses: Annotated[int, Field(ge=1)] = 3
    warehouse_days: Annotated[int, Field(ge=1)] = 92
    people: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Months after which the rows of a source no longer say who they are about: of the declared files of an entity, or
    of a connected system; `default` is of those not named."""

    @field_validator("people")
    @classmethod
    def _about_people(cls, people: dict[str, int]) -> dict[str, int]:
        known = [entity for entity in terms.PEOPLE if terms.PEOPLE[entity] and entity not in _PART_OF]
        if unknown := set(people) - {*known, "default"}:
            systems = [connector.name for connector in registry.connectors() if connector.forgets]
            if unknown := sorted(unknown - {*systems}):
                raise ValueError(
                    f"no declared file about {', '.join(unknown)} says who a row is about, nor a connected system of "
                    f"that name; the files that do are {', '.join(known)}, the systems {', '.join(systems)}, and "
                    "default is for all of them"
                )
        return people

    def months(self, entity: str) -> int | None:
        """The term of an entity's people, in months; None when it has none, and keeps them."""
        return self.people.get(_PART_OF.get(entity, entity), self.people.get("default"))

    def term(self, system: Connector, now: datetime, time_zone: str) -> Term | None:
        """The term of a connected system's people: it moves on once a month, and is never longer than it says."""
        months = self.months(system.name) if system.forgets else None
        today = now.astimezone(ZoneInfo(time_zone)).date()
        return Term(_months_before(today.replace(day=1), months - 1), time_zone) if months else None

    def terms(self, now: datetime, time_zone: str) -> terms.Terms | None:
        """What is within its term at a moment, by the company's calendar; None when nothing has a term."""
        if not self.people:
            return None
        today = now.astimezone(ZoneInfo(time_zone)).date()
        months = {entity: self.months(entity) for entity, columns in terms.PEOPLE.items() if columns}
        since = {entity: _months_before(today, term) for entity, term in months.items() if term}
        return terms.Terms(since, time_zone)


class ProcessorSection(_Section):
    """`[privacy.processors.<source>]`: whoever keeps the data of a connected system for the company (art. 28 AVG/GDPR).

    `agreed_on` is the day of the data processing agreement. `region` is where it keeps the data: the EEA, or what makes
    a transfer lawful elsewhere.
    """

    agreed_on: date
    region: Literal["EEA", "adequacy", "DPF", "SCC"]
    sub_processors: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)] = ""


class PrivacySection(_Section):
    """`[privacy]`: what the register of processing can't know from the rest: who answers, the legal ground, and whether
    a mail provider, a bucket or this machine itself is outside the EEA."""

    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    transfer: Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)] = ""
    basis: Literal["legitimate_interest", "contract", "legal_obligation", "consent", "public_task"] = (
        "legitimate_interest"
    )
    processors: dict[str, ProcessorSection] = {}
    require_agreements: bool = False
    """Whether nothing is read from a connected system that `processors` does not name."""


class Company(_Section):
    """The whole of company.toml. Everything but `[company]` has a default; without a file `company` is None."""

    company: CompanySettings | None = None
    kpis: KpiChoices = KpiChoices()
    support: SupportSettings | None = None
    report: ReportSection = ReportSection()
    schedule: ScheduleSection = ScheduleSection()
    notify: NotifySection = NotifySection()
    freshness: FreshnessSection = FreshnessSection()
    retention: RetentionSection = RetentionSection()
    privacy: PrivacySection = PrivacySection()
    mail: delivering.MailSection | None = None
    delivery: delivering.DeliverySection = delivering.DeliverySection()
    recipients: tuple[delivering.Recipient, ...] = ()
    webhooks: tuple[delivering.Webhook, ...] = ()
    files: tuple[FileSpec, ...] = ()
    sources: dict[str, SerializeAsAny[Settings]] = {}
    databases: dict[Annotated[str, StringConstraints(pattern=NAME)], DatabaseSpec] = {}
    _languages: dict[str, tuple[Language, ...]] = PrivateAttr(default_factory=dict)
    """The languages of editions that are not in every language."""

    @field_validator("sources", mode="before")
    @classmethod
    def _known_sources(cls, declared: dict[str, Any]) -> dict[str, Settings]:
        return registry.settings(declared)

    @model_validator(mode="after")
    def _known_databases(self) -> Self:
        for spec in self.files:
            if spec.database and spec.database not in self.databases:
                raise ValueError(
                    f"[[files]] {spec.name} reads database {spec.database}, but there is no [databases.{spec.database}]"
                )
        return self

    @model_validator(mode="after")
    def _known_processors(self) -> Self:
        if unknown := sorted(set(self.privacy.processors) - set(self.sources)):
            raise ValueError(f"[privacy.processors] names {', '.join(unknown)}, but there is no [sources.{unknown[0]}]")
        return self

    @field_validator("kpis")
    @classmethod
    def _known_metrics(cls, kpis: KpiChoices) -> KpiChoices:
        known = [folder.name for folder in (DBT_PROJECT / "models" / "metrics").glob("*/*")]
        for metric in sorted(kpis.metrics - set(known)):
            raise ValueError(
                f"there is no metric {metric}.{did_you_mean(metric, known)} "
                "dbt_project/models/metrics has one folder for each"
            )
        return kpis

    @property
    def alert_language(self) -> Language:
        """The language alerts are written in."""
        return self.notify.language or self.report.languages[0]

    @property
    def time_zone(self) -> str:
        """The company's time zone; the default one until an auditfile has been read."""
        return self.company.time_zone if self.company else DEFAULT_TIME_ZONE

    @property
    def name(self) -> str | None:
        """The company's name, when there is a file that says it."""
        return self.company.name if self.company else None

    @property
    def administrations(self) -> Sequence[str]:
        """The company ids an inbox may hold together; none named means one."""
        return self.company.administrations if self.company else ()

    @property
    def pages(self) -> list[tuple[str, Language]]:
        """Every (edition, language) a release holds."""
        return [
            (edition, language)
            for edition in self.report.editions
            for language in self.report.languages
            if language in self._languages.get(edition, self.report.languages)
        ]


def read(paths: Paths) -> Company:
    """What company.toml says; the defaults when there is none.

    Raises KerncijfersError that names the file, the line or key, and what is wrong with it.
    """
    if paths.company is None:
        return Company()
    try:
        content = tomllib.loads(paths.company.read_text(encoding="utf-8-sig"))
        company = Company.model_validate(content)
    except FileNotFoundError:
        raise KerncijfersError(f"There is no file {paths.company}.") from None
    except UnicodeDecodeError as error:
        raise KerncijfersError(f"{paths.company} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise KerncijfersError(f"{paths.company} is not valid TOML: {error}. Texts need quotes.") from None
    except ValidationError as error:
        problems = [_in_words(problem, content) for problem in error.errors()]
        raise KerncijfersError(f"{paths.company} can't be used as it is:\n" + "\n".join(problems)) from None
    try:
        shown = editions.require(company.report.editions, paths.editions)
    except KerncijfersError as error:
        raise KerncijfersError(f"{paths.company}, report.editions: {error}") from None
    for name, edition in shown.items():
        if not set(edition.languages) & set(company.report.languages):
            raise KerncijfersError(
                f"{paths.company}: edition {name} is written in {', '.join(edition.languages)}, "
                f"but report.languages has only {', '.join(company.report.languages)}."
            )
    company._languages = {name: edition.languages for name, edition in shown.items()}
    if wrong := delivering.problems(
        company.recipients, company.webhooks, mail=company.mail, delivery=company.delivery, pages=company.pages
    ):
        raise KerncijfersError(f"{paths.company}: {wrong}.")
    return company


def resolve(paths: Paths) -> CompanySettings:
    """Who the company is: from company.toml, else from the header of the newest auditfile in the inbox."""
    told = read(paths).company
    if told is not None:
        return told
    files = xaf.find(paths.inbox) if paths.inbox.is_dir() else []
    if not files:
        raise KerncijfersError(
            f"There is no company.toml and no auditfile in {paths.inbox}, so nobody says which company this is. "
            "Put an auditfile (XAF) in the inbox, or a company.toml that describes the company and its files."
        )
    headers = [xaf.read_header(file) for file in files]
    header = max(headers, key=lambda header: (header.end_date, header.date_created or header.end_date))
    return CompanySettings(
        name=header.company_name,
        currency=header.currency or "EUR",
        time_zone=DEFAULT_TIME_ZONE,
        fiscal_year_start_month=header.start_date.month,
        profile=DEFAULT_PROFILE,
    )


def _months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last one of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _in_words(problem: Any, content: dict[str, Any]) -> str:
    """One line for one thing that is wrong: which key, what about it, and the value that was found."""
    place = _place(problem["loc"], content)
    if problem["type"] == "missing":
        return f"  - {place}: this key is missing."
    if problem["type"] == "extra_forbidden":
        return f"  - {place}: there is no such key. Is it a typing mistake?"
    found = problem.get("input")
    shown = f" Found {found!r}." if isinstance(found, str | int | float | bool) else ""
    shown = re.sub(r"://[^/\s]*@", "://***@", shown)  # a password may stand in an address
    return f"  - {place}: {problem['msg'].removeprefix('Value error, ')}.{shown}".replace("..", ".")


def _place(location: Sequence[str | int], content: dict[str, Any]) -> str:
    """`files[webshop_orders].pattern`: a declaration is named by its name rather than its position."""
    place = ""
    here: Any = content
    for step in location:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int):
            name = here.get("name") if isinstance(here, dict) else None
            place += f"[{name or step + 1}]"
        else:
            place += f".{step}" if place else step
    return place
