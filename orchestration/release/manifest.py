"""What a release is made of, twice: what can be made again to the byte, and every file that is there.

`contents.json` names what the recorded inputs alone decide: the tables (Parquet), the reports and the facts, with the
inputs, the code and the versions they came from. Rebuilding a release gives the same file, byte for byte.
`manifest.json` names every file in the folder, `contents.json` too, and is what the signature is over.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any

import duckdb

from ingestion import quoting
from ingestion.digest import sha256
from orchestration import dbt
from orchestration.paths import PROJECT, Paths
from orchestration.release import totals, verify
from orchestration.release.store import MANIFEST, current_release, dumped

CONTENTS = "contents.json"
_PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "dlt", "duckdb", "pyarrow", "vl-convert-python")


def write_contents(paths: Paths, facts: dict[str, Any], inputs: dict[str, Any], pages: list[str]) -> None:
    """Writes `contents.json` of the draft."""
    files = sorted(file for file in paths.draft.rglob("*.parquet"))
    made = ["release.json", "tests.json", "models.json", "notes.json", *sorted(pages)]
    files += [paths.draft / name for name in made if (paths.draft / name).is_file()]
    # An index also lists the releases before this one, which the inputs do not decide.
    files += sorted(file for file in paths.draft.glob("pages/*.html") if not file.name.startswith("index."))
    contents = {
        "format": 1,
        "release": facts["release"],
        "created_at": facts["created_at"],
        "company_id": facts["company_id"],
        "as_of": facts["as_of"],
        "code": {"commit": facts["commit"], **_code(), "models": _models(paths)},
        "versions": _versions(),
        "inputs": inputs,
        "files": {file.relative_to(paths.draft).as_posix(): sha256(file) for file in files},
    }
    (paths.draft / CONTENTS).write_text(dumped(contents), encoding="utf-8")


def inputs(paths: Paths) -> dict[str, Any]:
    """What a release is made from: company.toml by its hash, and every raw table of the work copy by its totals."""
    toml = sha256(paths.company) if paths.company else None
    with duckdb.connect() as connection:
        connection.execute(f"attach {quoting.text(paths.warehouse)} as warehouse (read_only)")
        return {"company_toml": toml, "tables": totals.measure(connection, "warehouse", "raw_")}


def made_by() -> dict[str, str | None]:
    """The code and versions that make releases here and now, as `contents.json` records them."""
    return _code() | _versions()


def _code() -> dict[str, str | None]:
    return {"dbt_project": dbt.fingerprint(), "lock": _lock()}


def _versions() -> dict[str, str | None]:
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def _models(paths: Paths) -> dict[str, str]:
    """dbt's hash of the file of each model and seed, by its path: what `releases diff` names when numbers moved."""
    nodes = json.loads((paths.target / "manifest.json").read_bytes())["nodes"].values()
    return {
        node["original_file_path"]: node["checksum"]["checksum"]
        for node in sorted(nodes, key=lambda node: node.get("original_file_path", ""))
        if node["resource_type"] in ("model", "seed")
    }


def _lock() -> str | None:
    """The hash of the locked dependencies; None where the project was installed without them."""
    file = PROJECT / "uv.lock"
    return sha256(file) if file.is_file() else None


def write_manifest(paths: Paths, facts: dict[str, Any], warehouse: str) -> None:
    """Writes `manifest.json` of the draft over every file that is there; `warehouse` is the private one's SHA-256."""
    previous = current_release(paths)
    earlier = previous / MANIFEST if previous else None
    files = sorted(file for file in paths.draft.rglob("*") if file.is_file())
    manifest = {
        "format": 1,
        "release": facts["release"],
        "company_id": facts["company_id"],
        "company_name": facts["company_name"],
        "created_at": facts["created_at"],
        "as_of": facts["as_of"],
        "previous": {"release": previous.name, "manifest": sha256(earlier)}
        if previous and earlier and earlier.is_file()
        else None,
        "private_warehouse": warehouse,
        "files": {
            file.relative_to(paths.draft).as_posix(): {"sha256": sha256(file), "bytes": file.stat().st_size}
            for file in files
            if file.name not in (verify.MANIFEST, verify.SIGNATURE)
        },
    }
    (paths.draft / MANIFEST).write_text(dumped(manifest), encoding="utf-8")
