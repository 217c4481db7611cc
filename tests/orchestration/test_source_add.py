"""`kerncijfers source add NAME`, for every system there is a connector for and for databases, as somebody would type it."""

from __future__ import annotations

import base64
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from ingestion.sources import registry
from orchestration.cli import app
from tests.ingestion.connect.systems import SYSTEMS, System, running
from tests.ingestion.databases import servers

# The systems that say how many rows they hold; of the others an estimate is shown, or that they do not say.
COUNTED = {"hubspot", "salesforce", "shopify", "woocommerce"}
README = Path(__file__).parents[2] / "ingestion" / "sources"


def kerncijfers(folder: Path, *words: str, said: str = "") -> Result:
    options = ["--data", str(folder / "data"), "--company", str(folder / "company.toml")]
    return CliRunner().invoke(app, ["source", *words, *options], input=said)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    file = tmp_path / "company.toml"
    file.write_text('[company]\nname = "De Linde"  # ours\n', encoding="utf-8")
    return file


def _typed(system: System, secrets: Mapping[str, str]) -> str:
    """What somebody answers to each question, and yes."""
    fields = system.connector.settings.model_fields
    answers = [system.told[key] for key, field in fields.items() if field.is_required()]
    words = [",".join(answer) if isinstance(answer, list) else str(answer) for answer in answers]
    return "\n".join([*words, *(secrets.get(name, "") for name in system.connector.secrets), "y", ""])


@pytest.fixture(params=sorted(SYSTEMS))
def system(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    with running(request.param, tmp_path, monkeypatch) as (system, _):
        for name in system.connector.secrets:
            monkeypatch.delenv(name, raising=False)
        validate = system.connector.settings.model_validate

        def on_this_machine(told: dict[str, Any], **options: Any) -> Any:
            return validate({**told, system.address: system.server.url}, **options)

        monkeypatch.setattr(system.connector.settings, "model_validate", on_this_machine)
        yield system


def test_a_system_is_tested_shown_and_written_with_its_secrets_apart(
    system: System, company: Path, tmp_path: Path
) -> None:
    name, connector = system.connector.name, system.connector
    before = company.read_text(encoding="utf-8")
    refused = kerncijfers(tmp_path, "add", name, said=_typed(system, dict.fromkeys(system.secrets, "wrong-one")))
    assert refused.exit_code == 1 and "Error: " in refused.output
    assert company.read_text(encoding="utf-8") == before, "nothing is written before it works"
    assert not (tmp_path / "data" / "secrets.env").exists()

    added = kerncijfers(tmp_path, "add", name, said=_typed(system, system.secrets))
    assert added.exit_code == 0, added.output
    for table in connector.tables:
        assert f"{table}: " in added.output, "every table is shown"
    if name in COUNTED:
        assert f"{system.table}: {system.truth()[0]} rows" in added.output, "the rows it would load"
    written = company.read_text(encoding="utf-8")
    assert "# ours" in written
    declared = tomllib.loads(written)["sources"][name]
    assert {key: str(declared[key]) for key in system.settings if key in declared} == {
        key: str(value) for key, value in system.settings.items() if key in declared
    }
    assert not any(secret in written + added.output for secret in system.kept_secret)
    kept = tmp_path / "data" / "secrets.env"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert all(f"{key}={value}" in kept.read_text(encoding="utf-8") for key, value in system.secrets.items())
    assert not list((tmp_path / "data").rglob("*.parquet")), "a sample is not kept"

    again = kerncijfers(tmp_path, "test", name)
    assert again.exit_code == 0, again.output
    assert f"has [sources.{name}] already" in kerncijfers(tmp_path, "add", name).output


def test_every_connector_is_tried(company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {*SYSTEMS, "webhooks"} == set(registry.NAMES)
    monkeypatch.delenv("WEBHOOKS_SECRET", raising=False)
    key = "whsec_" + base64.b64encode(b"a key of twenty-four bytes or more").decode()
    assert kerncijfers(tmp_path, "add", "webhooks", said="whsec_short\ny\n").exit_code == 1
    added = kerncijfers(tmp_path, "add", "webhooks", said=f"{key}\ny\n")
    assert added.exit_code == 0, added.output
    assert "survey_responses: " in added.output and key not in added.output
    assert tomllib.loads(company.read_text(encoding="utf-8"))["sources"] == {"webhooks": {}}
    assert kerncijfers(tmp_path, "list").exit_code == 0


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_is_tested_shown_and_written_with_its_password_apart(
    kind: str, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with servers.postgres() if kind == "postgresql" else servers.mariadb() as (admin, socket):
        database = "postgres" if kind == "postgresql" else "shop"
        _fill(admin, kind)
        answers = ["shop", str(socket), database, "reader"]
        refused = kerncijfers(tmp_path, "add", kind, said="\n".join([*answers, "wrong", "y", ""]))
        assert refused.exit_code == 1 and "does not answer as it should" in refused.output
        assert "Sh0p" in kerncijfers(tmp_path, "add", kind, said="Sh0p\n").output
        added = kerncijfers(tmp_path, "add", kind, said="\n".join([*answers, "secret", "y", ""]))
        assert added.exit_code == 0, added.output
        assert "orders: 4 rows" in added.output and "1234567890.120000" in added.output
        assert "salaries" not in added.output, "what the user may not read is not shown"
        written = company.read_text(encoding="utf-8")
        told = {"kind": kind, "host": str(socket), "database": database, "user": "reader"}
        assert tomllib.loads(written)["databases"] == {"shop": told}
        assert "SHOP_PASSWORD=secret" in (tmp_path / "data" / "secrets.env").read_text(encoding="utf-8")
        assert kerncijfers(tmp_path, "test", "shop").exit_code == 0
        assert "has [databases.shop] already" in kerncijfers(tmp_path, "add", kind, said="shop\n").output


def _fill(admin: sa.Engine, kind: str) -> None:
    in_shop = "" if kind == "postgresql" else "shop."
    reader = "reader" if kind == "postgresql" else "reader@localhost"
    made = {
        "postgresql": ["create role reader login password 'secret'"],
        "mariadb": ["create database shop", "create user reader@localhost identified by 'secret'"],
    }
    with admin.connect() as connection:
        for statement in (
            *made[kind],
            f"create table {in_shop}orders (id int, amount decimal(20, 6))",
            f"insert into {in_shop}orders values (1, 1234567890.12), (2, 2), (3, 3), (4, 4)",
            f"create table {in_shop}salaries (id int)",
            f"grant select on {in_shop}orders to {reader}",
        ):
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("name", [*registry.NAMES, "databases"])
def test_a_readme_says_all_that_somebody_who_connects_a_system_must_know(name: str) -> None:
    text = (README / name / "README.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in text.split("\n## ")[1:]}
    assert "tested against the documented protocol" in " ".join(text.split()).lower()
    for section in ("Permissions", "Credentials", "Limits", "Personal data"):
        assert len(sections[section].split()) > 6, section
    steps = [line for line in sections["Credentials"].splitlines() if line[:2] in ("1.", "2.")]
    assert len(steps) == 2, "step by step"
    assert "kerncijfers source add" in sections["Credentials"]
    if name == "databases":
        return
    connector = registry.connector(name)
    for table in connector.tables:
        assert f"`{table}`" in text, f"what it loads: {table}"
    for secret in connector.secrets:
        assert secret in sections["Credentials"], secret
    assert f"[sources.{name}]" in text
