"""A declared file: `[[files]]` in company.toml. Says where it is, how it is written, and which column means what."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from ingestion.sources.files.entities import ENTITIES

# Part of every fingerprint: raising it makes each file load again after the reader changed.
READER_VERSION = 5


class FileSpec(BaseModel):
    """One declaration, of files or of a table: with `database`, `pattern` is the name of the table.

    `columns` maps an entity's column to the file's column; `values` gives a constant; `computed` a DuckDB expression
    over the file's columns, which are text in CSV, Excel and text files and in tables.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    entity: str
    pattern: Annotated[str, StringConstraints(min_length=1)]
    format: Literal["csv", "excel", "parquet", "text"] = "csv"
    database: str | None = None
    encoding: str = "utf-8"
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    decimal: Literal[",", "."] = "."
    thousands: Literal[",", ".", " ", "'", ""] = ""
    date_format: str | None = None
    timestamp_format: str | None = None
    true_values: tuple[str, ...] = ("true", "1", "yes", "ja", "y", "j", "waar")
    false_values: tuple[str, ...] = ("false", "0", "no", "nee", "n", "onwaar")
    key: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    totals_row: str | None = None
    sheet: str | None = None
    required: bool = False
    columns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    computed: dict[str, str] = Field(default_factory=dict)

    @field_validator("entity")
    @classmethod
    def _known_entity(cls, entity: str) -> str:
        if entity not in ENTITIES:
            raise ValueError(f"{entity!r} is not one of {', '.join(ENTITIES)}")
        return entity

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"{encoding!r} is not an encoding; common ones are utf-8, cp1252 and iso-8859-1") from None

    @model_validator(mode="after")
    def _columns_fit_the_entity(self) -> Self:
        entity = ENTITIES[self.entity]
        given = [*self.columns, *self.values, *self.computed]
        unknown = sorted(set(given) - set(entity))
        if unknown:
            raise ValueError(f"{self.entity} has no column {', '.join(unknown)}; its columns are {', '.join(entity)}")
        twice = sorted({name for name in given if given.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is given more than once in columns, values and computed")
        missing = [
            name for name, column in entity.items() if column.required and not column.default and name not in given
        ]
        if missing:
            raise ValueError(f"{self.entity} needs {', '.join(missing)}: map a column, or give a value")
        if lost := sorted(set(self.key) - set(given)):
            raise ValueError(f"key names {', '.join(lost)}, which is not mapped")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same character")
        return self

    def fingerprint(self, time_zone: str) -> str:
        """Changes when the declaration, the time zone or the reader changes, so that the file is loaded again."""
        text = f"{READER_VERSION}|{time_zone}|{self.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()

    def columns_in(self, names: list[str]) -> set[str]:
        """The file columns a computed expression names, in double quotes or bare."""
        text = "\n".join(self.computed.values())
        return {
            name for name in names if f'"{name}"' in text or re.search(rf"(?<![\w\"]){re.escape(name)}(?![\w\"])", text)
        }


@dataclass(frozen=True)
class Snapshot:
    """A table of a database as it was read: what messages call it, and its rows as text."""

    name: str
    parquet: Path
    rows: int
