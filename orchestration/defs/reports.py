"""reports/ as assets: the database they read, and one page for each edition and language."""

import dagster as dg

from orchestration import company, dbt, notes, progress, release, rendering
from orchestration.defs.dbt_project import layer_of
from orchestration.defs.resources import DraftRelease
from orchestration.paths import Paths
from reports.formatting import Language

_paths = Paths.find()
_reporting = [
    dg.AssetKey([layer_of(node), node["alias"]])
    for node in dbt.manifest(_paths)["nodes"].values()
    if node["resource_type"] == "model" and layer_of(node) in release.EXPORTED_SCHEMAS
]


@dg.asset(
    key=["reports", "database"],
    deps=_reporting,
    group_name="reports",
    kinds={"duckdb"},
    pool="warehouse_writer",
    description="The read-only database a release carries. Made only when every data test has run and passed.",
)
def database(draft: DraftRelease) -> dg.MaterializeResult:
    """Gate and export."""
    progress.report("Checking the tests, exporting the numbers")
    facts = release.prepare(draft.paths, [release.page_name(*page) for page in _reports])
    notes.write(draft.paths, draft.paths.draft)
    return dg.MaterializeResult(metadata={"release": facts["release"], "tests": dict(facts["tests"])})


def _page(edition: str, language: Language) -> dg.AssetsDefinition:
    name = release.page_name(edition, language)

    @dg.asset(
        key=["reports", f"{edition}_{language}"],
        deps=[database],
        group_name="reports",
        kinds={"jinja2", "html"},
        pool="warehouse_writer",
        description=f"The {edition} edition in {language!r}: {name}.",
    )
    def page(draft: DraftRelease) -> dg.MaterializeResult:
        progress.report("Rendering the reports")
        rendering.report(draft.paths, edition, language, name, editions=draft.paths.editions)
        return dg.MaterializeResult(metadata={"bytes": (draft.paths.draft / name).stat().st_size})

    return page


_reports = company.read(_paths).pages
pages = [_page(edition, language) for edition, language in _reports]


@dg.asset(
    key=["reports", "pages"],
    deps=[database],
    group_name="reports",
    kinds={"jinja2", "html"},
    pool="warehouse_writer",
    description="An index of reports and releases, a page for each KPI with its whole history, and a glossary.",
)
def site(draft: DraftRelease) -> dg.MaterializeResult:
    """Everything beside the reports."""
    progress.report("Rendering the reports")
    paths = draft.paths
    written = rendering.pages(
        paths,
        [(edition, language, release.page_name(edition, language)) for edition, language in _reports],
        editions=paths.editions,
        earlier=[release.read_facts(folder) for folder in reversed(release.kept(paths))],
    )
    return dg.MaterializeResult(metadata={"pages": len(written), "bytes": sum(file.stat().st_size for file in written)})
