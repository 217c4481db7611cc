"""Messages to people through Apprise: mail, Slack, Teams, Matrix and many more behind one kind of address.

Addresses hold passwords, so they come from the environment only, and neither they nor what Apprise says about them is
logged as it is.
"""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING, Literal, cast

from orchestration.delivery import secrets
from orchestration.delivery.outbox import LaterError, RefusedError

if TYPE_CHECKING:
    from io import StringIO

    import apprise

ENV_URLS = "KERNCIJFERS_NOTIFY_URLS"
ENV_ALERT_URLS = "KERNCIJFERS_ALERT_URLS"
Tone = Literal["info", "success", "warning", "failure"]
_quiet = threading.Lock()


def addresses() -> list[str]:
    """Where it is told that a refresh failed, as Apprise addresses separated by white space."""
    return os.environ.get(ENV_URLS, "").split()


def alert_addresses() -> list[str]:
    """Where alerts about KPIs go: their own addresses, else those of failed refreshes."""
    return os.environ.get(ENV_ALERT_URLS, "").split() or addresses()


def label(address: str) -> str:
    """An address as it may be shown: which kind, and a part of its hash to tell two of them apart."""
    return f"{address.partition(':')[0].lower()} {hashlib.sha256(address.encode()).hexdigest()[:8]}"


def known(address: str) -> bool:
    """Whether Apprise understands an address. Sends nothing."""
    return _messenger(address) is not None


def send(address: str, *, title: str, text: str, tone: Tone) -> str:
    """Sends one message to one address. Its title is one line, whatever names are in it.

    Raises LaterError when it did not go out, RefusedError for an address nobody knows.
    """
    messenger = _messenger(address)
    if messenger is None:
        raise RefusedError(f"{label(address)} is not an address that Apprise knows")
    import apprise  # noqa: PLC0415 - half a second, for messages that are rarely sent

    logger = apprise.logging.getLogger("apprise")
    with _quiet:
        kept, logger.propagate = logger.propagate, False
        try:
            with apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s") as said:
                sent = messenger.notify(
                    title=" ".join(title.split()),
                    body=text,
                    notify_type=apprise.NotifyType(tone),
                    body_format=apprise.NotifyFormat.TEXT,
                )
                reason = secrets.safe(cast("StringIO", said).getvalue().replace(address, "***"))
        finally:
            logger.propagate = kept
    if not sent:
        raise LaterError(f"{label(address)} did not take it: {reason or 'no reason given'}")
    return f"{label(address)} took it"


def _messenger(address: str) -> apprise.Apprise | None:
    import apprise  # noqa: PLC0415

    logger = apprise.logging.getLogger("apprise")
    with _quiet:
        kept, logger.propagate = logger.propagate, False
        try:
            # Without pictures: a message should not make its reader's program fetch one from somewhere.
            signed = apprise.AppriseAsset(
                app_id="Kerncijfers", app_desc="Kerncijfers", app_url="", image_url_mask="", image_url_logo=""
            )
            messenger = apprise.Apprise(asset=signed)
            return messenger if messenger.add(address) else None
        finally:
            logger.propagate = kept
