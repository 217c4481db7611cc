"""People are forgotten whole or not at all, whatever strikes, and the next refresh does the rest."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults import record
from tests.faults.forgetting import SHOP, people
from tests.faults.test_publication import spread
from tests.ingestion.connect.fake import serve
from tests.ingestion.connect.fake_shopify import FakeShopify
from tests.ingestion.connect.test_forgetting import ANNA, BO, NEW, OLD, since
from tests.ingestion.connect.test_people import Shop, order_of
from tests.ingestion.connect.test_webhooks_forgetting import received

pytestmark = pytest.mark.fault

FAULTS = {
    "KILL": "people forgotten: SIGKILL at a file operation",
    str(errno.ENOSPC): "people forgotten: disk full from a file operation on",
    str(errno.EIO): "people forgotten: EIO from a file operation on",
}


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """Two landing zones with Anna, who is past the term, and Bo, who is not."""
    folder = tmp_path / "seed"
    received(folder)
    with serve(
        FakeShopify([order_of(ANNA, 10, OLD), order_of(BO, 20, NEW)], [since(ANNA, OLD), since(BO, NEW)])
    ) as server:
        shop = Shop(server, folder / SHOP)
        shop.settings = shop.settings.model_copy(update={"since": date(2023, 1, 1)})
        shop.fetch()
    assert people(folder) == [[2, 2], [2, 4]]
    return folder


def test_people_are_forgotten_whole_or_not_at_all_and_the_next_time_does_the_rest(
    seed: Path, tmp_path: Path, shims: dict[str, Path], long: bool
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    environment = os.environ | {"LD_PRELOAD": str(shims["fail"])}

    def tried(*faults: str) -> list[dict]:
        command = [sys.executable, "-m", "tests.faults.forgetting", str(seed), str(work), *faults]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    [counted] = tried("KILL:0")
    assert counted["bad"] == []
    operations = (work / "KILL-0.operations").read_text(encoding="ascii").count("operation")
    points = range(1, operations + 1) if long else spread(4, operations)
    outcomes = tried(*(f"{fault}:{point}" for fault in FAULTS for point in points))
    for fault, called in FAULTS.items():
        record.note(called, [not one["bad"] for one in outcomes if one["fault"] == fault])
    assert [one for one in outcomes if one["bad"]] == []
    assert all(one["struck"] for one in outcomes if one["fault"] == "KILL"), "the fault did nothing"
