"""One dbt process for one refresh: `python -m orchestration.dbt_worker CACHE`.

Importing and parsing take dbt longer than a small build, so this process starts first and does both while the
sources are loaded. It then waits for one line on standard input, a JSON list of dbt arguments, runs that command
and ends. It also ends, at once, when standard input ends: then nobody waits for it any more.

dbt stays in a process of its own because DuckDB gives its file to one process at a time.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

MANIFEST = "manifest.json"
PARSED = "partial_parse.msgpack"


def main(cache: Path) -> int:
    """Fills `cache` with the parsed project when it is not there yet, then runs the command it is given."""
    # Here and not above: the other side imports this module for its constants.
    from dbt.cli.main import dbtRunner  # noqa: PLC0415
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    if (cache / PARSED).is_file():
        manifest = Manifest.from_msgpack((cache / PARSED).read_bytes())
    else:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
            parsed = dbtRunner().invoke(["--quiet", "parse", "--no-partial-parse", "--target-path", scratch])
            if not parsed.success or not isinstance(parsed.result, Manifest):
                return 2
            manifest = parsed.result
            _keep(Path(scratch), cache)
    manifest.build_flat_graph()  # what `graph` is in Jinja; dbt makes it while parsing, which is skipped
    for library in ("scipy.optimize", "statsforecast.models"):
        importlib.import_module(library)  # models in Python need them: better now than during the build
    line = sys.stdin.readline()
    if not line:
        return 0
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    return 0 if dbtRunner(manifest=manifest).invoke(json.loads(line)).success else 1


def _die_with_the_parent() -> None:
    """Ends the build when standard input does: left alone, it would write its results into the next refresh."""
    sys.stdin.read()
    os._exit(3)


def _keep(scratch: Path, cache: Path) -> None:
    """Puts the parsed project in the cache by one rename: two processes may parse the same project at once."""
    ready = Path(tempfile.mkdtemp(dir=cache.parent))
    for name in (MANIFEST, PARSED):
        shutil.copyfile(scratch / name, ready / name)
    try:
        ready.rename(cache)
    except OSError:  # the other one was first
        shutil.rmtree(ready)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
