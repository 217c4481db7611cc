"""Real database servers of this machine, on a socket in a temporary folder, for as long as a block runs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def require(*programs: str) -> list[str]:
    """The paths of programs; without one the test is skipped, but not in CI, where they are installed."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, POSTGRES_FOLDERS)])
    found = [shutil.which(program, path=path) for program in programs]
    if all(found):
        return [program for program in found if program]
    if os.environ.get("CI") == "true":
        pytest.fail(f"{', '.join(programs)}: not installed, and CI must read real databases")
    pytest.skip(f"{', '.join(programs)}: not installed")


def _owner(program: str) -> str | None:
    """Servers refuse to run as root; their package made a user for them."""
    return program if os.geteuid() == 0 else None


@contextmanager
def _running(arguments: Sequence[str], user: str | None, engine: sa.Engine) -> Iterator[sa.Engine]:
    log = tempfile.TemporaryFile()  # noqa: SIM115
    process = subprocess.Popen(arguments, user=user, stdout=log, stderr=log)
    try:
        for _ in range(300):
            try:
                engine.connect().close()
                break
            except OperationalError:
                if process.poll() is not None:
                    log.seek(0)
                    pytest.fail(log.read().decode())
                time.sleep(0.05)
        yield engine
    finally:
        engine.dispose()
        process.send_signal(signal.SIGINT if "postgres" in arguments[0] else signal.SIGTERM)
        process.wait(30)
        log.close()


@contextmanager
def _folder(user: str | None) -> Iterator[Path]:
    # A socket's path must be short, which pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="kc-", dir="/tmp"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[tuple[sa.Engine, Path]]:
    """A PostgreSQL server, and the folder of its socket. User and password: reader, secret."""
    initdb, server = require("initdb", "postgres")
    user = _owner("postgres")
    with _folder(user) as folder:
        data = folder / "data"
        made = [initdb, "-D", str(data), "-U", "admin", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(made, user=user, check=True, capture_output=True)
        (data / "pg_hba.conf").write_text("local all admin trust\nlocal all all scram-sha-256\n", encoding="utf-8")
        arguments = [server, "-D", str(data), "-k", str(folder), "-h", "", "-F"]
        admin = sa.create_engine(f"postgresql+psycopg://admin@/postgres?host={folder}", isolation_level="AUTOCOMMIT")
        with _running(arguments, user, admin) as engine:
            yield engine, folder


@contextmanager
def mariadb() -> Iterator[tuple[sa.Engine, Path]]:
    """A MariaDB server, and its socket. User and password: reader, secret."""
    install, server = require("mariadb-install-db", "mariadbd")
    user = _owner("mysql")
    with _folder(user) as folder:
        data = folder / "data"
        made = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        made += ["--skip-test-db", *([f"--user={user}"] if user else [])]
        done = subprocess.run(made, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(done.stdout + done.stderr, pytrace=False)
        socket = folder / "socket"
        arguments = [server, "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking"]
        arguments += [f"--pid-file={folder / 'pid'}", *([f"--user={user}"] if user else [])]
        root = "root" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        admin = sa.create_engine(f"mysql+pymysql://{root}@/?unix_socket={socket}", isolation_level="AUTOCOMMIT")
        with _running(arguments, None, admin) as engine:
            yield engine, socket
