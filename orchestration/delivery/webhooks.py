"""One row of the outbox as one signed request, as Standard Webhooks has it: for Zapier, Make or a program of one's own.

`webhook-id` is the row's id and the same at every try, so a receiver drops what it has had. `webhook-signature` is
`v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`, with a fresh timestamp at every try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import urlsplit

from orchestration.delivery import secrets
from orchestration.delivery.outbox import Item, LaterError, RefusedError, UnsureError
from orchestration.delivery.settings import Webhook
from orchestration.errors import KerncijfersError

_TIMEOUTS = (10, 30)
_GONE = 410


def signature(key: bytes, identifier: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = hmac.new(key, f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def post(item: Item, webhook: Webhook) -> str:
    """Posts the row's event, and returns what the receiver answered.

    Raises Later, RefusedError or UnsureError with words that hold no address: who knows a webhook's address can use it.
    """
    import requests  # noqa: PLC0415 - only who has a webhook needs it

    try:
        url, key = secrets.address_and_key(webhook)
    except KerncijfersError as error:
        raise RefusedError(str(error)) from None
    body = item.body["event"].encode()
    now = int(time.time())
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Kerncijfers",
        "webhook-id": item.id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(key, item.id, now, body),
    }
    host = urlsplit(url).hostname
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=_TIMEOUTS, allow_redirects=False)
    except requests.exceptions.SSLError:
        raise RefusedError(f"the certificate of {host} is not trusted, so nothing was sent") from None
    except requests.exceptions.ConnectTimeout:
        raise LaterError(f"{host} did not answer in {_TIMEOUTS[0]} seconds") from None
    except requests.exceptions.ReadTimeout:
        raise UnsureError(f"{host} took the request and did not answer in {_TIMEOUTS[1]} seconds") from None
    except requests.exceptions.RequestException as error:
        raise LaterError(f"no connection to {host} ({type(error).__name__})") from None
    if answer.ok and not answer.is_redirect:
        return f"{host} answered {answer.status_code}"
    if answer.status_code == _GONE:
        raise RefusedError(f"{host} answered 410: the webhook has been taken away there")
    raise LaterError(f"{host} answered {answer.status_code}")
