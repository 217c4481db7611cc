"""The declarations for Toggl and Clockify that the README gives, on exports as both document them."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import duckdb

from ingestion.sources import files
from ingestion.sources.files import FileSpec

README = Path(__file__).parents[3] / "ingestion" / "sources" / "files" / "README.md"
TOGGL = """\
User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,Amount (EUR)
Anna,anna@example.nl,Gemeente,P-1,,"Overleg, extern",Yes,2026-05-04,09:00:00,2026-05-04,10:30:00,01:30:00,,142.50
Bo,bo@example.nl,Gemeente,P-1,,"Overleg, extern",Yes,2026-05-04,09:00:00,2026-05-04,10:30:00,01:30:00,,142.50
Bo,bo@example.nl,,Intern,,Administratie,No,2026-05-05,23:30:00,2026-05-06,00:00:20,00:30:20,,0.00
"""
CLOCKIFY = """\
"Project","Client","Description","Task","User","Group","Email","Tags","Billable","Start Date","Start Time","End Date",\
"End Time","Duration (h)","Duration (decimal)","Billable Rate (EUR)","Billable Amount (EUR)"
"P-2","Gemeente","Tekenen","","Cees","Bouw","cees@example.nl","","Yes","06/05/2026","08:00:00","06/05/2026","16:15:00",\
"08:15:00","8.25","80.00","660.00"
"""


def test_exports_of_toggl_and_clockify_are_hours_without_names(tmp_path: Path) -> None:
    [block] = re.findall(
        r"```toml\n(\[\[files\]\]\nname = \"toggl\".*?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    specs = [FileSpec(**declared) for declared in tomllib.loads(block)["files"]]
    for name, content in {"toggl/2026-05.csv": TOGGL, "clockify/2026-05.csv": CLOCKIFY}.items():
        file = tmp_path / "inbox" / name
        file.parent.mkdir(parents=True)
        file.write_text(content, encoding="utf-8")
    warehouse = tmp_path / "w.duckdb"
    delivery = files.deliver(specs, tmp_path / "inbox", warehouse, tmp_path / "work", time_zone="Europe/Amsterdam")
    assert delivery.tables["hours"] == 4 and delivery.warnings == ()
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute(
            "select cast(worked_on as varchar), project_id, team, hours, is_billable, hourly_rate from raw_files.hours order by all"
        ).fetchall()
        [[entries]] = connection.execute("select count(distinct entry_id) from raw_files.hours").fetchall()
    assert found == [
        ("2026-05-04", "P-1", None, Decimal("1.5"), True, Decimal(95)),
        ("2026-05-04", "P-1", None, Decimal("1.5"), True, Decimal(95)),
        ("2026-05-05", "Intern", None, Decimal("0.5056"), False, Decimal(0)),
        ("2026-05-06", "P-2", "Bouw", Decimal("8.25"), True, Decimal(80)),
    ]
    assert entries == 4, "two colleagues in one meeting are two entries"
    assert b"example.nl" not in warehouse.read_bytes()
