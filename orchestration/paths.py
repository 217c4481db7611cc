"""Where one company's files are. Nothing is global: every path follows from a data folder and an inbox."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DBT_PROJECT = PROJECT / "dbt_project"
ENV_DATA, ENV_INBOX, ENV_COMPANY = "KERNCIJFERS_DATA", "KERNCIJFERS_INBOX", "KERNCIJFERS_COMPANY"


@dataclass(frozen=True)
class Paths:
    """The folders of one company. `company` is None when there is no company.toml: the auditfile says who it is."""

    data: Path
    inbox: Path
    company: Path | None

    @classmethod
    def find(cls, data: Path | None = None, inbox: Path | None = None, company: Path | None = None) -> Paths:
        """Fills in what is not given: first the environment (`KERNCIJFERS_*`), then the default project.

        The project's own company.toml describes the company in the default inbox, so it is used only when no
        other inbox is named; beside another inbox, the company.toml inside that inbox counts.
        """
        data = data or _from_environment(ENV_DATA)
        inbox = inbox or _from_environment(ENV_INBOX)
        company = company or _from_environment(ENV_COMPANY)
        if company is None:
            candidate = (PROJECT if inbox is None else inbox) / "company.toml"
            company = candidate if candidate.is_file() else None
        data = (data or PROJECT / ".data").expanduser().resolve()
        return cls(
            data=data,
            inbox=(inbox or data / "inbox").expanduser().resolve(),
            company=company.expanduser().resolve() if company else None,
        )

    def environment(self) -> dict[str, str]:
        """The same choice, for a process started from here."""
        chosen = {ENV_DATA: str(self.data), ENV_INBOX: str(self.inbox)}
        return chosen | ({ENV_COMPANY: str(self.company)} if self.company else {})

    @property
    def lock(self) -> Path:
        return self.data / ".lock"

    @property
    def work(self) -> Path:
        return self.data / "work"

    @property
    def warehouse(self) -> Path:
        return self.work / "warehouse.duckdb"

    @property
    def target(self) -> Path:
        return self.work / "target"

    @property
    def draft(self) -> Path:
        return self.work / "release"

    @property
    def warehouses(self) -> Path:
        return self.data / "warehouse"

    @property
    def releases(self) -> Path:
        return self.data / "releases"

    @property
    def current(self) -> Path:
        return self.data / "current"

    @property
    def ledger(self) -> Path:
        return self.data / "ledger.jsonl"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def sources(self) -> Path:
        return self.data / "sources"

    def beside_company(self, name: str) -> Path | None:
        """A file of the company that may lie in the data folder or beside its company.toml; None when in neither."""
        folders = [self.data, self.company.parent if self.company else self.inbox]
        return next((folder / name for folder in folders if (folder / name).is_file()), None)

    @property
    def editions(self) -> tuple[Path, ...]:
        """Where a company's own editions may lie: beside its company.toml, in its inbox, in its data folder."""
        folders = [*([self.company.parent] if self.company else []), self.inbox, self.data]
        return tuple(dict.fromkeys(folder / "editions" for folder in folders))


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None
