"""Messages to people, through Apprise: mail, Slack, Teams, Matrix and many more behind one kind of address."""

from __future__ import annotations

import logging
import os

from orchestration import company, release
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths

ENV_URLS = "KERNCIJFERS_NOTIFY_URLS"


def addresses() -> list[str]:
    """Where messages go, as Apprise addresses separated by white space."""
    return os.environ.get(ENV_URLS, "").split()


def failed(paths: Paths, *, run: str, reason: str, log: logging.Logger) -> bool:
    """Says that a refresh failed and what still stands; True when a message went out.

    Addresses hold passwords, so they come from the environment only and are never logged.
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
    text = f"{reason}\n\n{standing}\nRun {run}, data folder {paths.data}."
    if not addresses() or not wanted:
        log.error("Refresh of %s failed and nobody was told (%s is empty): %s", name, ENV_URLS, text)
        return False
    import apprise  # noqa: PLC0415 - half a second, for a message that is rarely sent

    messenger = apprise.Apprise()
    for address in addresses():
        if not messenger.add(address):
            log.error("An address in %s is not one that Apprise knows", ENV_URLS)
    sent = bool(messenger.notify(title=f"Kerncijfers: the refresh of {name} failed", body=text))
    if not sent:
        log.error("The message about the failed refresh of %s could not be sent: %s", name, text)
    return sent
