"""dbt_project/ as assets: one per model and seed, keyed by layer and name, with the data tests as checks."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import dagster as dg
from packaging.version import Version

from orchestration import dbt, forgetting, progress, release, rendering
from orchestration.defs.resources import DraftRelease
from orchestration.errors import KerncijfersError
from orchestration.paths import DBT_PROJECT, Paths

# dagster-dbt also works where dbt-core is not installed (dbt Fusion). Our dbt runs in a process of its own, so this one
# need not spend three seconds on importing it a second time.
_dbt = sys.modules.get("dbt")
sys.modules["dbt"] = None  # pyright: ignore[reportArgumentType]
try:
    from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, dbt_assets
finally:
    del sys.modules["dbt"]
    if _dbt is not None:
        sys.modules["dbt"] = _dbt

TITLE = "Building and testing the metrics"


class LayerTranslator(DagsterDbtTranslator):
    """Keys and groups that repeat the folders: `staging/stg_xaf__periods`, `metrics/metric_aov_v2`.

    Sources keep dbt's own key (`raw_xaf/periods`), which is the key ingestion gives its tables.
    """

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Layer and alias; a versioned model is named with its version."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey([layer_of(dbt_resource_props), dbt_resource_props["alias"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer, so that the graph reads like the folders."""
        return layer_of(dbt_resource_props)


def layer_of(node: Mapping[str, Any]) -> str:
    """The folder below `models/` a node lives in, or `seeds`."""
    return "seeds" if node["resource_type"] == "seed" else node["fqn"][1]


def _attach_singular_tests(manifest: dict[str, Any]) -> dict[str, Any]:
    """Hangs a test that compares several models under the last of them; dagster-dbt would leave it out."""
    nodes = manifest["nodes"]
    for node in nodes.values():
        models = [name for name in node.get("depends_on", {}).get("nodes", []) if name in nodes]
        if node["resource_type"] != "test" or node.get("attached_node") or len(models) < 2:
            continue
        last = nodes[models[-1]]
        reference = {"name": last["name"], "package": last["package_name"], "version": last.get("version")}
        node["config"].setdefault("meta", {})["dagster"] = {"ref": reference}
    return manifest


_manifest = _attach_singular_tests(dbt.manifest(Paths.find()))
_translator = LayerTranslator()


@dbt_assets(
    manifest=_manifest,
    dagster_dbt_translator=_translator,
    name="dbt_project",
    pool="warehouse_writer",
)
def dbt_project(context: dg.AssetExecutionContext, draft: DraftRelease) -> Iterator[Any]:
    """Builds and tests every model on the work copy, in dbt's own process."""
    if context.is_subset:
        raise KerncijfersError(
            "Models are released together: start the job `refresh` instead of single models. "
            "To try one model, run dbt in dbt_project/ on a copy of the warehouse."
        )
    paths = draft.paths
    release.require_deliveries(paths)
    if forgotten := forgetting.forget(paths):
        context.log.info("%s pseudonyms past their term were taken away.", forgotten)
    counted = [
        node for node in _manifest["nodes"].values() if node["resource_type"] in ("model", "seed", "snapshot", "test")
    ]
    total, done = len(counted), 0
    progress.report(TITLE, done, total)
    invocation = DbtCliInvocation(
        process=dbt.build(paths),
        manifest=_manifest,
        dagster_dbt_translator=_translator,
        project_dir=DBT_PROJECT,
        target_path=paths.target,
        raise_on_error=False,
        cli_version=Version(version("dbt-core")),
        context=context,
    )
    rendering.start(paths)  # it imports the charts meanwhile
    log = (paths.logs / "dbt_output.log").open("w", encoding="utf-8")
    output: list[str] = []
    with log:
        events = invocation.stream_raw_events()
        while True:
            # dagster-dbt prints what dbt prints; a refresh at the command line keeps that in its log.
            with contextlib.redirect_stdout(log):
                event = next(events, None)
            if event is None:
                break
            if event.raw_event["info"]["level"] == "error":
                output.append(str(event))
            if event.is_result_event:
                done += 1
                progress.report(TITLE, done, total)
            yield from event.to_default_asset_events(
                manifest=_manifest,
                dagster_dbt_translator=_translator,
                context=context,
                target_path=paths.target,
            )
    if not (paths.target / "run_results.json").is_file():
        told = dbt.stopped(invocation.process, "\n".join(output))
        raise KerncijfersError(f"{told}\nLog: {log.name}")
    release.require_passed(paths)
