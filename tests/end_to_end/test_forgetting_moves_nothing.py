"""A company that forgets its people releases the same tables, to the last row, as when it still knew them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingestion import demo, privacy, quoting
from ingestion.sources.webhooks import spool
from orchestration import erasure
from tests.end_to_end import connected
from tests.end_to_end.conftest import Company, MakeCompany, Released

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("companies")]

TERM = "\n[retention.people]\ndefault = 1\n"
# The books have no term: who is in them stays known.
BOOKS = ("raw_xaf", "raw_exact")
# What a release says of the one before it: it has rows of another version of a metric, also where nothing moved.
RESTATED = "reporting.rpt_restatements"


@pytest.fixture(params=["everything", "connected_shop"])
def known(request: pytest.FixtureRequest) -> Company:
    """A company without a term that has a release and can be refreshed again."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def connected_shop(
    released_company: Released, make_company: MakeCompany, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Company]:
    """The roaster on connected systems, without a term; they answer for as long as the test runs."""
    files, _ = released_company(demo.DEFAULT_PROFILE)
    company = make_company()
    with connected.company(demo.DEFAULT_PROFILE, 0.3, files, company) as secrets:
        for name, value in secrets.items():
            monkeypatch.setenv(name, value)
        declared = company.inbox / "company.toml"
        told = declared.read_text(encoding="utf-8").replace("[retention.people]\ndefault = 25\n", "")
        declared.write_text(told, encoding="utf-8")
        # A message keeps whom it is about for a term after it came: these came long ago.
        for file in spool.of(company.data / "sources" / "webhooks").files():
            said = file.read_text(encoding="utf-8")
            file.write_text(re.sub(r'("received_at": ?")20\d\d', r"\g<1>2025", said), encoding="utf-8")
        done = company.refresh()
        assert done.returncode == 0, done.stdout + done.stderr
        yield company


@pytest.fixture
def forgetful(known: Company, tmp_path: Path) -> Company:
    """The same company a release later, with a term that nearly everybody is past."""
    company = Company(inbox=tmp_path / "inbox", data=tmp_path / "data")
    shutil.copytree(known.inbox, company.inbox)
    shutil.copytree(known.data, company.data, symlinks=True)
    with (company.inbox / "company.toml").open("a", encoding="utf-8") as declared:
        declared.write(TERM)
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return company


@pytest.fixture
def releases(known: Company, forgetful: Company) -> Iterator[duckdb.DuckDBPyConnection]:
    """The released databases of both, each attached under its name."""
    with duckdb.connect() as connection:
        for name, company in (("known", known), ("forgotten", forgetful)):
            database = company.data / "current" / "kerncijfers.duckdb"
            connection.execute(f"attach {quoting.text(database)} as {name} (read_only)")
        yield connection


def test_forgetting_nearly_everybody_moves_no_released_row(
    known: Company, forgetful: Company, releases: duckdb.DuckDBPyConnection
) -> None:
    before, after = people(known), people(forgetful)
    assert [column for column, (aliases, _) in before.items() if aliases] == []
    assert [column for column, (aliases, _) in after.items() if not aliases] == []
    aliases, pseudonyms = (sum(counts) for counts in zip(*after.values(), strict=True))
    assert aliases > max(1_000, 9 * pseudonyms), after

    tables = columns(releases, "known")
    assert len(tables) > 200 and tables == columns(releases, "forgotten")
    moved = [told for table in tables if table != RESTATED and (told := difference(releases, table))]
    assert not moved, "\n".join(moved)
    assert releases.execute(f"from forgotten.{RESTATED} where version = was_version").fetchall() == []
    # No released column says who a row is about, so none had to be left out of the comparison.
    assert [table for table in tables if names_somebody(releases, table)] == []


def people(company: Company) -> dict[str, tuple[int, int]]:
    """How many aliases and pseudonyms there are in each column beside the books that says who a row is about."""
    found: dict[str, tuple[int, int]] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach {quoting.text(company.marts())} as warehouse (read_only)")
        connection.execute("use warehouse")
        for dataset, table, column in erasure.identifiers(connection):
            if dataset in BOOKS:
                continue
            counts = ", ".join(
                f"count(distinct {quoting.name(column)}) filter ({privacy.has_form(form, column)})"
                for form in (privacy.ALIAS, privacy.PREFIX)
            )
            [row] = connection.execute(f"select {counts} from {dataset}.{table}").fetchall()
            if any(row):
                found[f"{dataset}.{table}.{column}"] = row
    return found


def columns(releases: duckdb.DuckDBPyConnection, release: str) -> dict[str, list[str]]:
    """The columns of every table of a release, with their types."""
    query = """
        select schema_name || '.' || table_name, list(column_name || ' ' || data_type order by column_index)
        from duckdb_columns() where database_name = $1 group by all order by all
    """
    return dict(releases.execute(query, [release]).fetchall())


def difference(releases: duckdb.DuckDBPyConnection, table: str) -> str:
    """What is not the same in one table, with a few of the rows; nothing when every row is there as often in both."""
    known, forgotten = (
        releases.execute(f"from {one}.{table} except all from {other}.{table} order by all").fetchall()
        for one, other in (("known", "forgotten"), ("forgotten", "known"))
    )
    if not known and not forgotten:
        return ""
    return f"{table}: {len(known)} rows are gone, as {known[:3]}; {len(forgotten)} are new, as {forgotten[:3]}"


def names_somebody(releases: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether anything in a released table has the form of a pseudonym or an alias."""
    form = f"({privacy.PREFIX}|{privacy.ALIAS})[0-9a-f]{{{privacy.LENGTH - len(privacy.PREFIX)}}}"
    query = f"from forgotten.{table} as row where regexp_matches(cast(row as varchar), $1) limit 1"
    return bool(releases.execute(query, [form]).fetchall())
