"""Broken input gives one clear message and exit code 1, and the last release stays exactly as it was."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Company, MakeCompany

pytestmark = [pytest.mark.fault, pytest.mark.integration]

BOOKS = """<?xml version="1.0" encoding="utf-8"?>
<auditfile xmlns="http://www.auditfiles.nl/XAF/3.2">
  <header><fiscalYear>{year}</fiscalYear><startDate>{year}-01-01</startDate><endDate>{year}-12-31</endDate>
    <curCode>EUR</curCode><dateCreated>{next_year}-01-15</dateCreated></header>
  <company><companyName>Bakkerij Zonneveld B.V.</companyName>
    <generalLedger>
      <ledgerAccount><accID>1100</accID><accDesc>Bank</accDesc><accTp>B</accTp><leadReference>BLimBanRba</leadReference></ledgerAccount>
      <ledgerAccount><accID>8000</accID><accDesc>Omzet</accDesc><accTp>P</accTp><leadReference>WOmzNohOlh</leadReference></ledgerAccount>
    </generalLedger>
    <transactions><linesCount>2</linesCount><totalDebit>{amount}</totalDebit><totalCredit>{amount}</totalCredit>
      <journal><jrnID>20</jrnID><desc>Bank</desc><jrnTp>B</jrnTp>
        <transaction><nr>1</nr><periodNumber>3</periodNumber><trDt>{year}-03-05</trDt>
          <trLine><nr>1</nr><accID>1100</accID><amnt>{debit}</amnt><amntTp>D</amntTp></trLine>
          <trLine><nr>2</nr><accID>8000</accID><amnt>{credit}</amnt><amntTp>C</amntTp></trLine>
        </transaction></journal></transactions>
  </company>
</auditfile>
"""

DECLARATION = """
[company]
name = "Bakkerij Zonneveld B.V."
currency = "EUR"

[[files]]
name = "answers"
entity = "survey_responses"
pattern = "answers*.csv"
delimiter = ";"
date_format = "%d-%m-%Y"
timestamp_format = "%d-%m-%Y"
key = ["response_id"]
[files.columns]
response_id = "Nummer"
score = "Cijfer"
responded_at = "Datum"
[files.values]
survey = "nps"
"""

ANSWERS = "Nummer;Cijfer;Datum\n001;9;05-03-2024\n002;7;06-03-2024\n"


def books(year: int = 2024, amount: str = "121.00", debit: str | None = None, credit: str | None = None) -> str:
    return BOOKS.format(year=year, next_year=year + 1, amount=amount, debit=debit or amount, credit=credit or amount)


def truncate(inbox: Path) -> None:
    (inbox / "2025.xaf").write_text(books(2025)[:900], encoding="utf-8")


def unbalance(inbox: Path) -> None:
    (inbox / "2025.xaf").write_text(books(2025, debit="121.00", credit="120.00"), encoding="utf-8")


def miscount(inbox: Path) -> None:
    text = books(2025).replace("<linesCount>2<", "<linesCount>3<")
    (inbox / "2025.xaf").write_text(text, encoding="utf-8")


def declare_a_doctype(inbox: Path) -> None:
    bomb = '<!DOCTYPE auditfile [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    (inbox / "2025.xaf").write_text(books(2025).replace("<auditfile", bomb + "<auditfile", 1), encoding="utf-8")


def scramble(inbox: Path) -> None:
    (inbox / "2025.xaf").write_bytes(bytes(range(256)) * 40)


def empty(inbox: Path) -> None:
    (inbox / "2025.xaf").write_bytes(b"")


def mislabel_the_encoding(inbox: Path) -> None:
    (inbox / "2025.xaf").write_bytes(books(2025).replace("Omzet", "Omzet é").encode("cp1252"))


def rename_a_column(inbox: Path) -> None:
    (inbox / "answers_2025.csv").write_text(ANSWERS.replace("Cijfer", "Score"), encoding="utf-8")


def add_a_column(inbox: Path) -> None:
    (inbox / "answers_2025.csv").write_text(
        "Nummer;Cijfer;Datum;E-mail\n003;9;05-03-2025;a@example.nl\n", encoding="utf-8"
    )


def break_a_cell(inbox: Path) -> None:
    (inbox / "answers_2025.csv").write_text(ANSWERS + "003;negen;07-03-2024\n", encoding="utf-8")


def cut_a_row(inbox: Path) -> None:
    (inbox / "answers_2025.csv").write_text(ANSWERS + "003;9", encoding="utf-8")


@pytest.fixture(scope="module")
def good(make_company: MakeCompany) -> Company:
    """A small company with one release."""
    company = make_company()
    (company.inbox / "2024.xaf").write_text(books(), encoding="utf-8")
    (company.inbox / "company.toml").write_text(DECLARATION, encoding="utf-8")
    (company.inbox / "answers_2024.csv").write_text(ANSWERS, encoding="utf-8")
    done = company.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return company


def fingerprint(company: Company) -> dict[str, str]:
    """Every published file, and where `current` points."""
    current = (company.data / "current").resolve()
    files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in current.rglob("*") if path.is_file()}
    return {"current": current.name, **files}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncate, ["2025.xaf", "line"]),
        (unbalance, ["2025.xaf", "1.00", "20"]),
        (miscount, ["2025.xaf", "2", "3"]),
        (declare_a_doctype, ["2025.xaf", "DOCTYPE"]),
        (scramble, ["2025.xaf"]),
        (empty, ["2025.xaf", "empty"]),
        (mislabel_the_encoding, ["2025.xaf", "encoding"]),
        (rename_a_column, ["answers_2025.csv", "Cijfer", "Score"]),
        (add_a_column, ["answers_2025.csv", "E-mail"]),
        (break_a_cell, ["answers_2025.csv", "line 4", "Cijfer", "negen"]),
        (cut_a_row, ["answers_2025.csv", "4"]),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_broken_file_is_refused_in_one_message_and_the_last_release_stays(
    good: Company, damage: Callable[[Path], None], words: list[str]
) -> None:
    before = fingerprint(good)
    damage(good.inbox)
    try:
        refused = good.refresh()
    finally:
        for file in good.inbox.glob("*2025*"):
            file.unlink()

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr + refused.stdout
    message = re.sub(r"\s+", " ", refused.stderr)
    assert [word for word in words if word not in message] == []
    assert len(message) < 1200, "one message, not a log"
    assert fingerprint(good) == before


def test_the_next_refresh_after_a_broken_one_succeeds_by_itself(good: Company) -> None:
    truncate(good.inbox)
    assert good.refresh().returncode == 1
    (good.inbox / "2025.xaf").write_text(books(2025, amount="242.00"), encoding="utf-8")
    done = good.refresh()
    (good.inbox / "2025.xaf").unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(good.value("revenue", "2025")).startswith("242")
    assert str(good.value("revenue", "2024")).startswith("121")


@contextmanager
def opened(*databases: Path, read_only: bool = False) -> Iterator[int]:
    """Another program has these databases open; its process id."""
    program = (
        f"import duckdb, sys; held = [duckdb.connect(file, read_only={read_only}) for file in sys.argv[1:]]; "
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, *map(str, databases)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "open\n"
        yield other.pid
        other.communicate()


def test_the_same_year_exported_again_replaces_itself_whoever_reads_meanwhile(good: Company) -> None:
    shutil.copy(good.inbox / "2024.xaf", good.inbox.parent / "kept.xaf")
    (good.inbox / "2024.xaf").write_text(books(amount="363.00"), encoding="utf-8")
    with opened(good.marts(), (good.data / "current" / "kerncijfers.duckdb").resolve(), read_only=True):
        done = good.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(good.value("revenue", "2024")).startswith("363")


@pytest.mark.parametrize("held", ["the release", "the private warehouse"])
def test_a_database_another_program_writes_in_is_told_with_its_process_and_the_release_stands(
    good: Company, held: str
) -> None:
    before = fingerprint(good)
    released = (good.data / "current" / "kerncijfers.duckdb").resolve()
    database = released if held == "the release" else good.marts()
    value = ("value", "revenue", "--grain", "year", "--period", "2024", "--data", str(good.data))
    mode = database.stat().st_mode
    database.chmod(0o644)
    try:
        with opened(database) as pid:
            refused = good.run(*value) if held == "the release" else good.refresh()
    finally:
        database.chmod(mode)
    assert refused.returncode == 1, refused.stdout
    assert f"Another program has {database} open in" in (said := re.sub(r"\s+", " ", refused.stderr))
    assert f"(PID {pid})" in said and "Traceback" not in refused.stdout + said
    assert fingerprint(good) == before
    assert good.run(*value).returncode == 0
