"""Says that a refresh failed, to the addresses in KERNCIJFERS_NOTIFY_URLS."""

from __future__ import annotations

import logging

from orchestration import company, release
from orchestration.delivery import messages
from orchestration.delivery.outbox import LaterError, RefusedError
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths


def failed(paths: Paths, *, job: str, run: str, reason: str, log: logging.Logger) -> bool:
    """Says that a refresh or a delivery failed and what still stands; True when every address took the message.

    It goes out at once, outside the outbox, for the data folder may be the very thing that failed.
    """
    published = release.current_release(paths)
    standing = (
        f"Release {published.name} (data as of {release.read_facts(published)['as_of']}) is still the current one."
        if published
        else "There is no earlier release."
    )
    try:
        settings = company.read(paths)
        name, wanted = settings.name or paths.data.name, settings.notify.on_failure
    except KerncijfersError:
        name, wanted = paths.data.name, True  # a broken company.toml may be the very reason of the failure
    what = f"{'a delivery' if job == 'deliver' else 'the refresh'} of {name}"
    text = f"{reason}\n\n{standing}\nRun {run}, data folder {paths.data}."
    if not messages.addresses() or not wanted:
        log.error("%s failed and nobody was told (%s is empty): %s", what, messages.ENV_URLS, text)
        return False
    sent = True
    for address in messages.addresses():
        try:
            messages.send(address, title=f"Kerncijfers: {what} failed", text=text, tone="failure")
        except (LaterError, RefusedError) as refusal:
            log.error("The message that %s failed could not be sent: %s\n%s", what, refusal, text)  # noqa: TRY400
            sent = False
    return sent
