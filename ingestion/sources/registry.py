"""The connectors there are. One is imported when it is needed."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ingestion.connect.connector import Connector, Settings

NAMES = (
    "afas",
    "exact",
    "ga4",
    "google_ads",
    "hubspot",
    "meta_ads",
    "mollie",
    "moneybird",
    "salesforce",
    "shopify",
    "stripe",
    "webhooks",
    "woocommerce",
)


def connector(name: str) -> Connector:
    """A connector by its name.

    Raises ValueError that names the ones there are.
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; the nearest is {near[0]}" if near else f"; there is {', '.join(NAMES)}"
        raise ValueError(f"there is no connector {name}{hint}")
    return importlib.import_module(f"ingestion.sources.{name}").CONNECTOR


def connectors() -> list[Connector]:
    """All of them, in the order of their names."""
    return [connector(name) for name in NAMES]


def settings(declared: Mapping[str, Any]) -> dict[str, Settings]:
    """`[sources.<name>]` of company.toml, checked by each connector.

    Raises ValueError that names source, key and what is wrong with it.
    """
    return {name: _checked(name, content) for name, content in declared.items()}


def _checked(name: str, content: Any) -> Settings:
    try:
        return connector(name).settings.model_validate(content)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise ValueError(f"{name}: {'; '.join(problems)}") from None
