"""Dagster queues at the end of a refresh and sends in a run of its own; neither can undo a release."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration import release
from orchestration.defs import delivery
from orchestration.defs.resources import DraftRelease
from orchestration.delivery.outbox import opened
from tests.orchestration.delivery.conftest import Office

ARCHIVE = '[[recipients]]\nname = "Archief"\nedition = "management"\nlanguage = "nl"\nfolder = "{folder}"\n'


@pytest.fixture
def archived(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A published release with an archive, in the environment Dagster reads."""
    for name, value in office.paths.environment().items():
        monkeypatch.setenv(name, value)
    office.write(ARCHIVE.format(folder=tmp_path / "archive")).publish("000001")
    return office


def queue(office: Office) -> dg.MaterializeResult:
    paths = office.paths
    draft = DraftRelease(data=str(paths.data), inbox=str(paths.inbox), company=str(paths.company))
    result = delivery.outbox(dg.build_asset_context(), draft=draft)
    assert isinstance(result, dg.MaterializeResult)
    return result


def requested() -> bool:
    return isinstance(delivery.outbox_due(), dg.SensorResult)


def test_a_refresh_queues_and_the_sensor_sends_until_nothing_is_due(archived: Office, tmp_path: Path) -> None:
    assert queue(archived).metadata == {"queued": 1}
    assert not (tmp_path / "archive").exists(), "the refresh itself sends nothing"
    assert requested()
    assert delivery.deliver.execute_in_process().success, "what does not go out is no failed run: it waits"
    assert not requested(), "its pause has not passed"
    (tmp_path / "archive").mkdir()
    with opened(archived.paths) as box:
        box._connection.execute("update items set next_try_at = 0")
    assert requested()
    assert delivery.deliver.execute_in_process().success
    assert (tmp_path / "archive" / "000001" / "management.nl.html").is_file()
    assert not requested()


def test_a_release_stands_when_what_it_owes_cannot_be_queued(archived: Office, tmp_path: Path) -> None:
    archived.write("recipients = 3\n")
    metadata = queue(archived).metadata
    assert metadata is not None
    assert "company.toml" in str(metadata["problem"])
    assert release.current_release(archived.paths) is not None
    archived.write(ARCHIVE.format(folder=tmp_path / "archive"))
    assert requested(), "the sensor queues what the refresh could not"
