"""`[databases.<name>]` of company.toml: a database of which `[[files]]` declare tables. Never a password."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Text = Annotated[str, StringConstraints(min_length=1)]
_Kind = Literal["postgresql", "mysql", "mariadb"]
KINDS: tuple[str, ...] = get_args(_Kind)
# What a company may call one.
NAME = r"^[a-z][a-z0-9_]*$"


class DatabaseSpec(BaseModel):
    """One database. Without a port it is the usual one; a host that begins with / is a socket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: _Kind
    host: _Text = Field(description="The address of the server, or the folder of its socket")
    port: Annotated[int, Field(gt=0, lt=65_536)] | None = None
    database: _Text = Field(description="The name of the database")
    user: _Text = Field(description="A user who may only read")

    @staticmethod
    def secret(name: str) -> str:
        """The environment variable with the password of the user."""
        return f"{name.upper()}_PASSWORD"
