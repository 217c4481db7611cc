"""Starts what `dagster dev` starts, with a door before the page: code server, daemon, and the page in this process.

Everything listens on this machine only: the page on 127.0.0.1, the code server on a socket in a folder of its owner.
Whoever needs the page from elsewhere puts a proxy with TLS before it (`--address`), or comes by `ssh -L`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
import yaml
from starlette.types import ASGIApp

from orchestration import door, sources
from orchestration.errors import BusyError, KerncijfersError
from orchestration.paths import PROJECT, Paths

ENV_TOKEN = "KERNCIJFERS_PAGE_TOKEN"
HOST = "127.0.0.1"
# The webserver's own choices: milliseconds a statement may take, seconds and number of connections.
_STATEMENT_TIMEOUT, _POOL_RECYCLE, _POOL_OVERFLOW = 15_000, 3_600, 20
_POLL_MILLISECONDS = 2_000
_PATIENCE = 60
# Becomes the program that follows, which Linux ends (PR_SET_PDEATHSIG, with SIGTERM) when its parent is gone.
_ENDS_WITH_PARENT = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"


def token_of(paths: Paths) -> tuple[str, bool]:
    """The token of the page: from the environment or `<data>/secrets.env`, else a new one for this start (True).

    Raises KerncijfersError when the one that was given is short enough to be tried out.
    """
    given = sources.environment(paths).get(ENV_TOKEN, "")
    if not given:
        return secrets.token_urlsafe(door.SHORTEST), True
    if len(given) < door.SHORTEST:
        raise KerncijfersError(
            f"{ENV_TOKEN} has {len(given)} characters; {door.SHORTEST} is the least. "
            'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return given, False


def require_address(address: str) -> None:
    """Refuses an address that is not that of a proxy with TLS: the cookie would go over the network to be read."""
    parts = urlsplit(address)
    if address and (parts.scheme != "https" or not parts.hostname or parts.path.strip("/")):
        raise KerncijfersError(
            f"--address {address} is not the address of a proxy with TLS. Write it as https://kpi.example.nl"
        )


def serve(paths: Paths, *, port: int, address: str = "", tell: Callable[[str], None]) -> None:
    """Runs page and daemon until it is interrupted, and tells where the page is, with a token that is new.

    Raises BusyError when page and daemon of this data folder run already, and KerncijfersError when the port is taken
    or the daemon stopped by itself.
    """
    require_address(address)
    token, is_new = token_of(paths)
    # Neither the daemon nor what a run starts has any business with it.
    os.environ.pop(ENV_TOKEN, None)
    folder = home(paths)
    os.environ.update({**paths.environment(), "DAGSTER_HOME": str(folder)})
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager stops it as Ctrl-C does
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        lock = stack.enter_context(_alone(folder))
        listening = stack.enter_context(_socket(port))
        port = listening.getsockname()[1]
        app, daemon = stack.enter_context(_dagster(lock))
        server = uvicorn.Server(
            uvicorn.Config(door.Door(app, token, port, address), log_level="warning", server_header=False)
        )
        listening.listen()  # whoever opens the address at once waits a moment, and is not turned away
        # One that is kept elsewhere need not stand in a journal too.
        tell(f"{address.rstrip('/') or f'http://{HOST}:{port}'}/{f'?token={token}' if is_new else ''}")
        watch = threading.Thread(target=_stop_with, args=(daemon, server), daemon=True)
        watch.start()
        server.run([listening])
        if daemon.poll() is not None:
            raise KerncijfersError(
                f"Dagster's daemon stopped by itself (exit code {daemon.poll()}), so no schedule would run: the page "
                "stopped as well. What it said is above. Start it again."
            )


@contextmanager
def _dagster(lock: int) -> Iterator[tuple[ASGIApp, subprocess.Popen[bytes]]]:
    """Dagster's page as an application, and the daemon that runs schedules and sensors, both asking one code server."""
    import dagster as dg  # noqa: PLC0415 - seconds to import, and what is wrong with a token is said before
    from dagster._cli.proxy_server_manager import ProxyServerManager  # noqa: PLC0415
    from dagster._core.workspace.context import WorkspaceProcessContext  # noqa: PLC0415
    from dagster._core.workspace.load_target import PyProjectFileTarget, WorkspaceFileTarget  # noqa: PLC0415
    from dagster_webserver.app import create_app_from_workspace_process_context  # noqa: PLC0415

    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.get())
        instance.optimize_for_webserver(_STATEMENT_TIMEOUT, _POOL_RECYCLE, _POOL_OVERFLOW)
        code = stack.enter_context(
            ProxyServerManager(instance, PyProjectFileTarget(str(PROJECT / "pyproject.toml")), "WARNING")
        )
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "workspace.yaml"
        workspace.write_text(yaml.safe_dump({"load_from": code.get_code_server_specs()}), encoding="utf-8")
        daemon = subprocess.Popen(
            [
                *([sys.executable, "-c", _ENDS_WITH_PARENT] if sys.platform == "linux" else []),
                str(Path(sys.executable).with_name("dagster-daemon")),
                "run",
                "--log-level",
                "warning",
                "--log-format",
                "json",
                "-w",
                str(workspace),
            ],
            cwd=PROJECT,
            start_new_session=True,  # Ctrl-C comes here first; the daemon is stopped after the page
            pass_fds=[lock],  # where it outlives this process all the same, no second one starts beside it
        )
        stack.callback(_stop, daemon)
        context = stack.enter_context(
            WorkspaceProcessContext(instance, WorkspaceFileTarget([str(workspace)]), version=dg.__version__)
        )
        yield create_app_from_workspace_process_context(context, live_data_poll_rate=_POLL_MILLISECONDS), daemon


def home(paths: Paths) -> Path:
    """Where the instance keeps what it knows, with the project's dagster.yaml in it."""
    folder = paths.data / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    link = folder / "dagster.yaml"
    link.unlink(missing_ok=True)
    link.symlink_to(PROJECT / "dagster.yaml")
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """One daemon for a data folder: two would start every schedule twice. Gives the lock, for the daemon to hold."""
    with (folder / ".lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"Page and daemon of {folder.parent} run already. This one did not start; stop that one first, or open "
                "the address it printed. Is there none that runs, then its daemon still does: stop dagster-daemon."
            ) from None
        yield handle.fileno()


@contextmanager
def _socket(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise KerncijfersError(
                f"Port {port} of this machine can't be used ({error.strerror}). Choose another with --port."
            ) from None
        yield listening


def _stop_with(daemon: subprocess.Popen[bytes], server: uvicorn.Server) -> None:
    daemon.wait()
    server.should_exit = True


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
