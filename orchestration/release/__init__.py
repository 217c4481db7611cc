"""A refresh is a release: lock, work copy, gate, export, check, sign, rename, one symlink swap.

Readers see the whole old release or the whole new one. Half-done work is never resumed: it is discarded, and the
next refresh starts from the last good release.
"""

from orchestration.release.preparation import EXPORTED_SCHEMAS, export, prepare
from orchestration.release.publication import check, publish, rollback
from orchestration.release.refusal import require_passed
from orchestration.release.retention import retain
from orchestration.release.store import (
    DATABASE,
    current_release,
    earlier,
    kept,
    now,
    page_name,
    pages,
    private_warehouse,
    read_facts,
    seal,
)
from orchestration.release.work import (
    attempts,
    busy,
    draft,
    last_attempt,
    locked,
    note_attempt,
    record_delivery,
    recover,
    refuse_a_second_start,
    require_deliveries,
    space_needed,
)

__all__ = [
    "DATABASE",
    "EXPORTED_SCHEMAS",
    "attempts",
    "busy",
    "check",
    "current_release",
    "draft",
    "earlier",
    "export",
    "kept",
    "last_attempt",
    "locked",
    "note_attempt",
    "now",
    "page_name",
    "pages",
    "prepare",
    "private_warehouse",
    "publish",
    "read_facts",
    "record_delivery",
    "recover",
    "refuse_a_second_start",
    "require_deliveries",
    "require_passed",
    "retain",
    "rollback",
    "seal",
    "space_needed",
]
