"""`kerncijfers metric`: an analyst makes a KPI, tries it, compares versions and explains a value, on the demo company."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import demo
from tests.end_to_end.conftest import Company, MakeCompany

pytestmark = pytest.mark.integration

AOV = "dbt_project/models/metrics/webshop/aov/metric_aov_v2.sql"
NEW = (
    *("metric", "new", "shipping_per_order", "--domain", "webshop", "--from", "aov", "--sources", "orders"),
    *("--numerator", "shipping_amount", "--denominator", "order_count", "--n", "order_count"),
    *("--label-nl", "Verzendkosten per bestelling", "--label-en", "Shipping per order"),
    *("--definition-nl", "Wat een bestelling aan verzendkosten opbrengt.", "--unit", "currency", "--decimals", "2"),
    *("--definition-en", "What an order brings in for shipping.", "--better", "down", "--owner", "Webshop manager"),
    *(
        "--formula-nl",
        "verzendkosten / bestellingen",
        "--formula-en",
        "shipping / orders",
        "--formula-source",
        "SHOP-01",
    ),
)
CASE = ("--case", "shipping_amount=10, order_count=3 -> 10 / 3")


@pytest.fixture(scope="module")
def company(make_company: MakeCompany, project_root: Path) -> Company:
    made = make_company()
    demo.write(made.inbox, size=0.1)
    shutil.copy(project_root / "company.toml", made.inbox / "company.toml")
    done = made.refresh()
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    """A copy of the project to change."""
    copy = tmp_path_factory.mktemp("copy") / "project"
    for part in ("orchestration", "ingestion", "reports", "dbt_project"):
        left_out = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(project_root / part, copy / part, ignore=left_out)
    for name in ("company.toml", "pyproject.toml"):
        shutil.copyfile(project_root / name, copy / name)
    return copy


def in_copy(project: Path, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(project), "COLUMNS": "160"},
        cwd=project,
        timeout=600,
        check=False,
    )


def told(company: Company, *arguments: str) -> dict[str, Any]:
    done = company.run("metric", *arguments, "--json", "--data", str(company.data))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def mart(company: Company, query: str) -> list[tuple]:
    with duckdb.connect() as database:
        database.execute(f"attach '{company.marts()}' as warehouse (read_only)")
        database.execute("use warehouse")
        return database.execute(query).fetchall()


def files(project: Path) -> dict[str, str]:
    found = (file for file in project.rglob("*") if file.is_file() and not {".data", "__pycache__"} & {*file.parts})
    return {str(file.relative_to(project)): file.read_text(encoding="utf-8", errors="replace") for file in found}


@pytest.mark.parametrize("metric", ["revenue", "aov", "adjusted_ebitda", "leads", "billable_utilisation", "mrr"])
def test_a_value_is_followed_down_to_the_rows_of_its_files(company: Company, metric: str) -> None:
    found = told(company, "explain", metric, "2025-12", "--rows", "2")
    for side in found["sides"]:
        assert side["stops"] == []
        ends = [step for step in side["steps"] if step["is_source"]]
        assert sum(Decimal(step["total"]) for step in ends) == Decimal(side["value"])
        for step in ends:
            assert Decimal(step["covered"]) == sum(Decimal(str(row["adds"])) for row in step["largest"])
            assert all(row["file_name"] and row["file_line"] for row in step["largest"])
            assert not any("customer" in name or "person" in name for row in step["largest"] for name in row)


def test_an_explained_ledger_line_stands_in_the_auditfile_at_that_line(company: Company) -> None:
    found = told(company, "explain", "revenue", "2025-12", "--rows", "3")
    [side] = found["sides"]
    for row in side["steps"][-1]["largest"]:
        lines = (company.inbox / row["file_name"]).read_text(encoding="utf-8").splitlines()
        here = "".join(lines[row["file_line"] - 1 : row["file_line"] + 15])
        assert f"{abs(Decimal(row['amount'])):.2f}" in here


def test_the_walk_stops_in_words_where_rows_do_not_add_up(company: Company) -> None:
    found = told(company, "explain", "response_time", "2025-12")
    [side] = found["sides"]
    assert [step["table"] for step in side["steps"]] == ["marts.fct_tickets_by_period"]
    [stop] = side["stops"]
    assert "rows do not add up" in stop


def test_each_number_of_a_product_is_followed_by_itself(company: Company) -> None:
    found = told(company, "explain", "cac_payback", "2025-12")
    numerator, denominator = found["sides"]
    assert [len(side["products"]) for side in (numerator, denominator)] == [1, 1]
    paid = {(step["table"], step["factor"]): Decimal(step["total"]) for step in numerator["steps"] if step["factor"]}
    costs, customers = (
        paid["marts.fct_ad_spend_by_period", "cost"],
        paid["marts.fct_recurring_by_period", "new_customer_count"],
    )
    assert Decimal(numerator["value"]) == pytest.approx(costs / customers, abs=Decimal("0.000001"))
    earned = {step["factor"]: Decimal(step["total"]) for step in denominator["steps"] if step["factor"]}
    assert set(earned) == {"new_mrr", "new_customer_count", "gross_margin", "net_revenue"}
    margin = earned["gross_margin"] / earned["net_revenue"]
    assert Decimal(denominator["value"]) == pytest.approx(
        earned["new_mrr"] / earned["new_customer_count"] * margin, abs=Decimal("0.000001")
    )
    assert sum(Decimal(step["total"]) for step in numerator["steps"] if step["table"] == "raw_files.ad_spend") == costs


def test_versions_differ_by_the_parts_the_mart_gives(company: Company) -> None:
    found = told(company, "diff", "aov", "v1", "v2", "--period", "2025-12")
    [row] = found["differences"]
    [(orders, tax, shipping, returns)] = mart(
        company,
        "select order_count, refund_tax_amount - tax_amount, -shipping_amount, refund_amount "
        "from marts.fct_shop_by_period where period_grain = 'month' and period = '2025-12' and scope = 'total'",
    )
    parts = {part["component"]: Decimal(part["amount"]) for part in row["parts"]}
    for name, amount in (("tax", tax), ("shipping", shipping), ("returns", returns)):
        assert parts[name] == pytest.approx(amount / orders, abs=Decimal("0.000001"))
    assert sum(parts.values()) == Decimal(row["difference"]) == Decimal(row["newer"]) - Decimal(row["older"])
    assert found["reasons"][0][:2] == [2, "2023-01-09"]


def test_on_a_terminal_a_preview_stays_and_shows_a_file_again_when_it_is_saved(company: Company, project: Path) -> None:
    file = project / AOV
    before = file.read_text(encoding="utf-8")
    ours, theirs = pty.openpty()
    # What a shell runs in the background ignores Ctrl-C, and so does what that starts.
    hearing = "import signal as s; s.signal(s.SIGINT, s.default_int_handler); from orchestration.cli import app; app()"
    command = [sys.executable, "-c", hearing, "metric", "preview", "aov", "--data", str(company.data)]
    environment = {**os.environ, "PYTHONPATH": str(project), "COLUMNS": "160"}
    process = subprocess.Popen(command, cwd=project, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)

    def shown() -> str:
        seen = b""
        while b"Ctrl-C ends" not in seen:
            assert select.select([ours], [], [], 120)[0], seen.decode()
            seen += os.read(ours, 65536)
        return seen.decode()

    try:
        assert "equal to release 000001" in shown()
        file.write_text(before.replace("gross_amount - discount_amount", "2 * (gross_amount - discount_amount)"))
        assert "equal to release" not in shown()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        file.write_text(before, encoding="utf-8")
        process.kill()
        process.wait()
        os.close(ours)


def test_a_preview_says_what_a_refresh_would_publish(company: Company, project: Path) -> None:
    released = company.released("aov", "2025-12", grain="month")
    file = project / AOV
    before = file.read_text(encoding="utf-8")
    same = json.loads(in_copy(project, company.data, "metric", "preview", "aov", "--json").stdout)
    assert same["rows"][-1]["value"] == same["rows"][-1]["released"] == released["value"]
    try:
        file.write_text(before.replace("gross_amount - discount_amount", "2 * (gross_amount - discount_amount)"))
        twice = json.loads(in_copy(project, company.data, "metric", "preview", "aov", "--json").stdout)
        assert Decimal(twice["rows"][-1]["numerator"]) == 2 * Decimal(released["numerator"])
        assert twice["rows"][-1]["released"] == released["value"]
        # A model it did not read so far: the last parse of the project is of no use then.
        file.write_text(f"{before}\ncross join (select count(*) from {{{{ ref('fct_traffic_by_period') }}}}) as visits")
        wider = json.loads(in_copy(project, company.data, "metric", "preview", "aov", "--json").stdout)
        assert wider["rows"][-1]["value"] == released["value"]
        file.write_text(before.replace("order_count as bigint", "order_cuont as bigint"))
        wrong = in_copy(project, company.data, "metric", "preview", "aov")
        number = before[: before.index("order_count as bigint")].count("\n") + 1
        assert wrong.returncode == 1
        assert f"metric_aov_v2.sql:{number}: Binder Error" in wrong.stderr
        assert "order_cuont" in wrong.stderr
    finally:
        file.write_text(before, encoding="utf-8")


def test_a_new_kpi_needs_one_folder_and_no_python(company: Company, project: Path, tmp_path: Path) -> None:
    before = files(project)
    refused = in_copy(project, company.data, *NEW, "--case", "shipping_amount=10, order_count=3 -> 11 / 3")
    assert "The worked case does not come out" in refused.stderr
    assert files(project) == before
    made = in_copy(project, company.data, *NEW, *CASE)
    assert made.returncode == 0, made.stderr
    after = files(project)
    folder = "dbt_project/models/metrics/webshop/shipping_per_order/metric_shipping_per_order"
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {f"{folder}.yml", f"{folder}_v1.sql", "dbt_project/models/reporting/int_metrics_unioned.sql"}
    preview = json.loads(in_copy(project, company.data, "metric", "preview", "shipping_per_order", "--json").stdout)
    data = tmp_path / "data"
    shutil.copytree(company.data, data, symlinks=True)
    done = in_copy(project, data, "refresh", "--inbox", str(company.inbox))
    assert done.returncode == 0, done.stdout + done.stderr
    asked = ("value", "shipping_per_order", "--grain", "month", "--period", "2025-12", "--json")
    value = json.loads(in_copy(project, data, *asked).stdout)
    [(shipping, orders)] = mart(
        company,
        "select shipping_amount, order_count from marts.fct_shop_by_period "
        "where period_grain = 'month' and period = '2025-12' and scope = 'total'",
    )
    assert (Decimal(value["numerator"]), Decimal(value["denominator"])) == (shipping, orders)
    assert preview["rows"][-1]["value"] == value["value"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("preview", "aovv"), "Did you mean aov"),
        (("preview", "aov", "--scope", "channel:mail"), "Did you mean channel:email"),
        (("diff", "aov", "v1", "v1"), "Version 1 does not differ from itself"),
        (("diff", "aov", "v1", "v9"), "aov has no version 9. Versions: 1, 2"),
        (("explain", "revenue", "2025-13"), "There is no month '2025-13'"),
        (("new", "aov", "--domain", "webshop", "--from", "orders"), "The name aov is taken"),
        (("new", "x", "--domain", "webshop", "--from", "fct_shop"), "There is no mart per period 'fct_shop'"),
    ],
)
def test_a_mistake_is_said_in_words(company: Company, arguments: tuple[str, ...], said: str) -> None:
    done = company.run("metric", *arguments, "--data", str(company.data))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
