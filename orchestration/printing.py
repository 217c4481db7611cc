"""Reports on paper: prints a page to PDF with the Chromium, Chrome or Edge that is on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from orchestration.errors import KerncijfersError

VARIABLE = "KERNCIJFERS_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome")
_APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge")
_QUIET = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-extensions",
)
_SECONDS = 180


def browser() -> str:
    """The program that prints. Raises KerncijfersError that says what to install when there is none."""
    if named := os.environ.get(VARIABLE):
        if found := shutil.which(named):
            return found
        raise KerncijfersError(f"{VARIABLE} names {named}, which is no program on this machine.")
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    for name in _APPLICATIONS:
        file = Path("/Applications") / f"{name}.app" / "Contents" / "MacOS" / name
        if file.is_file():
            return str(file)
    raise KerncijfersError(
        "Printing to PDF needs Chromium, Chrome or Edge, and none of them is here. Install one (on Debian: "
        f"`sudo apt install chromium`), or say where it is with {VARIABLE}=/path/to/chromium. Any browser prints the "
        "report as well: open it and choose Print."
    )


def to_pdf(page: Path, out: Path, program: str) -> Path:
    """Prints a report to `out` as its own print stylesheet has it: A4, with page numbers. Nothing is requested.

    Raises KerncijfersError with what the browser said when it made no PDF.
    """
    with tempfile.TemporaryDirectory(prefix="kerncijfers-print-") as folder:
        draft = Path(folder) / "report.pdf"
        command = [program, "--headless", *_QUIET, f"--user-data-dir={folder}/profile", "--no-pdf-header-footer"]
        # Chromium refuses to run as root within its own sandbox; in a container there is no other user.
        command += ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
        command += [f"--print-to-pdf={draft}", page.resolve().as_uri()]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise KerncijfersError(f"{program} did not print {page} within {_SECONDS} seconds.") from None
        except OSError as error:
            raise KerncijfersError(f"{program} can't be run: {error.strerror}.") from None
        if not draft.is_file() or not draft.read_bytes().startswith(b"%PDF"):
            said = (
                "\n".join(done.stderr.strip().splitlines()[-3:]) or f"it ended with {done.returncode} and said nothing"
            )
            raise KerncijfersError(f"{program} made no PDF of {page}:\n{said}")
        shutil.copyfile(draft, out)
    return out
