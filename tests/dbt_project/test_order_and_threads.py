"""Neither the order of rows, nor the order in which files arrive, nor the number of threads moves a number."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingestion.sources import company as company_source
from ingestion.sources import files, xaf
from orchestration import company
from orchestration.paths import Paths
from tests.dbt_project.replay import Built, Replay
from tests.end_to_end import everything

pytestmark = pytest.mark.integration

PUBLISHED = "from reporting.rpt_metric_values order by metric, version, grain, period, scope"


def load(inbox: Path, warehouse: Path) -> None:
    """Load what lies in an inbox into a warehouse that may hold an earlier delivery."""
    work = warehouse.with_suffix(".work")
    paths = Paths(data=work, inbox=inbox, company=inbox / "company.toml")
    settings, declared = company.resolve(paths), company.read(paths)
    company_source.deliver(
        settings,
        warehouse,
        work,
        account_mapping=None,
        targets=None,
        kpis=declared.kpis,
        support=declared.support,
    )
    files.deliver(declared.files, inbox, warehouse, work, time_zone=settings.time_zone)
    xaf.deliver(inbox, warehouse, work, currency=settings.currency)


def test_the_order_of_files_and_rows_and_the_number_of_threads_change_nothing(
    built: Built, project_root: Path, tmp_path: Path
) -> None:
    inbox, early = tmp_path / "inbox", tmp_path / "early"
    everything.write(inbox, project_root)
    for file in sorted((file for file in inbox.rglob("*") if file.is_file()), reverse=True)[::2]:
        copy = early / file.relative_to(inbox)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    shutil.copy(inbox / "company.toml", early / "company.toml")
    load(inbox, tmp_path / "at_once.duckdb")
    load(early, tmp_path / "late.duckdb")
    load(inbox, tmp_path / "late.duckdb")

    expected = Replay(built, ["rpt_metric_values"], raw=tmp_path / "at_once.duckdb", threads=1).rows(PUBLISHED)
    assert len(expected) > 20_000
    mixed = Replay(built, ["rpt_metric_values"], threads=4)
    mixed.copy(tmp_path / "late.duckdb", "raw_%", order="md5(cast(t as varchar))")
    got = mixed.rows(PUBLISHED)
    moved = set(expected) ^ set(got)
    assert sorted(moved, key=str)[:10] == []
    assert got == expected
