"""How long releases and private warehouses are kept: by number and by age, as company.toml says."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from orchestration import company
from orchestration.paths import Paths
from orchestration.release.store import current_release, discard, kept, read_facts, seal_of, warehouse_of

_DAY = 86_400


def retain(paths: Paths) -> None:
    """Removes what is no longer kept; never the current release and never its warehouse."""
    rules = company.read(paths).retention
    published = current_release(paths)
    moment = time.time()
    for place, folder in enumerate(reversed(kept(paths))):
        too_many = place >= rules.releases
        if folder != published and too_many and _days(folder, moment) > rules.release_days:
            discard(folder)
    current = warehouse_of(paths, published.name) if published else None
    warehouses = sorted(paths.warehouses.glob("*.duckdb"), reverse=True)
    for place, file in enumerate(warehouses):
        is_old = (moment - file.stat().st_mtime) / _DAY > rules.warehouse_days
        if file != current and (place >= rules.warehouses or is_old):
            discard(file)
            if seal_of(file).exists():
                discard(seal_of(file))


def _days(folder: Path, moment: float) -> float:
    return (moment - datetime.fromisoformat(read_facts(folder)["created_at"]).timestamp()) / _DAY
