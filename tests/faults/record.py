"""What was tried and how often it went wrong: `make faults` prints it as a table."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table

tries: Counter[str] = Counter()
bad: Counter[str] = Counter()


def note(fault: str, outcomes: list[bool]) -> None:
    """Adds tries of a fault: True for each that went as it must."""
    tries[fault] += len(outcomes)
    bad[fault] += outcomes.count(False)


def print_table(console: Console) -> None:
    """One line for each fault."""
    table = Table(title="Faults", title_justify="left")
    table.add_column("Fault")
    table.add_column("Tries", justify="right")
    table.add_column("Bad", justify="right")
    for fault, count in tries.items():
        table.add_row(fault, str(count), str(bad[fault]))
    table.add_section()
    table.add_row("Total", str(tries.total()), str(bad.total()))
    console.print(table)
