"""A service account of Google: the key file signs a request for a token that lives an hour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt

from ingestion.connect.http import Api, Clock, Token
from ingestion.errors import SourceError

KEY_FILE = "GOOGLE_KEY_FILE"
KEY_FILE_IS = "the path of the service account's key file (JSON)"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def service_account(system: str, secrets: Mapping[str, str], scope: str, clock: Clock) -> Token:
    """A token with `scope` for the service account whose key file `GOOGLE_KEY_FILE` names.

    Raises `SourceError` when the file is not there or not such a key.
    """
    key = _key(Path(secrets[KEY_FILE]).expanduser())
    api = Api(system, "", clock=clock)

    def obtain() -> tuple[str, float]:
        now = int(clock.now())
        told = {"iss": key["client_email"], "scope": scope, "aud": key["token_uri"], "iat": now, "exp": now + 3600}
        assertion = jwt.encode(told, key["private_key"], "RS256", {"kid": key.get("private_key_id", "")})
        form = {"grant_type": _GRANT, "assertion": assertion}
        answer = api.send(key["token_uri"], "POST", data=form).json()
        return str(answer["access_token"]), float(answer["expires_in"])

    return Token(obtain, clock)


def _key(file: Path) -> dict[str, Any]:
    try:
        key = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"the key file that {KEY_FILE} names can't be read: {error.strerror}.",
            file=file,
            advice="Correct the path.",
        ) from None
    except ValueError:
        key = None
    if not isinstance(key, dict) or not {"client_email", "private_key", "token_uri"} <= key.keys():
        raise SourceError(
            "this is not the key of a service account.",
            file=file,
            advice="Make a key of type JSON in the Google Cloud console, under IAM, Service accounts, Keys.",
        )
    return key
