"""What company.toml may not hold, from the environment; and the words of errors without any of it."""

from __future__ import annotations

import base64
import binascii
import os
import re
from urllib.parse import urlsplit

from orchestration.delivery.settings import Webhook, is_loopback
from orchestration.errors import KerncijfersError

ENV_SMTP_PASSWORD = "KERNCIJFERS_SMTP_PASSWORD"
_KEY_PREFIX = "whsec_"
_SHORTEST_KEY = 24
_MAIL = re.compile(r"([^\s<>@:;,'\"]+)@([^\s<>@:;,'\"]+)")
_LONGEST = 400
_SECRET = re.compile(r"KERNCIJFERS_\w+_(PASSWORD|URLS?|SECRET|KEY)")


def smtp_password() -> str | None:
    """The password of the mail server; None when there is none."""
    return os.environ.get(ENV_SMTP_PASSWORD) or None


def variables(webhook: Webhook) -> tuple[str, str]:
    """The names of the variables with the address and the key of a webhook."""
    name = webhook.name.upper()
    return f"KERNCIJFERS_WEBHOOK_{name}_URL", f"KERNCIJFERS_WEBHOOK_{name}_SECRET"


def address_and_key(webhook: Webhook) -> tuple[str, bytes]:
    """Where a webhook is posted, and the key that signs it.

    Raises KerncijfersError that names the variable that is missing or wrong, never its content.
    """
    of_url, of_key = variables(webhook)
    url, key = os.environ.get(of_url, ""), os.environ.get(of_key, "")
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise KerncijfersError(f"Set {of_url} to the address of the webhook {webhook.name}; it begins with https://.")
    try:
        secret = base64.b64decode(key.removeprefix(_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) < _SHORTEST_KEY:
        raise KerncijfersError(
            f"Set {of_key} to the key that signs the webhook {webhook.name}: {_KEY_PREFIX} and at least "
            f"{_SHORTEST_KEY} random bytes in base64. This makes one: echo {_KEY_PREFIX}$(openssl rand -base64 32)"
        )
    return url, secret


def mask(address: str) -> str:
    """j***@bank.nl: enough for who knows the recipient, too little for who does not."""
    return _MAIL.sub(lambda found: f"{found[1][:1]}***@{found[2]}", address)


def safe(text: str) -> str:
    """What another program said, fit to be kept: one line, no mail address, no secret of the environment."""
    return hide(" ".join(text.split()))[:_LONGEST]


def hide(text: str) -> str:
    """A text without the secrets in this environment and with mail addresses masked."""
    held = [value for name, value in os.environ.items() if _SECRET.fullmatch(name)]
    parts = {part for value in held for part in (value, *value.split()) if part}
    for secret in sorted(parts, key=len, reverse=True):
        text = text.replace(secret, "***")
    return mask(text)
