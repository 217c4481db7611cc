"""The last asset of the graph: the release that readers see."""

import dagster as dg

from orchestration import company, progress, release, rendering, status
from orchestration.defs.resources import DraftRelease
from orchestration.paths import Paths

_pages = company.read(Paths.find()).pages


@dg.asset(
    key=["release", "current"],
    deps=[
        dg.AssetKey(["reports", "pages"]),
        *(dg.AssetKey(["reports", f"{edition}_{language}"]) for edition, language in _pages),
    ],
    group_name="release",
    pool="warehouse_writer",
    description="Looks at the gate once more, checks that the draft is whole, and swaps the symlink `current`.",
)
def current(draft: DraftRelease) -> dg.MaterializeResult:
    """Publishes the draft."""
    progress.report("Publishing the release")
    paths = draft.paths
    language = company.read(paths).report.languages[0]
    rendering.status(paths, status.look(paths, paths.draft), language, "status.html")
    folder = release.publish(paths, [release.page_name(edition, language) for edition, language in _pages])
    facts = release.read_facts(folder)
    return dg.MaterializeResult(
        metadata={
            "release": facts["release"],
            "data as of": facts["as_of"] or "unknown",
            "folder": dg.MetadataValue.path(str(folder)),
        }
    )
