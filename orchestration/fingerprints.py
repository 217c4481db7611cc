"""Fingerprints of metric SQL: they show that a formula changed while its version did not.

A fingerprint leaves out what can't move a number: comments, layout, and the case of keywords and plain names.
Everything else counts, Jinja included: two texts that might not mean the same never share one. It is about the metric's
own SQL; what the marts and macros behind it do is guarded by their own tests.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import jinja2
import yaml
from sqlglot import Token, TokenType
from sqlglot.dialects import DuckDB
from sqlglot.errors import TokenError

from orchestration import registry
from orchestration.errors import KerncijfersError

_MARK = "jinja__{}__"
_MARKS = re.compile(r"jinja__(\d+)__", re.IGNORECASE)
_QUOTES = {
    TokenType.IDENTIFIER: '"',
    TokenType.STRING: "'",
    TokenType.NATIONAL_STRING: "n'",
    TokenType.HEREDOC_STRING: "$",
}


def fingerprint(sql: str) -> str:
    """Sixteen hexadecimal digits that stay the same as long as the SQL says the same.

    Raises KerncijfersError when the text is not SQL with Jinja.
    """
    return hashlib.sha256("\n".join(_words(sql)).encode()).hexdigest()[:16]


def of_version(metric: registry.Metric, version: int) -> str:
    """The fingerprint the SQL file of a version has now; KerncijfersError when there is no such file."""
    file = metric.sql(version)
    if not file.is_file():
        raise KerncijfersError(f"There is no file {file}. Write the SQL of version {version} there.")
    try:
        return fingerprint(file.read_text(encoding="utf-8"))
    except KerncijfersError as error:
        raise KerncijfersError(f"{file}: {error}") from None


def sign(project_dir: Path, name: str) -> list[str]:
    """Writes the fingerprint of every version of a metric in its YAML; says of which versions it was new or another.

    Raises KerncijfersError when there is no such metric, or its YAML is not as it should be in another respect.
    """
    name = name.removeprefix("metric_")
    found = [file for file in registry.files(project_dir) if file.stem == f"metric_{name}"]
    if not found:
        known = ", ".join(file.stem.removeprefix("metric_") for file in registry.files(project_dir))
        raise KerncijfersError(f"There is no metric {name}. There is {known}.")
    [file] = found
    text = file.read_text(encoding="utf-8")
    signed, changed = _signed(file, text)
    if changed:
        file.write_text(signed, encoding="utf-8")
    return changed


def _signed(file: Path, text: str) -> tuple[str, list[str]]:
    """The YAML with every fingerprint as it should be. Only those lines are touched."""
    lines = text.splitlines(keepends=True)
    changed: list[str] = []
    for version, meta in reversed(_version_metas(file, text)):
        sql = file.parent / f"{file.stem}_v{version}.sql"
        if not sql.is_file():
            raise KerncijfersError(f"There is no file {sql}. Write the SQL of version {version} there.")
        told = fingerprint(sql.read_text(encoding="utf-8"))
        entries = {key.value: (key, value) for key, value in meta.value}
        key = entries["fingerprint"][0] if "fingerprint" in entries else None
        line = f'{" " * meta.start_mark.column}fingerprint: "{told}"\n'
        if key is None:
            last = meta.value[-1][1]
            at = last.end_mark.line + (1 if last.end_mark.column else 0)
            lines[at - 1] = lines[at - 1].rstrip("\n") + "\n"
            lines.insert(at, line)
        elif entries["fingerprint"][1].value != told:
            lines[key.start_mark.line] = line
        else:
            continue
        changed.insert(0, f"v{version}")
    return "".join(lines), changed


def _version_metas(file: Path, text: str) -> list[tuple[int, yaml.MappingNode]]:
    """Each version with the node of its meta, in the order of the file."""

    def child(node: yaml.Node, key: str) -> yaml.Node:
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                if name.value == key:
                    return value
        raise KerncijfersError(f"{file}: versions can't be found in it. Copy the layout of a neighbour's YAML.")

    try:
        root = yaml.compose(text)
    except yaml.YAMLError as error:
        raise KerncijfersError(f"{file} can't be read as YAML: {error}") from None
    found = []
    for version in child(child(root, "models").value[0], "versions").value:
        meta = child(child(version, "config"), "meta")
        if not isinstance(meta, yaml.MappingNode) or meta.flow_style:
            raise KerncijfersError(
                f"{file}, line {meta.start_mark.line + 1}: write the meta of a version as one key per line."
            )
        found.append((int(child(version, "v").value), meta))
    return found


def _words(sql: str) -> list[str]:
    """The SQL as a list of words. Jinja takes part as it is written, wherever it stands: it may make SQL."""
    parts: list[str] = []
    inside: list[str] = []
    plain = ""
    try:
        tokens = list(jinja2.Environment(autoescape=True).lex(sql))
        for _, kind, text in tokens:
            if kind.endswith("_begin") and kind != "raw_begin":
                inside = [text]
            elif kind.endswith("_end") and kind != "raw_end":
                if kind != "comment_end":
                    plain += _MARK.format(len(parts))
                    parts.append(" ".join([*inside, text.rstrip("\n")]))
                else:
                    plain += " "
                inside = []
            elif kind == "data":
                plain += text
            elif kind not in ("whitespace", "comment"):
                inside.append(text)
        if inside:
            raise KerncijfersError(f"this is no SQL: a {inside[0]} is not closed.")
        found = DuckDB().tokenize(plain)
    except jinja2.TemplateSyntaxError as error:
        raise KerncijfersError(f"line {error.lineno}: this is no Jinja: {error.message}.") from None
    except TokenError as error:
        raise KerncijfersError(f"this is no SQL: {error}.") from None
    used: set[int] = set()

    def filled(text: str) -> str:
        def part(mark: re.Match[str]) -> str:
            used.add(int(mark[1]))
            return parts[int(mark[1])]

        return _MARKS.sub(part, text)

    words = [filled(_word(token)) for token in found]
    # What Jinja does within an SQL comment it does all the same.
    return words + [f"--{part}" for number, part in enumerate(parts) if number not in used]


def _word(token: Token) -> str:
    quote = _QUOTES.get(token.token_type)
    return " ".join(token.text.lower().split()) if quote is None else quote + token.text
