"""`[databases.<name>]` of company.toml: a database of which `[[files]]` declare tables. Never a password."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Text = Annotated[str, StringConstraints(min_length=1)]


class DatabaseSpec(BaseModel):
    """One database. Without a port it is the usual one; a host that begins with / is a socket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["postgresql", "mysql", "mariadb"]
    host: _Text
    port: Annotated[int, Field(gt=0, lt=65_536)] | None = None
    database: _Text
    user: _Text

    @staticmethod
    def secret(name: str) -> str:
        """The environment variable with the password of the user."""
        return f"{name.upper()}_PASSWORD"
