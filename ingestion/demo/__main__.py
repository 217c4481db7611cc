"""`python -m ingestion.demo`: write the inbox of the demo's roaster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingestion.demo import DEFAULT_SEED, write


def main(
    inbox: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(".data/inbox"),
    size: Annotated[float, typer.Option(help="1 is about 18,000 orders; 100 is almost two million.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = DEFAULT_SEED,
) -> None:
    """Write the inbox of the demo company.

    Example: python -m ingestion.demo --inbox /tmp/demo --size 10
    """
    truth = write(inbox, size=size, seed=seed, progress=typer.echo)
    for year, shop in truth.shop.items():
        typer.echo(f"{year}: {shop.orders:,} orders, net revenue {truth.books[year].revenue:,.2f}")


if __name__ == "__main__":
    typer.run(main)
