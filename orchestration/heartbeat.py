"""A dead man's switch: whoever watches from outside is told of every release, and raises the alarm when none comes.

A machine that is off sends no message about it. The address is that of a service which expects a call at least every so
often, such as healthchecks.io or one of your own; nothing but the call goes there.
"""

from __future__ import annotations

import logging
import os

import requests

from orchestration.delivery import secrets

ENV_URL = "KERNCIJFERS_HEARTBEAT_URL"
_SECONDS = 10
_log = logging.getLogger(__name__)


def beat() -> bool:
    """Calls the address, when there is one; True when it answered. Its silence is logged and undoes no release."""
    url = os.environ.get(ENV_URL, "").strip()
    if not url:
        return False
    try:
        requests.get(url, timeout=_SECONDS).raise_for_status()
    except requests.RequestException as error:
        _log.warning(
            "The heartbeat did not arrive, so its service may raise a false alarm: %s", secrets.safe(str(error))
        )
        return False
    return True
