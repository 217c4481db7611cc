"""G11 of the AVG checks (art. 32): rows are their owner's only, who was at them is written down, and the disk is asked for."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration import access, disk, doctor, release
from orchestration.cli import app
from orchestration.paths import Paths


def test_g11_after_a_refresh_nobody_else_enters_a_folder_with_rows_and_doctor_says_when_somebody_could(
    paths: Paths,
) -> None:
    for folder in (paths.warehouses, paths.sources, paths.logs):
        folder.mkdir(parents=True)
        folder.chmod(0o755)
    paths.data.chmod(0o755)
    assert disk.open_to_others(paths) == [paths.warehouses, paths.sources, paths.logs]
    told = doctor._privacy(paths)
    assert str(paths.warehouses) in told.found and told.advice.startswith("Run: chmod 700") and not told.blocks
    with release.draft(paths, "test"):
        assert paths.work.stat().st_mode & 0o077 == 0, "nor while it runs"
    assert disk.open_to_others(paths) == []
    assert "their owner's only" in doctor._privacy(paths).found
    assert paths.data.stat().st_mode & 0o055 == 0o055, "releases hold totals: a BI tool of somebody else may read them"


@pytest.mark.parametrize(
    ("uuids", "expected"),
    [
        ({"": "CRYPT-LUKS2-1234-home"}, True),
        ({"": "LVM-5678", "slaves/dm-0": "CRYPT-LUKS2-1234-vg"}, True),
        ({"": "LVM-5678", "slaves/dm-0": "CRYPT-LUKS2-1234-vg", "slaves/sdb": ""}, False),
        ({"": ""}, False),
        ({}, None),
    ],
    ids=["LUKS", "LVM on LUKS", "LVM over an open disk too", "a plain disk", "not a disk of this machine"],
)
def test_g11_an_encrypted_volume_is_known_through_what_it_lies_on(
    tmp_path: Path, uuids: dict[str, str], expected: bool | None
) -> None:
    number = tmp_path.stat().st_dev
    device = tmp_path / "block" / f"{os.major(number)}:{os.minor(number)}"
    for below, uuid in uuids.items():
        (device / below / "dm").mkdir(parents=True)
        (device / below / "dm" / "uuid").write_text(uuid, encoding="ascii")
    assert disk.is_encrypted(tmp_path, tmp_path / "block", tmp_path / "no macOS") is expected


@pytest.mark.parametrize(
    ("said", "expected", "told"),
    [
        ("FileVault is On.", True, "on an encrypted volume"),
        ("FileVault is Off.", False, "on a volume this machine does not encrypt"),
        ("FileVault is On.\nEncryption in progress: Percent completed = 12", None, "is not known here"),
        ("", None, "is not known here"),
        (None, None, "is not known here"),
    ],
    ids=["on", "off", "not finished", "no answer", "no fdesetup"],
)
def test_g11_on_macos_filevault_says_whether_the_startup_volume_is_encrypted_and_nothing_about_another_disk(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, said: str | None, expected: bool | None, told: str
) -> None:
    programs = paths.data / "bin"
    programs.mkdir(parents=True)
    if said is not None:
        fdesetup = programs / "fdesetup"
        fdesetup.write_text(f"#!/bin/sh\n[ \"$*\" = status ] && printf '%s\\n' '{said}'\n", encoding="utf-8")
        fdesetup.chmod(0o700)
    monkeypatch.setenv("PATH", str(programs))
    asked = partial(disk.is_encrypted, devices=paths.data / "no Linux")
    assert asked(paths.data, startup=paths.data) is expected
    assert asked(paths.data, startup=Path("/dev")) is None
    monkeypatch.setattr(disk, "is_encrypted", partial(asked, startup=paths.data))
    found = doctor._privacy(paths)
    assert told in found.found and bool(found.advice) is not bool(expected)


def test_g11_who_gave_a_command_about_rows_is_written_down_without_about_whom(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.warehouses.mkdir(parents=True)
    monkeypatch.setenv("LOGNAME", "operator")
    monkeypatch.delenv("SUDO_USER", raising=False)
    given = [
        ("erase", "anna@delinde.example", "--dry-run"), ("status",), ("accounts",), ("metrics", "explain", "revenue", "2025-12"),
        ("releases",),
    ]  # fmt: skip
    for arguments in given:
        CliRunner().invoke(app, [*arguments, "--data", str(paths.data)])
    file = paths.logs / access.LOG
    assert "anna" not in file.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line["command"] for line in lines] == ["erase", "accounts", "metric explain"]
    assert {line["user"] for line in lines} == {"operator"} and all(line["at"] for line in lines)
    assert file.stat().st_mode & 0o077 == 0


def test_g11_every_command_in_the_list_of_private_ones_is_a_command() -> None:
    from tests.orchestration.test_cli import COMMANDS

    assert set(COMMANDS) >= access.PRIVATE
