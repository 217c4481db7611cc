"""Declared files: every notation reads back exactly, and everything that is not as declared is refused in words."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ingestion.errors import SourceError
from ingestion.sources import files
from ingestion.sources.files import FileSpec

AMSTERDAM = "Europe/Amsterdam"


def spec(**changes: Any) -> FileSpec:
    declaration: dict[str, Any] = {
        "name": "spend",
        "entity": "ad_spend",
        "pattern": "spend*",
        "delimiter": ";",
        "decimal": ",",
        "thousands": ".",
        "date_format": "%d-%m-%Y",
        "columns": {"spend_date": "Dag", "channel": "Kanaal", "cost": "Kosten"},
        "values": {"currency": "EUR"},
    }
    return FileSpec(**{**declaration, **changes})


def load(tmp_path: Path, *specs: FileSpec, time_zone: str = AMSTERDAM) -> files.Delivery:
    return files.deliver(specs, tmp_path / "inbox", tmp_path / "w.duckdb", tmp_path / "work", time_zone=time_zone)


def rows(tmp_path: Path, entity: str, columns: str) -> list[tuple]:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.sql(f"select {columns} from raw_files.{entity} order by file_name, file_line").fetchall()


def put(tmp_path: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> None:
    path = tmp_path / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))


CELL = st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=12)
ROW = st.tuples(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    CELL.filter(lambda text: text.strip() == text),
    st.decimals(Decimal("-99999999999"), Decimal("99999999999"), places=2),
)


def dutch(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(ROW, min_size=1, max_size=25), encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "xlsx"]))
def test_dutch_notation_reads_back_exactly_in_every_encoding(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[date, str, Decimal]], encoding: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    if encoding == "xlsx":
        workbook = openpyxl.Workbook()
        sheet = workbook.worksheets[0]
        sheet.append(["Dag", "Kanaal", "Kosten"])
        for row, (day, channel, cost) in enumerate(table, 2):
            for column, text in enumerate((f"{day:%d-%m-%Y}", channel, dutch(cost)), 1):
                cell = sheet.cell(row, column, text)
                cell.data_type = "s"
        (folder / "inbox").mkdir()
        workbook.save(folder / "inbox" / "spend.xlsx")
        load(folder, spec(format="excel"))
    else:
        quoted = [(day, channel.replace('"', '""'), cost) for day, channel, cost in table]
        text = "Dag;Kanaal;Kosten\r\n" + "".join(f'{d:%d-%m-%Y};"{c}";{dutch(a)}\r\n' for d, c, a in quoted)
        put(folder, "spend.csv", text, encoding)
        load(folder, spec(encoding="utf-8" if encoding == "utf-8-sig" else encoding))
    assert rows(folder, "ad_spend", "spend_date, channel, cost") == table


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1.234,56", "1234.56"),
        ("€ 99,95", "99.95"),
        ("-12,00", "-12"),
        ("12,00-", "-12"),
        ("(12,00)", "-12"),
        ("1234", "1234"),
        ("0,1000", "0.1"),
        ("\u00a01.000", "1000"),
    ],
)
def test_an_amount_is_read_as_the_dutch_write_it(tmp_path: Path, written: str, amount: str) -> None:
    put(tmp_path, "spend.csv", f"Dag;Kanaal;Kosten\n01-02-2024;a;{written}\n")
    load(tmp_path, spec())
    assert rows(tmp_path, "ad_spend", "cost") == [(Decimal(amount),)]


@pytest.mark.parametrize("written", ["12.50", "1.23,4", "1,23456", "12,5x", "1e3", "--1", "12,00-)"])
def test_an_amount_in_another_notation_is_refused_not_guessed(tmp_path: Path, written: str) -> None:
    put(tmp_path, "spend.csv", f"Dag;Kanaal;Kosten\n01-02-2024;a;1,00\n02-02-2024;a;{written}\n")
    with pytest.raises(SourceError) as refused:
        load(tmp_path, spec())
    assert (refused.value.line, refused.value.column, refused.value.value) == (3, "Kosten", written)
    assert "spend.csv, line 3, column Kosten" in str(refused.value)


def test_leading_zeros_stay_and_a_quoted_line_break_does_not_move_the_line_numbers(tmp_path: Path) -> None:
    put(tmp_path, "spend.csv", 'Dag;Kanaal;Kosten\n01-02-2024;"00\n12";1,00\n02-02-2024;0012;2,00\n')
    load(tmp_path, spec())
    assert rows(tmp_path, "ad_spend", "channel, file_line") == [("00\n12", 2), ("0012", 4)]


def test_a_totals_row_is_compared_and_left_out(tmp_path: Path) -> None:
    put(tmp_path, "spend.csv", "Dag;Kanaal;Kosten\n01-02-2024;a;1.000,50\n02-02-2024;a;2,00\nTotaal;;1.002,50\n")
    load(tmp_path, spec(totals_row="Totaal"))
    assert rows(tmp_path, "ad_spend", "cost") == [(Decimal("1000.50"),), (Decimal(2),)]
    assert rows_of_deliveries(tmp_path) == [("cost", Decimal("1002.50"))]


def rows_of_deliveries(tmp_path: Path) -> list[tuple]:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        return connection.sql("select control_total_column, control_total from raw_files.deliveries").fetchall()


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("31-12-2023 23:30", datetime(2023, 12, 31, 22, 30, tzinfo=UTC)),
        ("29-03-2026 03:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("25-10-2026 01:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("25-10-2026 03:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
    ],
)
def test_a_time_without_zone_is_the_company_s_own_also_when_the_clock_moves(
    tmp_path: Path, local: str, instant: datetime
) -> None:
    put(tmp_path, "vragen.csv", f"Nr,Op\n1,{local}\n")
    load(
        tmp_path,
        FileSpec(
            name="tickets",
            entity="tickets",
            pattern="vragen.csv",
            timestamp_format="%d-%m-%Y %H:%M",
            columns={"ticket_id": "Nr", "created_at": "Op"},
        ),
    )
    assert rows(tmp_path, "tickets", "created_at") == [(instant,)]


def tickets(**changes: Any) -> FileSpec:
    columns = {"ticket_id": "Nr", "created_at": "Op"}
    return FileSpec(name="tickets", entity="tickets", pattern="vragen.*", columns=columns, **changes)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-07-01 10:00:00", datetime(2024, 7, 1, 8, tzinfo=UTC)),
        ("2024-07-01T10:00", datetime(2024, 7, 1, 8, tzinfo=UTC)),
        ("2024-07-01", datetime(2024, 6, 30, 22, tzinfo=UTC)),
        ("2024-07-01 10:00:00Z", datetime(2024, 7, 1, 10, tzinfo=UTC)),
        ("2024-07-01T10:00:00.250+05:30", datetime(2024, 7, 1, 4, 30, 0, 250000, tzinfo=UTC)),
        ("2024-07-01 10:00:00+0100", datetime(2024, 7, 1, 9, tzinfo=UTC)),
        ("2024-07-01 10:00:00-07", datetime(2024, 7, 1, 17, tzinfo=UTC)),
    ],
)
def test_an_offset_in_a_time_counts_and_a_time_without_one_is_local(
    tmp_path: Path, written: str, instant: datetime
) -> None:
    put(tmp_path, "vragen.csv", f"Nr,Op\n1,{written}\n")
    load(tmp_path, tickets())
    assert rows(tmp_path, "tickets", "created_at") == [(instant,)]


@pytest.mark.parametrize(
    "written",
    ["infinity", "epoch", "now", "2024-07-01 10:00:00 CET", "2024-07-01 10:00:00+1", "0025-12-31", "31-12-25"],
)
@pytest.mark.parametrize("notation", [None, "%d-%m-%Y"])
def test_a_moment_that_can_not_be_meant_is_refused(tmp_path: Path, written: str, notation: str | None) -> None:
    put(tmp_path, "vragen.csv", f"Nr,Op\n1,{written}\n")
    with pytest.raises(SourceError, match=r"line 2, column Op.*not a timestamp"):
        load(tmp_path, tickets(timestamp_format=notation))
    put(tmp_path, "spend.csv", f"Dag;Kanaal;Kosten\n{written};a;1,00\n")
    with pytest.raises(SourceError, match=r"line 2, column Dag.*not a date"):
        load(tmp_path, spec(date_format=notation))


def test_every_row_of_a_long_file_keeps_its_own_line(tmp_path: Path) -> None:
    """The file is read on all cores in parts; the parts must come back in the order of the file."""
    lines = 400_000
    put(tmp_path, "spend.csv", "Dag;Kanaal;Kosten\n" + "".join(f"01-02-2024;{n};1,00\n" for n in range(2, lines + 2)))
    load(tmp_path, spec())
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        counted = connection.sql(
            "select count(*), count(*) filter (channel = file_line::varchar) from raw_files.ad_spend"
        )
        assert counted.fetchall() == [(lines, lines)]


@pytest.mark.parametrize("whole_folder", [True, False])
def test_an_inbox_of_symbolic_links_is_read_like_any_other(tmp_path: Path, whole_folder: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    duckdb.sql("select '1' as \"Nr\", timestamp '2024-07-01 10:00' as \"Op\"").write_parquet(
        f"{elsewhere}/vragen.parquet"
    )
    (elsewhere / "spend.csv").write_text(GOOD)
    if whole_folder:
        (tmp_path / "inbox").symlink_to(elsewhere)
    else:
        (tmp_path / "inbox").mkdir()
        for name in ("vragen.parquet", "spend.csv"):
            (tmp_path / "inbox" / name).symlink_to(elsewhere / name)
    tables = load(tmp_path, spec(), tickets(format="parquet")).tables
    assert (tables["ad_spend"], tables["tickets"]) == (1, 1)


GOOD = "Dag;Kanaal;Kosten\n01-02-2024;a;1,00\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (GOOD.replace("Kosten", "Cost"), "'Kosten' is missing"),
        (GOOD.replace("Kosten", "Kosten;E-mail").replace("1,00", "1,00;x"), "'E-mail' is new"),
        (GOOD.replace("Kanaal", "kosten"), "same name"),
        (GOOD.replace("Kanaal", "Kanaal;").replace("a;", "a;;"), "line 1: column 3 has no name"),
        (
            "Dag;Kanaal;Kosten;\n01-02-2024;a;1,00;\n02-02-2024;a;1,00;x\n",
            "line 3: there is a value in a column that has no",
        ),
        (GOOD + "02-02-2024;a", "line 3"),
        (GOOD + "02-02-2024;a;1,00;extra\n", "line 3"),
        (GOOD + ";a;1,00\n", "line 3, column Dag: this cell is empty"),
        (GOOD + "30-02-2024;a;1,00\n", "30-02-2024"),
        (GOOD.encode() + b"02-02-2024;caf\xe9;1,00\n", "line 3: the characters are not utf-8"),
        (bytes(range(256)), "not"),
        (b"PK\x03\x04" + bytes(50), "zip or Excel"),
        (GOOD + "Totaal;;5,00\n", "says 5,00, but the rows above add up to 1.00"),
    ],
    ids=str,
)
def test_a_file_that_is_not_as_declared_is_refused_and_leaves_nothing(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    put(tmp_path, "spend.csv", content)
    with pytest.raises(SourceError) as refused:
        load(tmp_path, spec(totals_row="Totaal"))
    assert words in str(refused.value)
    assert "spend.csv" in str(refused.value)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert connection.sql("select * from raw_files.deliveries").fetchall() == []
        assert connection.sql("select table_name from duckdb_tables() where schema_name = 'raw_files'").fetchall() == [
            ("deliveries",)
        ]


@pytest.mark.parametrize("computed", [{}, {"clicks": "cast(1 as bigint)"}])
def test_a_delimiter_at_the_end_of_every_line_is_no_column(tmp_path: Path, computed: dict[str, str]) -> None:
    put(tmp_path, "spend.csv", "Dag;Kanaal;Kosten;;\n01-02-2024;a;1,00;;\n02-02-2024;b;2,00; ;\n")
    load(tmp_path, spec(computed=computed))
    assert rows(tmp_path, "ad_spend", "channel, cost") == [("a", Decimal("1.00")), ("b", Decimal("2.00"))]


@pytest.mark.parametrize(
    "expression", ["(select content from read_text('/etc/hostname'))", "getenv('HOME')", "nothing + 1"]
)
def test_a_computed_column_may_calculate_and_nothing_else(tmp_path: Path, expression: str) -> None:
    put(tmp_path, "spend.csv", GOOD)
    with pytest.raises(SourceError, match="computed"):
        load(tmp_path, spec(computed={"campaign": expression}))


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_replaces_itself(tmp_path: Path) -> None:
    put(tmp_path, "spend_1.csv", GOOD)
    put(tmp_path, "spend_2.csv", GOOD.replace("1,00", "2,00"))
    assert [file.status for file in load(tmp_path, spec()).files] == ["loaded", "loaded"]
    put(tmp_path, "spend_2.csv", GOOD.replace("1,00", "3,00"))
    again = load(tmp_path, spec())
    assert [file.status for file in again.files] == ["unchanged", "loaded"]
    assert rows(tmp_path, "ad_spend", "cost") == [(Decimal(1),), (Decimal(3),)]
    (tmp_path / "inbox" / "spend_1.csv").unlink()
    assert load(tmp_path, spec()).tables["ad_spend"] == 2
    renamed = load(tmp_path, spec(name="other"))
    assert renamed.tables["ad_spend"] == 1
    assert any("no longer declared" in warning for warning in renamed.warnings)


def test_a_file_nobody_declared_is_named_not_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "spend.csv", GOOD)
    put(tmp_path, "notes.docx", "x")
    delivery = load(tmp_path, spec())
    assert [file.file for file in delivery.files if file.status == "ignored"] == ["notes.docx"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"entity": "invoices"}, "not one of orders"),
        ({"columns": {"spend_date": "Dag", "channel": "Kanaal"}}, "needs cost"),
        ({"columns": {"spend_date": "Dag", "channel": "Kanaal", "cost": "K", "price": "P"}}, "no column price"),
        ({"encoding": "latin-99"}, "not an encoding"),
        ({"key": ["campaign"]}, "campaign, which is not mapped"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_a_wrong_declaration_is_explained(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        spec(**changes)


REAL: list[tuple[str, str, str, str, Callable[[list[tuple]], Any], Any]] = [
    (
        "uci_online_retail",
        "uci_online_retail/online_retail_all_varchar.parquet",
        "order_lines",
        "count(*), round(sum(amount), 2), round(sum(amount) filter (line_type <> 'refund'), 2), count(distinct customer_id) filter (line_type = 'sale')",
        lambda found: found[0],
        (541909, Decimal("9747747.93"), Decimal("10644560.42"), 4338),
    ),
    (
        "online_shoppers",
        "online_shoppers/online_shoppers_intention.csv",
        "sessions",
        "count(*), count(*) filter (has_purchase)",
        lambda found: found[0],
        (12330, 1908),
    ),
    (
        "cdnow",
        "cdnow/CDNOW_sample.txt",
        "orders",
        "count(*), count(distinct customer_id), count(distinct order_id)",
        lambda found: found[0],
        (6919, 2357, 6919),
    ),
]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("declaration", "file", "entity", "query", "pick", "expected"), REAL, ids=lambda v: str(v)[:20]
)
def test_real_shop_data_load_with_configuration_only(
    tmp_path: Path,
    shared_data: Path,
    declaration: str,
    file: str,
    entity: str,
    query: str,
    pick: Callable[[list[tuple]], Any],
    expected: Any,
) -> None:
    toml = tomllib.loads((Path(__file__).parent / "declarations" / f"{declaration}.toml").read_text(encoding="utf-8"))
    put(tmp_path, Path(file).name, (shared_data / file).read_bytes())
    load(tmp_path, *[FileSpec(**one) for one in toml["files"]])
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert pick(connection.sql(f"select {query} from raw_files.{entity}").fetchall()) == expected
