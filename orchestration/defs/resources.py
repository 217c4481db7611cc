"""What a run works with: one draft release for the whole run, and one process that writes.

`definitions` is the only content: Dagster silently forgets module-level assets beside such a function.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import dagster as dg
from dagster._core.storage.tags import MAX_RETRIES_TAG

from ingestion.errors import SourceError
from orchestration import dbt, erasure, heartbeat, release, rendering
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths


class DraftRelease(dg.ConfigurableResource):
    """Holds the data folder and its lock from the first step of a run to the last.

    A run that fails, or that stops short of publishing, leaves nothing but the last good release.
    """

    data: str
    inbox: str
    company: str = ""
    afresh: bool = False

    @property
    def paths(self) -> Paths:
        """The folders of the company this run is about."""
        return Paths(Path(self.data), Path(self.inbox), Path(self.company) if self.company else None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Opens the draft when the run starts; one process runs all steps, so this happens once."""
        try:
            with self._open(context):
                yield self
        except (KerncijfersError, SourceError):
            # Refused before the first step: Dagster would take that for a broken machine and start the run again.
            if context.instance and context.run_id and context.instance.has_run(context.run_id):
                context.instance.add_run_tags(context.run_id, {MAX_RETRIES_TAG: "0"})
            raise

    @contextmanager
    def _open(self, context: dg.InitResourceContext) -> Iterator[None]:
        who = f"Dagster run {context.run_id}" if context.run_id else "Dagster"
        record = context.instance.get_run_record_by_id(context.run_id) if context.instance and context.run_id else None
        if record is not None:
            release.refuse_a_second_start(self.paths, record.create_timestamp.astimezone())
        before = release.current_release(self.paths)
        with release.draft(self.paths, who, afresh=self.afresh):
            erasure.reapply(self.paths)
            dbt.start(self.paths)
            try:
                yield
            finally:
                dbt.stop(self.paths)
                rendering.stop(self.paths)
        if release.current_release(self.paths) != before:
            heartbeat.beat()


@dg.definitions
def resources() -> dg.Definitions:
    """The draft release of the chosen company, and an executor that keeps DuckDB's one writer in one process."""
    paths = Paths.find()
    draft = DraftRelease(
        data=str(paths.data), inbox=str(paths.inbox), company=str(paths.company) if paths.company else ""
    )
    return dg.Definitions(resources={"draft": draft}, executor=dg.in_process_executor)
