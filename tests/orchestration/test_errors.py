"""What the machine lacks is told as such, whichever library met it first and however it says so."""

from __future__ import annotations

import errno
import os

import duckdb
import pytest

from orchestration.errors import in_words


@pytest.mark.parametrize(
    "said",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        # As DuckDB 1.5 says it under a memory limit: at a query, and at the commit.
        duckdb.OutOfMemoryException("Out of Memory Error: Failed to allocate block of 262144 bytes (bad allocation)"),
        duckdb.TransactionException(
            "TransactionContext Error: Failed to commit: Failed to allocate block of 4194304 bytes (bad allocation)"
        ),
    ],
)
def test_too_little_memory_is_told_as_that_also_from_behind_another_error(said: Exception) -> None:
    behind = RuntimeError("a step failed")
    behind.__cause__ = said
    for error in (said, behind):
        assert str(in_words(error)).startswith("There is not enough memory to finish this. The last good release is")
    assert in_words(RuntimeError("a step failed")) is None
