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
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
PARSED = "partial_parse.msgpack"
RUN_RESULTS = "run_results.json"
_SILENT = ("--log-level", "none", "--log-level-file", "none")
_PRINTING = threading.Lock()


def main(cache: Path) -> int:
    """Fills `cache` with the parsed project when it is not there yet, then runs the command it is given."""
    # Here and not above: the other side imports this module for its constants.
    from dbt.cli.main import dbtRunner  # noqa: PLC0415
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    _listen()
    if (cache / PARSED).is_file():
        manifest = Manifest.from_msgpack((cache / PARSED).read_bytes())
    else:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
            parse = ["parse", "--no-partial-parse", "--target-path", scratch, *_SILENT]
            parsed = dbtRunner(callbacks=[_tell]).invoke(parse)
            if not parsed.success or not isinstance(parsed.result, Manifest):
                return 2
            manifest = parsed.result
            if not _is_of(cache):
                sys.stdout.write("A file of it was saved while it was read. Start again.\n")
                return 2
            _keep(Path(scratch), cache)
    manifest.build_flat_graph()  # what `graph` is in Jinja; dbt makes it while parsing, which is skipped
    for library in ("scipy.optimize", "statsforecast.models"):
        importlib.import_module(library)  # models in Python need them: better now than during the build
    signal.alarm(0)  # to wait for a command is no silence
    line = sys.stdin.readline()
    if not line:
        return 0
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    _heard()
    # Whoever asks has put the manifest in its target folder already; only the results are new.
    result = dbtRunner(manifest=manifest, callbacks=[_tell]).invoke([*json.loads(line), "--no-write-json", *_SILENT])
    written: Any = result.result
    if hasattr(written, "write"):
        written.write(str(Path(os.environ["DBT_TARGET_PATH"]) / RUN_RESULTS))
    return 0 if result.success else 1


def _listen() -> None:
    """Lets dbt make a message of an event only when somebody reads it: eleven of twelve are for debugging.

    Together with a printer of our own (`_tell`) instead of dbt's, this saves a fifth of a build.
    """
    from dbt_common.events.base_types import BaseEvent, EventLevel  # noqa: PLC0415
    from dbt_common.events.event_manager import EventManager  # noqa: PLC0415
    from dbt_common.events.event_manager_client import ctx_set_event_manager  # noqa: PLC0415

    class Listener(EventManager):
        def fire_event(self, e: BaseEvent, level: EventLevel | None = None, *rest: Any, **more: Any) -> None:
            _heard()
            if (level or e.level_tag()) not in {EventLevel.DEBUG, EventLevel.TEST}:
                super().fire_event(e, level, *rest, **more)

    listener: Any = Listener()  # dbt's own type for what goes in here does not fit its own class
    ctx_set_event_manager(listener)


def _heard() -> None:
    """Lets the kernel end this process when dbt does nothing for an hour, or for KERNCIJFERS_DBT_PATIENCE seconds.

    Where memory runs out, a thread of dbt can die before it has begun, hold Python's lock, and be waited for without
    an end: nothing within Python could stop that.
    """
    signal.alarm(int(os.environ.get("KERNCIJFERS_DBT_PATIENCE", "3600")))


def _tell(event: Any) -> None:
    """Prints an event as dbt's own JSON line."""
    from dbt_common.events.functions import env_scrubber, msg_to_json  # noqa: PLC0415

    with _PRINTING:
        sys.stdout.write(env_scrubber(msg_to_json(event)) + "\n")


def _die_with_the_parent() -> None:
    """Ends the build when standard input does: left alone, it would write its results into the next refresh."""
    sys.stdin.read()
    os._exit(3)


def _is_of(cache: Path) -> bool:
    """Whether the project still is the one the folder is named after."""
    from orchestration import dbt  # noqa: PLC0415 - it imports this module

    return dbt._cache() == cache


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
