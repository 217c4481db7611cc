"""Printing says in words what is missing, and never leaves half a file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestration import printing
from orchestration.errors import KerncijfersError


def test_a_machine_without_a_browser_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(printing.VARIABLE, raising=False)
    monkeypatch.setattr(printing, "_APPLICATIONS", ())
    with pytest.raises(KerncijfersError, match=r"needs Chromium, Chrome or Edge.*apt install chromium"):
        printing.browser()
    monkeypatch.setenv(printing.VARIABLE, "no-such-program")
    with pytest.raises(KerncijfersError, match="names no-such-program"):
        printing.browser()


def test_a_browser_that_prints_nothing_is_quoted_and_leaves_no_file(tmp_path: Path) -> None:
    program = tmp_path / "browser"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no display')\n", encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(KerncijfersError, match=r"made no PDF of .*page.html:\nno display"):
        printing.to_pdf(tmp_path / "page.html", tmp_path / "page.pdf", str(program))
    assert not (tmp_path / "page.pdf").exists()
