"""A refreshed company is delivered by the command line, and its alerts are those of plain SQL."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import Released

pytestmark = pytest.mark.integration

RECIPIENT = """
[[recipients]]
name = "Archief"
edition = "management"
language = "nl"
folder = "{folder}"
"""


def test_a_released_report_reaches_its_archive_once(released_company: Released, tmp_path: Path) -> None:
    company, _ = released_company("ecommerce")
    archive = tmp_path / "archive"
    archive.mkdir()
    settings = tmp_path / "company.toml"
    written = (company.inbox / "company.toml").read_text(encoding="utf-8")
    settings.write_text(written + RECIPIENT.format(folder=archive), encoding="utf-8")
    whose = ("--data", str(company.data), "--inbox", str(company.inbox), "--company", str(settings))
    release = (company.data / "current").resolve()
    row = f"copy management in nl of release {release.name} to Archief"

    tried = company.run("deliver", "send", "--dry-run", *whose)
    assert (tried.returncode, tried.stdout) == (0, f"Would send {row}\n"), tried.stderr
    assert list(archive.iterdir()) == []
    sent = company.run("deliver", "send", *whose)
    assert sent.stdout.startswith(f"sent: {row}: file://"), sent.stdout + sent.stderr
    name = "management.nl.html"
    assert (archive / release.name / name).read_bytes() == (release / name).read_bytes()
    again = company.run("deliver", "send", *whose)
    assert "nothing to send" in again.stdout
    listed = company.run("deliver", "list", "--json", "--data", str(company.data))
    assert [(item["recipient"], item["state"]) for item in json.loads(listed.stdout)] == [("Archief", "sent")]


def test_the_alerts_that_go_on_are_those_whose_last_verdict_is_firing(released_company: Released) -> None:
    company, _ = released_company("ecommerce")
    shown = company.run("alerts", "--json", "--data", str(company.data))
    assert shown.returncode == 0, shown.stderr
    with duckdb.connect(str(company.data / "current" / "kerncijfers.duckdb"), read_only=True) as released:
        expected = released.execute(
            """
            select signals.metric, signals.rule
            from reporting.rpt_signals as signals
            inner join reporting.rpt_metrics as metrics using (metric, version)
            where
                metrics.is_latest and scope = 'total' and signals.state <> 'not_evaluated'
                and (metrics.role = 'core' or (metrics.role = 'supporting' and rule in ('limit_below', 'limit_above', 'off_target')))
            group by all
            having arg_max(signals.state, signals.period_start) = 'firing'
            """
        ).fetchall()
    assert expected, "the demo company has something to tell"
    assert {(alert["metric"], alert["rule"]) for alert in json.loads(shown.stdout)} == set(expected)
