"""Compiles a metric as it stands in its file now, with dbt's own parser and compiler, against the tables of a release.

The models between the metric and `rpt_metric_values` become ephemeral for the occasion, so dbt writes them into one
select as it would for any ephemeral model. What comes out are the values a refresh would publish: same division, same
reasons, same comparisons. Nothing is built. dbt reads its last parse of the project and parses only what changed; when
that is the SQL of metrics alone, it parses nothing: a select that reads the same models is only compiled.
"""

# ruff: noqa: PLC0415 - dbt takes seconds to import, and only a preview needs it
from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import dbt_worker, metrics_union
from orchestration.errors import KerncijfersError, did_you_mean
from orchestration.paths import DBT_PROJECT, PROJECT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

VALUES = "model.kerncijfers.rpt_metric_values"
REGISTRY = "model.kerncijfers.rpt_metrics"
UNION = "model.kerncijfers.int_metrics_unioned"
_CACHE = PROJECT / ".data" / "dbt"
_TARGET = _CACHE / "preview"
_METRICS = DBT_PROJECT / "models" / "metrics"
_READ = (".sql", ".py", ".yml", ".csv", ".md")
# dbt parses everything again when its connection changes, so the name in it is always the same. Nothing opens it.
_WAREHOUSE = PROJECT / ".data" / "work" / "warehouse.duckdb"


@dataclass(frozen=True)
class Compiled:
    """The select that gives every value of `metric` in `version`, as a refresh would publish them."""

    metric: str
    version: int
    unit: str
    decimals: int
    label: str
    report_grain: str
    file: Path
    sql: str
    own_sql: str

    def place(self, line: int) -> str | None:
        """Where in the metric's own file a line of `sql` comes from, as `path:line`; None when it is another's."""
        start = self.sql.find(self.own_sql)
        own = line - self.sql.count("\n", 0, start) if start >= 0 else 0
        compiled = self.own_sql.splitlines()
        written = self.file.read_text(encoding="utf-8").splitlines()
        matched = difflib.SequenceMatcher(None, compiled, written, autojunk=False)
        for _, begin, end, first, last in matched.get_opcodes():
            if begin < own <= end:
                return f"{os.path.relpath(self.file)}:{min(first + own - begin, max(last, 1))}"
        return None


def compile_metric(metric: str, version: int | None) -> Compiled:
    """The metric as its file says now; its latest version when none is asked for.

    Raises KerncijfersError with the nearest names when there is no such metric, and with dbt's words when the project
    does not parse or the metric does not compile.
    """

    def selected(manifest: Manifest, node: Any) -> tuple[str, str]:
        _fold(manifest, node)
        return "rpt_metric_values", VALUES

    manifest, node, _ = _compile(metric, version, selected)
    values: Any = manifest.nodes[VALUES]
    meta: dict[str, Any] = node.config.meta
    return Compiled(
        metric=node.name.removeprefix("metric_"),
        version=int(node.version),
        unit=meta["unit"],
        decimals=int(meta["decimals"]),
        label=meta["label_en"],
        report_grain=meta["report_grain"],
        file=DBT_PROJECT / node.original_file_path,
        sql=values.compiled_code,
        own_sql=(node.compiled_code or "").strip(),
    )


def lineage(metric: str, version: int | None) -> dict[str, str]:
    """The compiled select of a metric and of every model it stands on, by schema and name: `marts.fct_orders`.

    Raises KerncijfersError as `compile_metric` does.
    """
    _, _, result = _compile(metric, version, lambda _, node: (f"+{node.name}.v{node.version}", node.unique_id))
    models: list[Any] = [one.node for one in result.result.results]
    return {f"{model.schema}.{model.alias}": model.compiled_code for model in models}


def _compile(
    metric: str, version: int | None, select: Callable[[Manifest, Any], tuple[str, str]]
) -> tuple[Manifest, Any, Any]:
    """Compiles what `select` names when it is told the metric: what dbt selects, and the model all of it leads to.

    Returns the project, the metric, and dbt's result.
    """
    _prepare()
    result, node = None, None
    for project in (_with_new_sql, _parse):
        manifest = project()
        if manifest is None:
            continue
        node = _find(manifest, metric, version)
        chosen, last = select(manifest, node)
        _leave_out_what_does_not_lead_to(manifest, last)
        result = _invoke(["compile", "--select", f"{chosen},resource_type:model"], manifest)
        if result.success:
            return manifest, node, result
    raise KerncijfersError(_said(result, node))


def _with_new_sql() -> Manifest | None:
    """The last parse, with the SQL of the metrics as it stands now; None when anything else changed since.

    Where a select reads another model than it did, dbt refuses to compile it, and the project is parsed after all.
    """
    from dbt.contracts.graph.manifest import Manifest
    from dbt.version import __version__

    parsed = _TARGET / dbt_worker.PARSED
    settings = [DBT_PROJECT / name for name in ("dbt_project.yml", "profiles.yml")]
    if not parsed.is_file() or any(file.stat().st_mtime >= parsed.stat().st_mtime for file in settings):
        return None
    manifest: Any = Manifest.from_msgpack(parsed.read_bytes())
    if manifest.metadata.dbt_version != __version__:
        return None
    known = {DBT_PROJECT / file.path.original_file_path: file for file in manifest.files.values() if _is_ours(file)}
    if set(known) != set(_files()):
        return None
    for path, file in known.items():
        if path.stat().st_mtime == file.path.modification_time:
            continue
        written = path.read_text(encoding="utf-8").strip()
        if file.checksum == type(file.checksum).from_contents(written):
            continue
        if _METRICS not in path.parents or path.suffix != ".sql":
            return None
        for node in [manifest.nodes[identifier] for identifier in file.nodes]:
            if "config(" in written + node.raw_code:
                return None
            node.raw_code = written
    manifest.build_flat_graph()
    return manifest


def _is_ours(file: Any) -> bool:
    return file.project_name == "kerncijfers"


def _files() -> Iterator[Path]:
    """Every file of the project that dbt reads."""
    for part in ("models", "macros", "seeds", "tests"):
        for folder, _, names in os.walk(DBT_PROJECT / part):
            yield from (Path(folder, name) for name in names if name.endswith(_READ))


def _parse() -> Manifest:
    result = _invoke(["parse"])
    if not result.success:  # a removed or renamed file may be what a partial parse can't follow
        (_TARGET / dbt_worker.PARSED).unlink(missing_ok=True)
        result = _invoke(["parse"])
    if not result.success:
        raise KerncijfersError(f"The dbt project does not parse:\n{_clean(str(result.exception))}")
    return result.result


def _prepare() -> None:
    """Sets dbt's surroundings, and starts from the newest parse there is."""
    os.environ["KERNCIJFERS_WAREHOUSE"] = str(_WAREHOUSE)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    metrics_union.write(DBT_PROJECT)
    _TARGET.mkdir(parents=True, exist_ok=True)
    if not (_TARGET / dbt_worker.PARSED).is_file():
        parses = sorted(_CACHE.glob(f"*/{dbt_worker.PARSED}"), key=lambda file: file.stat().st_mtime)
        if parses:
            shutil.copyfile(parses[-1], _TARGET / dbt_worker.PARSED)


def _invoke(arguments: list[str], manifest: Manifest | None = None) -> Any:
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(_TARGET)]
    quiet = ["--log-level", "none", "--log-level-file", "none", "--log-path", str(_TARGET), "--no-write-json"]
    offline = ["--no-introspect", "--no-populate-cache"] if arguments[0] == "compile" else []
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return dbtRunner(manifest=manifest).invoke([*arguments, *offline, *places, *quiet])


def _find(manifest: Manifest, wanted: str, version: int | None) -> Any:
    asked = wanted.strip().casefold().replace("-", "_").replace(" ", "_").removeprefix("metric_")
    found: dict[str, dict[int, Any]] = {}
    node: Any
    for node in manifest.nodes.values():
        if node.resource_type == "model" and node.fqn[1] == "metrics" and node.name.startswith("metric_"):
            found.setdefault(node.name.removeprefix("metric_"), {})[int(node.version or 0)] = node
    names = {
        alias: name for name, of in found.items() for alias in next(iter(of.values())).config.meta.get("aliases", [])
    }
    name = asked if asked in found else names.get(asked)
    if name is None:
        raise KerncijfersError(
            f"There is no metric {wanted!r} in dbt_project/models/metrics.{did_you_mean(asked, [*found, *names])} "
            f"Make one with `kerncijfers metric new {asked}`."
        )
    versions = found[name]
    if 0 in versions:
        raise KerncijfersError(
            f"dbt_project/{versions[0].original_file_path} is not a version of a metric: the YAML beside it "
            f"needs an entry `- v: 1` under `versions` of metric_{name}."
        )
    number = version or int(next(iter(versions.values())).latest_version)
    if number not in versions:
        raise KerncijfersError(f"{name} has no version {number}. Versions: {', '.join(map(str, sorted(versions)))}.")
    return versions[number]


def _fold(manifest: Manifest, metric: Any) -> None:
    """Makes what lies between the metric, or the registry, and the values ephemeral; the union holds one metric."""
    union: Any = manifest.nodes[UNION]
    union.raw_code = metrics_union.select("metric", metric.name.removeprefix("metric_"), int(metric.version))
    union.refs = [ref for ref in union.refs if (ref.name, str(ref.version)) == (metric.name, str(metric.version))]
    union.depends_on.nodes = [metric.unique_id]
    between = {metric.unique_id, REGISTRY}

    def leads_there(identifier: str, seen: dict[str, bool]) -> bool:
        if identifier not in seen:
            reached = [leads_there(parent, seen) for parent in _parents(manifest, identifier)]
            seen[identifier] = identifier in between or any(reached)
        return seen[identifier]

    seen: dict[str, bool] = {}
    leads_there(VALUES, seen)
    for identifier in {identifier for identifier, leads in seen.items() if leads} - {VALUES}:
        node: Any = manifest.nodes[identifier]
        node.config.materialized = "ephemeral"
        node.config.contract.enforced = node.contract.enforced = False


def _leave_out_what_does_not_lead_to(manifest: Manifest, last: str) -> None:
    """Keeps the nodes that `last` stands on: dbt links and checks all there are, and most are tests."""
    kept, found = set[str](), [last]
    while found:
        identifier = found.pop()
        node: Any = manifest.nodes.get(identifier)
        if node is not None and identifier not in kept:
            kept.add(identifier)
            found += getattr(node.depends_on, "nodes", [])
    manifest.nodes = {identifier: node for identifier, node in manifest.nodes.items() if identifier in kept}
    for left_out in (manifest.unit_tests, manifest.exposures, manifest.metrics, manifest.semantic_models):
        left_out.clear()


def _parents(manifest: Manifest, identifier: str) -> list[str]:
    """The models and seeds a model reads. A seed reads none; a model in Python keeps its released table."""
    node: Any = manifest.nodes.get(identifier)
    if node is None or getattr(node, "language", "sql") == "python":
        return []
    return list(getattr(node.depends_on, "nodes", []))


def _said(result: Any, node: Any) -> str:
    """What dbt said, with the metric's file before it."""
    failed = [str(one.message) for one in (result.result or []) if getattr(one, "message", None) and one.failures != 0]
    message = "\n".join(failed) or str(result.exception)
    return f"{os.path.relpath(DBT_PROJECT / node.original_file_path)} does not compile:\n{_clean(message)}"


def _clean(message: str) -> str:
    """dbt's message without colours, marks of the call stack and empty lines."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", message).partition("Traceback (most recent call last)")[0]
    return "\n".join(line.rstrip() for line in plain.splitlines() if line.strip() and not line.strip().startswith(">"))
