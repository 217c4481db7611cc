"""Neither the order of rows, nor the order in which files arrive, nor the number of threads moves a number."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingestion.sources import company as company_source
from ingestion.sources import files, xaf
from orchestration import company
from orchestration.paths import Paths
from tests.end_to_end.conftest import Company

pytestmark = pytest.mark.integration


def shuffled(source: Path, target: Path, seed: str) -> Path:
    """A warehouse with only the raw tables of another, each in an order that follows from the seed."""
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach '{source}' as source (read_only)")
        tables = connection.execute(
            """
            select schema_name, table_name from duckdb_tables()
            where database_name = 'source' and schema_name like 'raw_%' and table_name not like '_dlt%'
            """
        ).fetchall()
        assert len(tables) > 25
        for schema, table in tables:
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(
                f"create table {schema}.{table} as select * from source.{schema}.{table} t order by md5(t::varchar || '{seed}')"
            )
    return target


def delivered_late(inbox: Path, folder: Path) -> Path:
    """A warehouse into which every second file of an inbox, last first by name, was loaded before the rest."""
    early = folder / "early"
    for file in sorted((file for file in inbox.rglob("*") if file.is_file()), reverse=True)[::2]:
        copy = early / file.relative_to(inbox)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    shutil.copy(inbox / "company.toml", early / "company.toml")
    warehouse = folder / "late.duckdb"
    for arrived in (early, inbox):
        paths = Paths(data=folder, inbox=arrived, company=arrived / "company.toml")
        settings, declared = company.resolve(paths), company.read(paths)
        company_source.deliver(
            settings, warehouse, folder / "work", account_mapping=None, targets=None, kpis=declared.kpis
        )
        files.deliver(declared.files, arrived, warehouse, folder / "work", time_zone=settings.time_zone)
        xaf.deliver(arrived, warehouse, folder / "work", currency=settings.currency)
    return warehouse


def built(warehouse: Path, project: Path, folder: Path, threads: int) -> list[tuple]:
    """Every published value after a build with this many threads, of dbt and of DuckDB."""
    profiles = folder / f"profiles_{threads}"
    profiles.mkdir()
    (profiles / "profiles.yml").write_text(
        "kerncijfers: {target: duckdb, outputs: {duckdb: {type: duckdb, path: \"{{ env_var('KERNCIJFERS_WAREHOUSE') }}\", "
        f"threads: {threads}, settings: {{threads: {threads}}}}}}}}}",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *(
                "--quiet",
                "build",
                "--exclude-resource-type",
                "test",
                "unit_test",
                "--project-dir",
                str(project / "dbt_project"),
            ),
            *(
                "--profiles-dir",
                str(profiles),
                "--target-path",
                str(folder / "target"),
                "--log-path",
                str(folder / "logs"),
            ),
        ],
        # dbt refers to tables by the name of the file.
        env={**os.environ, "KERNCIJFERS_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return published(warehouse)


def published(warehouse: Path) -> list[tuple]:
    """Every row of the published values, sorted."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "from reporting.rpt_metric_values order by metric, version, grain, period, scope"
        ).fetchall()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One target folder, so that the project is parsed once."""
    return tmp_path_factory.mktemp("order")


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_order_of_rows_and_the_number_of_threads_change_nothing(
    everything: Company, project_root: Path, folder: Path, threads: int
) -> None:
    expected = published(everything.marts())
    assert len(expected) > 5000
    warehouse = shuffled(everything.marts(), folder / f"shuffled_{threads}.duckdb", seed=f"seed {threads}")
    got = built(warehouse, project_root, folder, threads)
    assert [row for row in expected if row not in set(got)] == []
    assert got == expected


def test_files_that_arrive_in_another_order_change_nothing(
    everything: Company, project_root: Path, folder: Path
) -> None:
    warehouse = delivered_late(everything.inbox, folder)
    got, expected = built(warehouse, project_root, folder, threads=3), published(everything.marts())
    assert [row for row in expected if row not in set(got)] == []
    assert got == expected
