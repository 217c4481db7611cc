"""A copy in a folder or bucket is whole, verified, and never written over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.delivery import copies, rounds
from orchestration.delivery.outbox import Item, opened
from orchestration.delivery.settings import Recipient
from tests.orchestration.delivery.conftest import Office

ARCHIVE = """
[[recipients]]
name = "Archief"
edition = "management"
language = "en"
{place}
"""


class Place:
    """Where copies go, and what a stranger sees there."""

    def __init__(self, declared: str, store: Any, root: str) -> None:
        self.declared = declared
        self.store = store
        self.root = root

    def files(self) -> dict[str, bytes]:
        """Every file by its path from the root."""
        self.store.invalidate_cache()
        return {path.split(f"{self.root}/", 1)[1]: self.store.cat_file(path) for path in self.store.find(self.root)}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """An S3-compatible server on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A folder, and a bucket of a real S3 server."""
    import fsspec

    if request.param == "folder":
        folder = tmp_path / "archive"
        folder.mkdir()
        return Place(f'folder = "{folder}"', fsspec.filesystem("file"), str(folder))
    server = request.getfixturevalue("s3_server")
    for name, value in (("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "key"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    store = fsspec.filesystem("s3", endpoint_url=server, skip_instance_cache=True)
    bucket = f"reports-{tmp_path.name.replace('_', '-')[-40:].strip('-')}"
    store.mkdir(bucket)
    return Place(f'url = "s3://{bucket}/kpi"\nendpoint = "{server}"', store, f"{bucket}/kpi")


def ready(office: Office, place: Place) -> Office:
    office.write(ARCHIVE.format(place=place.declared)).publish("000001")
    assert rounds.queue_new(office.paths).added == 1
    return office


def send(office: Office) -> Item:
    [item] = rounds.send(office.paths, by_hand=True)
    return item


def test_a_copy_arrives_whole_with_a_manifest_that_proves_it(office: Office, place: Place) -> None:
    ready(office, place)
    assert send(office).state == "sent"
    page = (office.paths.releases / "000001" / "management.en.html").read_bytes()
    found = place.files()
    manifest = json.loads(found.pop("000001/management.en.manifest.json"))
    assert found == {"000001/management.en.html": page}, "and nothing is left of the way there"
    assert manifest["files"] == {"management.en.html": {"sha256": hashlib.sha256(page).hexdigest(), "bytes": len(page)}}
    assert (manifest["release"], manifest["company_id"]) == ("000001", "bakkerij_de_ster")


@pytest.mark.fault
def test_a_copy_that_stopped_half_way_has_no_manifest_and_is_finished_next_time(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(office, place)
    put = copies._put

    def stop(store: Any, target: str, content: bytes) -> None:
        if target.endswith(".json"):
            raise OSError("the cable was pulled")
        put(store, target, content)

    monkeypatch.setattr(copies, "_put", stop)
    assert send(office).state == "waiting"
    assert list(place.files()) == ["000001/management.en.html"]
    monkeypatch.undo()
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "id")
    assert send(office).state == "sent"
    assert len(place.files()) == 2


def test_what_is_there_already_is_never_written_over(office: Office, place: Place) -> None:
    ready(office, place)
    target = f"{place.root}/000001/management.en.html"
    place.store.makedirs(f"{place.root}/000001", exist_ok=True)
    place.store.pipe_file(target, b"another company's page")
    item = send(office)
    assert (item.state, place.store.cat_file(target)) == ("failed", b"another company's page")
    assert "is there already with another content" in item.detail
    place.store.rm(target)
    assert send(office).state == "sent"


@pytest.mark.fault
def test_a_copy_that_reads_back_differently_does_not_count(
    office: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(office, place)
    monkeypatch.setattr(copies, "_read", lambda *_: b"a flipped bit")
    item = send(office)
    assert item.state == "waiting"
    assert "reads back differently" in item.detail


def test_a_folder_that_is_not_there_is_not_made(office: Office, tmp_path: Path) -> None:
    share = tmp_path / "share"
    office.write(ARCHIVE.format(place=f'folder = "{share}"')).publish("000001")
    rounds.queue_new(office.paths)
    item = send(office)
    assert (item.state, share.exists()) == ("waiting", False)
    assert "is its disk or share connected" in item.detail
    share.mkdir()
    assert send(office).state == "sent"


def test_an_archive_misses_no_release(office: Office, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    office.write(ARCHIVE.format(place=f'folder = "{archive}"')).publish("000001")
    rounds.queue_new(office.paths)
    office.publish("000002")
    office.publish("000003")
    assert rounds.queue_new(office.paths).added == 2, "the second was published while nobody delivered"
    rounds.send(office.paths, by_hand=False)
    assert sorted(folder.name for folder in archive.iterdir()) == ["000001", "000002", "000003"]


def test_a_store_that_is_away_is_tried_again_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    office.write(ARCHIVE.format(place='url = "s3://reports/kpi"\nendpoint = "http://127.0.0.1:1"')).publish("000001")
    rounds.queue_new(office.paths)
    assert send(office).state == "waiting"
    with opened(office.paths) as box:
        assert "127.0.0.1:1" in box.items()[0].detail


def test_without_s3fs_a_bucket_says_what_to_install(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "find_spec", lambda *_: None)
    office.write(ARCHIVE.format(place='url = "s3://reports/kpi"')).publish("000001")
    rounds.queue_new(office.paths)
    item = send(office)
    assert (item.state, item.detail) == ("failed", copies.S3_ADVICE)
    assert Recipient(name="A", edition="management", language="en", url="s3://reports/kpi").kind == "copy"
