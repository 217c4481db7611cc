"""What Dagster loads: everything in `defs/`, one file for each folder it drives."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """The whole code location."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
