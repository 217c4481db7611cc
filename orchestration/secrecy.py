"""Which variables of the environment are secrets, and an environment without them for a process that needs none."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Ours and those of connected systems are all named like this: KERNCIJFERS_SIGNING_KEY, SHOPIFY_ACCESS_TOKEN.
_SECRET = re.compile(r"(^|_)(KEY|SECRET|TOKEN|PASSWORD|CREDENTIALS?|URLS?|DSN)(_FILE)?$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a variable holds a secret, or says in which file one is."""
    return _SECRET.search(name) is not None


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for dbt and other programs that have no business with any secret."""
    return {name: value for name, value in environment.items() if not is_secret(name)}
