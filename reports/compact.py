"""What a page says twice is said once: a report of 130 definitions with their SQL stays a file that can be mailed.

Nothing a reader sees changes. Text from data is escaped before it gets here, so every tag is one of the templates.
"""

from __future__ import annotations

import re
from collections import Counter

# What stands in code holds no tag, so its indents stay.
_INDENT = re.compile(r"\n\s*(?=<)")
# HTML closes these itself where the next cell, row, item or fact begins, or what holds them ends.
_IMPLIED = re.compile(
    r"</(?:t[dh]|tr|thead|tbody|li|d[td])>\s*(?=<(?:t[dh]|tr|tbody|li|d[td]|/tr|/thead|/tbody|/table|/[uo]l|/dl)\b)"
)
_TAG = re.compile(r'<[a-z][^<>"]*="[^<>]*>')
# A value that needs no quotes: see "unquoted attribute value syntax" in the HTML standard.
_QUOTED = re.compile(r'="([^\s"\'=<>`/]|[^\s"\'=<>`/][^\s"\'=<>`]*[^\s"\'=<>`/])"(?=[\s>])')
_HOLDER = re.compile(r"<(tr|article)\b.*?</\1>", re.DOTALL)
_REFERENCE = re.compile(r'(?<= data-ref=")[^"]*')


def compact(page: str) -> str:
    """The same page without indents, quotes and end tags that HTML implies, and with what references share said once.

    The numbers of a row or an article mostly stand in one place of the release. That place is then said by the row, as
    `data-of`, and a reference in it that begins with `./` goes on from there.
    """
    body, script, rest = page.partition("<script")
    body = _HOLDER.sub(lambda found: _shared(found[0]), _INDENT.sub("\n", body))
    body = _TAG.sub(lambda found: _QUOTED.sub(r"=\1", found[0]), _IMPLIED.sub("", body))
    return body + script + rest


def _shared(holder: str) -> str:
    references = [part.lstrip("-") for found in _REFERENCE.findall(holder) for part in found.split(" - ")]
    saved: Counter[str] = Counter()
    for reference in references:
        for place, letter in enumerate(reference):
            if letter == "/":
                saved[reference[:place]] += place - 1
    if not saved:
        return holder
    base, bytes_saved = saved.most_common(1)[0]
    said = f' data-of="{base}"'
    if bytes_saved <= len(said):
        return holder
    tag = holder.find(">")
    shortened = _REFERENCE.sub(
        lambda found: " - ".join(_from(base, part) for part in found[0].split(" - ")), holder[tag:]
    )
    return f"{holder[:tag]}{said}{shortened}"


def _from(base: str, reference: str) -> str:
    sign = "-" if reference.startswith("-") else ""
    rest = reference.removeprefix(sign).removeprefix(f"{base}/")
    return reference if len(sign) + len(rest) == len(reference) else f"{sign}./{rest}"
