"""A model's SQL as dbt compiles it, to run on rows of one's own: thousands of series, where a unit test has a handful."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Compiled:
    """Models compiled against a warehouse in which nothing is built."""

    target: Path
    warehouse: Path

    def sql(self, model: str) -> str:
        """The SQL of a model; its refs are `"warehouse"."<schema>"."<name>"`."""
        [file] = (self.target / "compiled").rglob(f"{model}.sql")
        return file.read_text(encoding="utf-8")

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An empty database under the name the compiled SQL knows, with the schemas of the layers."""
        connection = duckdb.connect()
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        for schema in ("staging", "intermediate", "marts", "reporting", "seeds"):
            connection.execute(f"create schema {schema}")
        return connection


def compile_models(root: Path, project_root: Path, *models: str) -> Compiled:
    """Let dbt compile these models; nothing is run."""
    warehouse = root / "warehouse.duckdb"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", "compile", "--project-dir", str(project_root / "dbt_project")),
            *("--profiles-dir", str(project_root / "dbt_project"), "--select", *models),
            *("--target-path", str(root / "target"), "--log-path", str(root / "logs")),
        ],
        env={**os.environ, "KERNCIJFERS_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Compiled(root / "target", warehouse)
