"""A new version of a metric leaves what was issued under the old one alone, to the byte and to the last digit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml

pytestmark = pytest.mark.integration

_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "target", "logs")
_COMPANY = """
[company]
name = "Theehuis De Waag B.V."
profile = "ecommerce"

[[files]]
name = "orders"
entity = "orders"
pattern = "orders.csv"
key = ["order_id"]
columns = {order_id = "id", ordered_at = "at", gross_amount = "goods", discount_amount = "discount", shipping_amount = "shipping", tax_amount = "tax"}
values = {currency = "EUR"}
"""


@dataclass(frozen=True)
class Project:
    """A copy of the project, and one small company of which it makes releases."""

    root: Path
    data: Path
    inbox: Path

    def run(self, *arguments: str) -> None:
        """Run the copy's command line; it must succeed."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("KERNCIJFERS_")}
        done = subprocess.run(
            [sys.executable, "-c", "from orchestration.cli import app; app()", *arguments, "--data", str(self.data)],
            env={**environment, "PYTHONPATH": str(self.root)},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def history(self, release: str, version: int) -> list[tuple]:
        """Everything a release says of one version of the average order value."""
        file = self.data / "releases" / release / "kerncijfers.duckdb"
        with duckdb.connect(str(file), read_only=True) as released:
            return released.execute(
                f"""
                select grain, period, scope, value, * exclude (grain, period, scope, value, version)
                from reporting.rpt_metric_values where metric = 'aov' and version = {version} order by all
                """
            ).fetchall()

    def content(self, release: str) -> dict[str, bytes]:
        """Every file of a release."""
        folder = self.data / "releases" / release
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def without_second_version(project: Path) -> dict[Path, bytes]:
    """Take version 2 of the average order value out of a project; what to put back."""
    folder = project / "dbt_project" / "models" / "metrics" / "webshop" / "aov"
    removed = {file: file.read_bytes() for file in folder.iterdir()}
    registry = folder / "metric_aov.yml"
    content = yaml.safe_load(registry.read_text(encoding="utf-8"))
    [model] = content["models"]
    model["latest_version"] = 1
    model["versions"] = [version for version in model["versions"] if version["v"] == 1]
    content["unit_tests"] = [test for test in content["unit_tests"] if test["versions"]["include"] == [1]]
    registry.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    for file in folder.glob("*_aov_v2.*"):  # the version, and the bridge that leads to it
        file.unlink()
    return removed


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> tuple[Project, dict[str, bytes]]:
    """Release 000001 was made when there was only version 1, release 000002 after version 2 came; and the first's files."""
    folder = tmp_path_factory.mktemp("versions")
    project = Project(root=folder / "project", data=folder / "data", inbox=folder / "inbox")
    shutil.copytree(project_root, project.root, ignore=_NOT_COPIED)
    for edition in (project.root / "reports" / "editions").glob("*.yml"):
        text = edition.read_text(encoding="utf-8").replace("aov@2", "aov@1")
        edition.write_text(re.sub(r"(  - aov@1\n)(?:  - aov@1\n)+", r"\1", text), encoding="utf-8")
    project.inbox.mkdir()
    (project.inbox / "company.toml").write_text(_COMPANY, encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select i as id, strftime(timestamp '2024-11-03 09:30:00' + to_hours(i * 31), '%Y-%m-%d %H:%M:%S') as at,
                    40 + i % 37 as goods, i % 4 as discount, 4.95 as shipping, 8.25 + i % 9 as tax
                from range(300) t(i)
            ) to '{project.inbox}/orders.csv' (header)
            """
        )
    removed = without_second_version(project.root)
    project.run("refresh", "--inbox", str(project.inbox))
    issued = project.content("000001")
    for file, content in removed.items():
        file.write_bytes(content)
    project.run("refresh", "--inbox", str(project.inbox))
    return project, issued


def test_an_issued_release_is_unchanged_after_a_new_version(releases: tuple[Project, dict[str, bytes]]) -> None:
    project, issued = releases
    assert any(name.endswith(".html") for name in issued)
    assert project.content("000001") == issued


def test_an_issued_report_renders_byte_equal_after_a_new_version(
    releases: tuple[Project, dict[str, bytes]], tmp_path: Path
) -> None:
    project, issued = releases
    project.run("report", "--release", "000001", "--out", str(tmp_path))
    pages = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert len(pages) >= 2
    # The page for the operator tells of that day's disk and runs, not of the release's numbers.
    assert pages == {
        name: content for name, content in issued.items() if name.endswith(".html") and name != "status.html"
    }


def test_the_old_version_keeps_its_whole_history_and_the_new_one_stands_beside_it(
    releases: tuple[Project, dict[str, bytes]],
) -> None:
    project, _ = releases
    before, after, new = (
        project.history("000001", 1),
        project.history("000002", 1),
        project.history("000002", 2),
    )
    assert project.history("000001", 2) == []
    assert len(before) > 20
    assert after == before
    assert [row[:3] for row in new] == [row[:3] for row in before]
    with_value = [(old[3], young[3]) for old, young in zip(before, new, strict=True) if old[3] is not None]
    # Goods alone are worth less than goods with shipping and tax.
    assert len(with_value) > 10
    assert all(young < old for old, young in with_value)
