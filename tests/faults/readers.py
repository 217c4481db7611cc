"""Readers in processes of their own while `current` is swapped: `python -m tests.faults.readers DATA READERS SWAPS`.

Half of them do what a careful program does: resolve `current` once and read the release it is. The others do what a BI
tool does: open `current/kerncijfers.duckdb` by name, each time anew. Prints one JSON line: reads, swaps, errors.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import duckdb

from orchestration import release
from orchestration.paths import Paths
from tests.faults.attempts import make, shown


def read(paths: Paths, place: int, until: int, known: set[int]) -> dict[str, object]:
    """Reads until the file descriptor `until` is closed at the other end."""
    os.set_blocking(until, False)
    reads, seen, errors = 0, set[int](), list[str]()
    while True:
        try:
            if os.read(until, 1) == b"":
                return {"reads": reads, "seen": len(seen), "errors": errors[:5]}
        except BlockingIOError:
            pass
        try:
            if place % 2:
                folder = release.current_release(paths)
                assert folder is not None, "there is no current release"
                value = shown(folder)
            else:
                with duckdb.connect(str(paths.current / release.DATABASE), read_only=True) as database:
                    [(value,)] = database.sql("select numerator from metrics.metric_revenue_v1").fetchall()
            assert value in known, f"a reader saw {value}"
            seen.add(value)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        reads += 1


def main(data: Path, readers: int, swaps: int) -> None:
    """Makes four releases, starts the readers, and swaps between the releases."""
    paths = Paths(data, data.with_name("inbox"), data.with_name("company.toml"))
    data.with_name("company.toml").write_text("[retention]\nwarehouses = 4\n", encoding="utf-8")
    values = [100, 200, 300, 400]
    for value in values:
        make(paths, value)
    stop, hold = os.pipe()
    answers = []
    for place in range(readers):
        answer, say = os.pipe()
        if os.fork() == 0:
            os.close(hold)
            signal.alarm(300)
            os.write(say, json.dumps(read(paths, place, stop, set(values))).encode())
            os._exit(0)
        os.close(say)
        answers.append(answer)
    for swap in range(swaps):
        release.rollback(paths, str((swap % 4) + 1))
        time.sleep(0.01)
    os.close(hold)
    told = []
    for answer in answers:
        with os.fdopen(answer, encoding="utf-8") as pipe:
            told.append(json.loads(pipe.read() or '{"reads": 0, "seen": 0, "errors": ["the reader died"]}'))
        os.wait()
    errors = [error for one in told for error in one["errors"]]
    fewest = min(one["seen"] for one in told)
    print(json.dumps({"swaps": swaps, "reads": [one["reads"] for one in told], "seen": fewest, "errors": errors}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
