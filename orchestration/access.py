"""Who was at the private data (art. 32 AVG/GDPR): a line for each command that reads or changes it.

`<data>/logs/access.jsonl` has the moment, the user of the machine and the command, never its arguments: the subject of
an erasure would be one of them.
"""

from __future__ import annotations

import getpass
import json
import os
from datetime import UTC, datetime

from typer._click.globals import get_current_context

from orchestration.paths import Paths

LOG = "access.jsonl"
# Commands that show or change rows: of the warehouse, of a landing zone, or of what a source gives.
PRIVATE = frozenset(
    {
        *("refresh", "erase", "serve", "accounts", "releases rebuild"),
        *("metric explain", "metric preview", "metric diff", "metric new"),
        *("source add", "source test", "source fetch", "source listen"),
    }
)
_KEPT_LINES = 10_000


def note(paths: Paths) -> None:
    """Writes down that this command was given, when it is about private data and there is some."""
    command = _command()
    if command not in PRIVATE or not (paths.warehouses.is_dir() or paths.sources.is_dir()):
        return
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "user": _user(), "command": command}
    file = paths.logs / LOG
    file.parent.mkdir(exist_ok=True, mode=0o700)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []
    if len(lines) >= 2 * _KEPT_LINES:
        part = file.with_suffix(".part")
        part.write_text("".join(lines[-_KEPT_LINES:]), encoding="utf-8")
        part.replace(file)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as log:
        log.write(json.dumps(told) + "\n")


def _command() -> str:
    """The command as it is typed, without `kerncijfers`; `metrics` is another name of `metric`."""
    context, names = get_current_context(silent=True), list[str]()
    while context is not None and context.parent is not None:
        names.insert(0, str(context.info_name))
        context = context.parent
    return " ".join("metric" if name == "metrics" else name for name in names)


def _user() -> str:
    by = os.environ.get("SUDO_USER")
    try:
        return f"{getpass.getuser()}{f' for {by}' if by else ''}"
    except (KeyError, OSError):  # a container may run as a number without a name
        return str(os.getuid())
