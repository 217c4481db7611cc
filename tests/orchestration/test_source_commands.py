"""The commands for connected systems, against a shop that speaks Shopify's protocol."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ingestion.sources.shopify.settings import ShopifySettings
from orchestration.cli import app
from tests.ingestion.connect.fake import serve
from tests.ingestion.connect.fake_shopify import FakeShopify, order


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShopify]:
    for name in ("SHOPIFY_ACCESS_TOKEN", "SHOPIFY_CLIENT_ID", "SHOPIFY_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with serve(FakeShopify([order(number, f"2026-0{number}-01T10:00:00Z") for number in range(1, 5)])) as server:
        monkeypatch.setattr(ShopifySettings, "address", server.url)
        yield server


def kerncijfers(folder: Path, *words: str, said: str = "") -> Result:
    options = ["--data", str(folder / "data"), "--company", str(folder / "company.toml")]
    return CliRunner().invoke(app, ["source", *words, *options], input=said)


def test_a_system_is_added_fetched_and_listed(tmp_path: Path, shop: FakeShopify) -> None:
    file = tmp_path / "company.toml"
    file.write_text('[company]\nname = "De Linde"  # ours\n', encoding="utf-8")
    refused = kerncijfers(tmp_path, "add", "shopify", said="linde\n2026-01-01\nshpat_wrong\n\n\ny\n")
    assert refused.exit_code == 1 and "does not accept the credentials" in refused.output
    assert "shopify" not in file.read_text(encoding="utf-8"), "nothing is written before it works"

    added = kerncijfers(tmp_path, "add", "shopify", said="linde\n2026-01-01\nshpat_good\n\n\ny\n")
    assert added.exit_code == 0, added.output
    assert "De Linde, amounts in EUR" in added.output and "orders: 4 rows" in added.output
    written = file.read_text(encoding="utf-8")
    assert "# ours" in written and "shpat_good" not in written + added.output
    assert tomllib.loads(written)["sources"]["shopify"] == {"shop": "linde", "since": "2026-01-01"}
    secrets = tmp_path / "data" / "secrets.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert not list((tmp_path / "data").rglob("*.parquet")), "a sample is not kept"

    fetched = kerncijfers(tmp_path, "fetch", "shopify")
    assert "orders: 4 rows" in fetched.output, fetched.output
    assert "4/4" in fetched.output, "a bar says how far it is of how much there is"
    shop.orders.append(order(5, "2026-05-01T10:00:00Z"))
    assert "orders: 2 rows" in kerncijfers(tmp_path, "fetch", "shopify").output
    listed = kerncijfers(tmp_path, "list").output
    assert "Shopify" in listed and " 5 " in listed
    assert "has [sources.shopify] already" in kerncijfers(tmp_path, "add", "shopify", said="a\n2026-01-01\ny\n").output
    secrets.chmod(0o644)
    assert "can be read by others" in kerncijfers(tmp_path, "test", "shopify").output


def test_a_mistake_in_the_declaration_names_source_and_key(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text('[company]\nname = "De Linde"\n[sources.shopify]\nshop = "linde"\n', encoding="utf-8")
    assert "shopify: since: Field required" in kerncijfers(tmp_path, "test", "shopify").output
    file.write_text('[company]\nname = "De Linde"\n[sources.shopfy]\n', encoding="utf-8")
    assert "there is no connector shopfy; the nearest is shopify." in kerncijfers(tmp_path, "list").output


def test_a_company_that_lies_in_its_inbox_is_found_by_it(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "company.toml").write_text('[sources.shopify]\nshop = "linde"\nsince = 2026-01-01\n', encoding="utf-8")
    places = ["--data", str(tmp_path / "data"), "--inbox", str(inbox)]
    listed = CliRunner().invoke(app, ["source", "list", *places])
    assert "Shopify" in listed.output.partition("Not connected")[0], listed.output
    again = CliRunner().invoke(app, ["source", "add", "shopify", *places])
    assert f"{inbox / 'company.toml'} has [sources.shopify] already" in " ".join(again.output.split())
