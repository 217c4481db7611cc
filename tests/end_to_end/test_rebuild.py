"""A release is what its recorded rows and code make of it: made again, every file is the same to the byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import Company, Released
from tests.faults import record

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def company(released_company: Released) -> Company:
    return released_company("mkb")[0]


def rebuilt(company: Company, *more: str) -> tuple[int, str]:
    """What the command says of making the current release again."""
    number = (company.data / "current").resolve().name
    folders = ("--data", str(company.data), "--inbox", str(company.inbox))
    done = company.run("releases", "rebuild", number, *folders, *more)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(1800)
def test_a_release_made_again_is_the_same_to_the_byte_with_any_number_of_threads(
    company: Company, request: pytest.FixtureRequest
) -> None:
    for threads in (1, 2, 4) if request.config.getoption("--long") else (4,):
        code, said = rebuilt(company, "--threads", str(threads))
        record.note(f"release made again with {threads} threads", [code == 0])
        assert (code, "every file is the same" in said) == (0, True), said


def test_a_release_is_not_made_again_from_other_rows_or_another_company_toml(company: Company, tmp_path: Path) -> None:
    other = Company(inbox=tmp_path / "inbox", data=tmp_path / "data")
    shutil.copytree(company.data, other.data, symlinks=True, ignore=shutil.ignore_patterns("dbt", "logs"))
    shutil.copytree(company.inbox, other.inbox)
    (other.inbox / "company.toml").write_text("", encoding="utf-8")
    code, said = rebuilt(other)
    assert (code, "company.toml:" in said) == (1, True), said

    with duckdb.connect(str(other.marts())) as warehouse:
        warehouse.execute("create table raw_company.more as select 1 as one")
    code, said = rebuilt(other)
    assert (code, "is not the file release" in said) == (1, True), said
