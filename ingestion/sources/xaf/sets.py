"""Puts the XML texts of an inbox together to auditfiles: single files, and sets of one that was split.

Two ways of splitting exist: packages cut one XML document in pieces, or write parts that are each an auditfile
(Exact Globe: `_0` with the master data, `_1` and on with the transactions). Parts after the first usually carry a
comment `Vervolgbestand x van y`; where they do not, their names tell, and their content must not overlap.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingestion.errors import SourceError
from ingestion.sources.xaf import inbox
from ingestion.sources.xaf.document import Document, read_beginning
from ingestion.sources.xaf.header import AuditfileHeader, header_of

_NUMBERED = re.compile(r"(?P<base>.+?)(?:[ _-]+\(?|\()(?P<index>\d{1,3})\)?")


@dataclass(frozen=True)
class Part:
    """One XML text of the inbox, unpacked at `path`."""

    unit: inbox.Unit
    prolog: inbox.Prolog
    path: Path
    base: str
    index: int | None

    @property
    def is_document(self) -> bool:
        """Whether it is an XML document of its own, not a piece that was cut off one."""
        return self.prolog.root == "auditfile" or self.prolog.continuation is None


@dataclass(frozen=True)
class Auditfile:
    """One auditfile in the inbox. `supposed` sets have no comments: only their names say they belong together."""

    parts: tuple[Part, ...]
    documents: tuple[Document, ...]
    header: AuditfileHeader
    supposed: bool = False

    @property
    def partition(self) -> tuple[str, str]:
        """(company_id, fiscal_year)."""
        return self.header.company_id, self.header.fiscal_year

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its files."""
        return tuple(part.unit.name for part in self.parts)


def part_of(unit: inbox.Unit, folder: Path) -> Part:
    """Inspect and unpack one text.

    Raises:
        SourceError: it can't be an auditfile of a version that is read.
    """
    prolog = inbox.inspect(unit)
    where = PurePosixPath(unit.name)
    stem = PurePosixPath(unit.inner_name).stem.casefold()
    numbered = _NUMBERED.fullmatch(stem)
    base = numbered["base"] if numbered else stem
    return Part(
        unit=unit,
        prolog=prolog,
        path=inbox.unpack(unit, folder),
        base=f"{where.parent}/{base}",
        index=int(numbered["index"]) if numbered else None,
    )


def auditfiles(parts: Sequence[Part]) -> list[Auditfile]:
    """The auditfiles that the parts make up, each with its header.

    Raises:
        SourceError: a part of a split auditfile is missing, or a header is incomplete.
    """
    declared, rest = _declared_sets(parts)
    found = [_auditfile(each) for each in declared]
    by_base: dict[str, list[Part]] = defaultdict(list)
    for part in rest:
        by_base[part.base].append(part)
    for members in by_base.values():
        found.extend(_by_name(sorted(members, key=_order)))
    return found


def single(part: Part) -> Auditfile:
    """An auditfile of one part."""
    return _auditfile([part])


def _order(part: Part) -> tuple[int, str]:
    return (-1 if part.index is None else part.index, part.unit.name)


def _declared_sets(parts: Sequence[Part]) -> tuple[list[list[Part]], list[Part]]:
    """Sets whose parts say 'Vervolgbestand x van y', each in order and complete; and the parts in none."""
    continuing: dict[str, list[Part]] = defaultdict(list)
    rest: list[Part] = []
    for part in parts:
        (rest if part.prolog.continuation is None else continuing[part.base]).append(part)
    sets = []
    for base, members in continuing.items():
        members.sort(key=lambda part: part.prolog.continuation or (0, 0))
        firsts = sorted((part for part in rest if part.base == base and part.is_document), key=_order)
        numbers = [part.prolog.continuation[0] for part in members if part.prolog.continuation]
        total = max(part.prolog.continuation[1] for part in members if part.prolog.continuation)
        # The first part has no comment, or is number 1 or 0 itself; packages differ in what they count.
        complete_alone = numbers in (list(range(1, total + 1)), list(range(total)))
        complete_with_first = numbers in (list(range(2, total + 1)), list(range(1, total + 1)))
        if firsts and complete_with_first:
            rest.remove(firsts[0])
            sets.append([firsts[0], *members])
        elif complete_alone and members[0].is_document:
            sets.append(members)
        else:
            said = ", ".join(
                f"{part.unit.name} is {'{} of {}'.format(*part.prolog.continuation or ())}" for part in members
            )
            missing = sorted(set(range(2, total + 1)) - set(numbers))
            which = f"part {', '.join(map(str, missing))}" if missing and firsts else "the first part"
            raise SourceError(
                f"This auditfile was split in parts and {which} is missing ({said}).",
                file=members[0].unit.name,
                advice="Put all its parts in the inbox together.",
            )
    return sets, rest


def _by_name(members: list[Part]) -> list[Auditfile]:
    """Auditfiles out of parts with the same base name and no comments."""
    if len(members) == 1:
        return [_auditfile(members)]
    whole: list[Auditfile] = []
    headless: list[Part] = []
    for part in members:
        try:
            whole.append(_auditfile([part]))
        except SourceError:
            if part.index is None or not whole:
                raise
            headless.append(part)
    first = whole[0]
    same = [
        each
        for each in whole
        if each.partition == first.partition and each.header.date_created == first.header.date_created
    ]
    together = [each.parts[0] for each in same] + headless
    if len(together) == 1:
        return whole
    indices = [part.index for part in together if part.index is not None]
    if indices[0] == 0 and indices != list(range(len(indices))):
        gap = next(i for i, index in enumerate(indices) if i != index)
        raise SourceError(
            f"This auditfile was split in parts and part _{gap} is missing.",
            file=together[0].unit.name,
            advice="Put all its parts in the inbox together.",
        )
    return [_auditfile(sorted(together, key=_order), supposed=True), *(each for each in whole if each not in same)]


def _auditfile(parts: Sequence[Part], *, supposed: bool = False) -> Auditfile:
    documents: list[list[Part]] = []
    for part in parts:
        if part.is_document:
            documents.append([part])
        else:
            documents[-1].append(part)
    made = tuple(
        Document(
            tuple(part.path for part in document),
            tuple(part.unit.name for part in document),
            document[0].prolog.namespace,
        )
        for document in documents
    )
    beginning = read_beginning(made[0])
    return Auditfile(tuple(parts), made, header_of(made[0], beginning.header, beginning.company_name), supposed)
