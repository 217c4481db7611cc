"""Whether what company.toml and the environment say could deliver, without sending anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

from orchestration.company import Company
from orchestration.delivery import copies, messages, secrets
from orchestration.delivery.outbox import opened
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths


def examine(paths: Paths, settings: Company) -> Iterator[str]:
    """A sentence for everything that would keep something in, with what to do about it."""
    if settings.mail and settings.mail.username and secrets.smtp_password() is None:
        yield f"Set {secrets.ENV_SMTP_PASSWORD} to the password of {secrets.mask(settings.mail.username)}."
    for recipient in settings.recipients:
        folder = recipient.folder and recipient.folder.expanduser()
        if folder and not folder.is_dir():
            yield f"Recipient {recipient.name}: there is no folder {folder}. Make it, or connect its disk."
        elif folder and not os.access(folder, os.W_OK | os.X_OK):
            yield f"Recipient {recipient.name}: {folder} can't be written by this user."
        if recipient.url and recipient.url.startswith("s3") and find_spec("s3fs") is None:
            yield f"Recipient {recipient.name}: {copies.S3_ADVICE}"
    for webhook in settings.webhooks:
        try:
            secrets.address_and_key(webhook)
        except KerncijfersError as error:
            yield str(error)
    for address in messages.alert_addresses():
        if not messages.known(address):
            names = f"{messages.ENV_ALERT_URLS} or {messages.ENV_URLS}"
            yield f"{messages.label(address)} in {names} is not an address that Apprise knows."
    with opened(paths) as box:
        failed = [item for item in box.items() if item.state == "failed"]
    if failed:
        yield f"{len(failed)} deliveries were refused or given up: see `kerncijfers deliver list`."
