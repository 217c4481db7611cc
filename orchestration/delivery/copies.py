"""One row of the outbox as a copy of a page in a folder or an S3-compatible bucket, by fsspec.

The page goes first and the manifest with its hash last, so a page with a manifest is whole. On a file system the page
is written under a temporary name, synced and renamed. An object in a bucket appears whole or not at all, and a rename
there is a second copy, so it is written under its own name. Both are read back before a row counts as sent.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.util import find_spec
from io import UnsupportedOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from orchestration.delivery import secrets
from orchestration.delivery.outbox import Item, LaterError, RefusedError
from orchestration.delivery.settings import Recipient
from orchestration.release.store import dumped, sync

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_WHOLE_AT_ONCE = {"s3", "s3a", "gs", "gcs", "abfs", "az"}
S3_ADVICE = "Copies to s3:// need s3fs: run `uv sync --group s3`, or `pip install s3fs`."


def copy(item: Item, recipient: Recipient, page: bytes) -> str:
    """Puts a page and its manifest where the recipient has them, and returns where that is.

    Raises LaterError or RefusedError with words.
    """
    store, root = _store(recipient)
    name = item.body["page"]
    folder = f"{root}/{item.release}"
    _put(store, f"{folder}/{name}", page)
    _put(store, f"{folder}/{name.removesuffix('.html')}.manifest.json", dumped(item.body["manifest"]).encode())
    return f"{store.unstrip_protocol(folder)}, read back and equal"


def _store(recipient: Recipient) -> tuple[AbstractFileSystem, str]:
    import fsspec  # noqa: PLC0415 - only who has a copy to make needs it

    if recipient.folder is not None:
        folder = recipient.folder.expanduser()
        if not folder.is_dir():
            raise LaterError(
                f"there is no folder {folder}; is its disk or share connected? Nothing is made in its place"
            )
        return fsspec.filesystem("file", auto_mkdir=True), str(folder)
    url = recipient.url or ""
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if url.startswith("s3"):
        if find_spec("s3fs") is None:
            raise RefusedError(S3_ADVICE)
        options["endpoint_url"] = recipient.endpoint
        options["config_kwargs"] = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 2}}
    store, root = fsspec.url_to_fs(url, **options)
    return store, root.rstrip("/")


def _put(store: AbstractFileSystem, target: str, content: bytes) -> None:
    """Leaves exactly this content at `target`; what is there already is left alone when it is the same."""
    if store.exists(target):
        if _read(store, target) != content:
            raise RefusedError(
                f"{store.unstrip_protocol(target)} is there already with another content. A release never changes, so "
                "that is another company's or an older data folder's: give every company its own place, or move it away"
            )
        return
    protocols = {store.protocol} if isinstance(store.protocol, str) else set(store.protocol)
    if protocols & _WHOLE_AT_ONCE:
        store.pipe_file(target, content)
    else:
        folder, _, name = target.rpartition("/")
        store.makedirs(folder, exist_ok=True)
        part = f"{folder}/.{name}.part"
        with store.open(part, mode="wb") as file:
            cast("BinaryIO", file).write(content)
            file.flush()
            with suppress(AttributeError, UnsupportedOperation):  # a remote file has no descriptor to sync
                os.fsync(file.fileno())
        store.mv(part, target)
        if "file" in protocols:
            sync(Path(folder))  # so that the new name, too, is there after a power cut
    if _read(store, target) != content:
        raise LaterError(f"{secrets.safe(store.unstrip_protocol(target))} reads back differently from what was written")


def _read(store: AbstractFileSystem, target: str) -> bytes:
    with store.open(target, mode="rb") as file:
        return cast("bytes", file.read())
