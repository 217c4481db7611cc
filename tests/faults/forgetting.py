"""Tries faults on the forgetting of people: `python -m tests.faults.forgetting SEED WORK FAULT:NUMBER...`.

SEED has the landing zones of a shop and of what came by webhook, with people who are past their term. A try: the fault
strikes while they are forgotten; then it is done again without one, and people must be as they were, known to nobody.
A try is a fork, as in `attempts`; FAULT is KILL or the number of an error. One JSON line for each try.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.connect import forgetting
from ingestion.connect.fields import Rows
from ingestion.connect.landing import Landing
from ingestion.sources import shopify, webhooks
from ingestion.sources.webhooks import spool as spools
from ingestion.terms import Term
from tests.ingestion.connect.test_forgetting import known, world

TERM = Term(date(2024, 3, 1), "Europe/Amsterdam")
SHOP, RECEIVED = "shopify", "webhooks"
ZONES: dict[str, Mapping[str, Rows]] = {SHOP: shopify.CONNECTOR.tables, RECEIVED: webhooks.CONNECTOR.tables}


def forget(root: Path) -> None:
    """What a refresh does with the two: what was stopped is finished or cleared away first."""
    for name, tables in ZONES.items():
        zone, spool = Landing(root / name), spools.of(root / name)
        with zone.locked():
            zone.start(zone.reads)
            if name == SHOP:
                forgetting.forget(zone, tables, TERM)
                continue
            spool.settle(zone.generation)
            forgetting.forget(zone, tables, TERM, before=spool.prepare)
            spool.settle(zone.generation)


def people(root: Path) -> list[list[int]]:
    """How many rows there are of each person, in each zone."""
    return [sorted(len(rows) for rows in world(root / name, tables)[1]) for name, tables in ZONES.items()]


def wrong(seed: Path, root: Path) -> list[str]:
    """What is not as it must be after a forgetting that came to its end."""
    received = b"".join(file.read_bytes() for file in spools.of(root / RECEIVED).files())
    left = [file.name for file in (root / f"{RECEIVED}.spool").glob(".pending*")]
    left += [f"{name}: {len(list((root / name).iterdir()))} files" for name in ZONES if _has_more(root / name)]
    checks = {
        "rows of a person came or went": people(root) != people(seed),
        "somebody is known": any(known(root / name, tables) != 1 for name, tables in ZONES.items()),
        "a message names somebody": b"anna" in received,
        f"left behind: {left}": bool(left),
    }
    return [what for what, is_so in checks.items() if is_so]


def _has_more(zone: Path) -> bool:
    return {file.name for file in zone.iterdir()} != {".lock", "state.json", Landing(zone).generation}


def _in_a_fork(orders: dict[str, str], act: Callable[..., Any], *arguments: Path) -> tuple[int, str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.environ |= orders
        try:
            told = act(*arguments)
        except OSError as error:
            told = [f"refused: {error.strerror}"]
        except BaseException:
            told = [traceback.format_exc()[-800:]]
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return status, told


def main() -> None:
    """Tries each."""
    seed, work = Path(sys.argv[1]), Path(sys.argv[2])
    for tried in sys.argv[3:]:
        fault, number = tried.split(":")
        root = work / tried.replace(":", "-")
        subprocess.run(["cp", "-r", str(seed), str(root)], check=True)  # a file of this process would wake the shim
        orders = {"FAIL_UNDER": str(root), "FAIL_AT": number, "FAIL_WITH": fault, "FAIL_LOG": f"{root}.operations"}
        status, _ = _in_a_fork(orders, forget, root)
        _, again = _in_a_fork({}, forget, root)
        _, bad = _in_a_fork({}, wrong, seed, root)
        problems = json.loads(bad) + ([again] if again != "null" else [])
        print(json.dumps({"fault": fault, "number": int(number), "struck": status != 0, "bad": problems}), flush=True)
        subprocess.run(["rm", "-r", str(root)], check=True)


if __name__ == "__main__":
    main()
