"""Secrets stay where they are, and who reads a release can do nothing but read it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import privacy
from ingestion.sources.registry import connectors
from orchestration import dbt, rendering, secrecy
from orchestration.delivery.secrets import ENV_SMTP_PASSWORD
from orchestration.paths import Paths
from orchestration.release import signing
from reports.data.database import DATABASE, opened


@pytest.mark.parametrize("program", [dbt, rendering], ids=["dbt", "rendering"])
def test_a_process_that_needs_no_secret_is_told_none(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, program: Any
) -> None:
    of_systems = {name for system in connectors() for name in system.secrets if not name.endswith(("_ID", "_USERNAME"))}
    ours = {privacy.ENV_KEY, privacy.ENV_KEY_FILE, signing.ENV_KEY, signing.ENV_KEY_FILE, ENV_SMTP_PASSWORD}
    webhook = {"KERNCIJFERS_WEBHOOK_BANK_URL", "KERNCIJFERS_WEBHOOK_BANK_SECRET", "KERNCIJFERS_FAILURE_WEBHOOKS_URLS"}
    for name in ours | webhook | of_systems:
        monkeypatch.setenv(name, "planted-secret")
    given: dict[str, str] = {}

    class Started:
        def __init__(self, *_: Any, env: dict[str, str], **__: Any) -> None:
            given.update(env)

    monkeypatch.setattr(program, "_started", {})
    monkeypatch.setattr(subprocess, "Popen", Started)
    program.start(paths)
    assert "planted-secret" not in given.values()
    assert "PATH" in given and ("KERNCIJFERS_WAREHOUSE" in given) == (program is dbt)
    assert of_systems and all(secrecy.is_secret(name) for name in of_systems)
    assert not [
        name for name in ("HOME", "LANG", "KERNCIJFERS_DATA", "DBT_LOG_PATH", "MONKEY") if secrecy.is_secret(name)
    ]


@pytest.mark.parametrize(
    "attempt",
    [
        "select * from read_csv('{elsewhere}')",
        "select * from read_text('{elsewhere}')",
        "attach '{elsewhere}.duckdb' as other",
        "copy reporting.rpt_company to '{elsewhere}.out'",
        "install httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "delete from reporting.rpt_company",
    ],
)
def test_who_reads_a_release_reads_nothing_else_and_changes_nothing(tmp_path: Path, attempt: str) -> None:
    with duckdb.connect(str(tmp_path / DATABASE)) as connection:
        connection.execute("create schema reporting")
        connection.execute("create table reporting.rpt_company as select 'De Linde' as company_name")
    elsewhere = tmp_path / "secret.csv"
    elsewhere.write_text("a\n1\n", encoding="utf-8")
    with opened(tmp_path) as connection:
        assert connection.sql("select company_name from reporting.rpt_company").fetchall() == [("De Linde",)]
        with pytest.raises(duckdb.Error, match=r"disabled by configuration|locked|read-only|Cannot change"):
            connection.execute(attempt.format(elsewhere=elsewhere)).fetchall()
    assert sorted(file.name for file in tmp_path.iterdir()) == [DATABASE, "secret.csv"]


def test_keys_are_kept_outside_project_and_data(paths: Paths, project_root: Path) -> None:
    for file in (privacy.key_file(), signing.key_file()):
        assert not file.is_relative_to(paths.data) and not file.is_relative_to(project_root)
