"""Reading a large auditfile against bare `lxml.etree.iterparse` over the same file, each in a fresh process.

    .venv/bin/python -m tests.bench.bench_xaf [--megabytes 250] [--runs 2]

Prints seconds, ratio and peak memory, side by side from one run. Goals: at most 2 times bare, under 300 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

_LINES_PER_TRANSACTION = 3
_ROOT = Path(__file__).parents[2]
_MODES = {
    "bare": "bare iterparse, clear and delete",
    "parquet": "read to Parquet with all checks",
    "duckdb": "deliver to DuckDB through dlt",
}


def write_auditfile(path: Path, megabytes: int) -> int:
    """Write a valid XAF 3.2 of about that size, always the same, streamed to disk; the number of lines."""
    sample = sum(len(_transaction(number)) for number in range(1000, 2000)) / 1000
    transactions = int(megabytes * 1e6 / sample)
    total = sum(_net(number) + _vat(number) for number in range(transactions))
    lines = transactions * _LINES_PER_TRANSACTION
    accounts = "".join(
        f"<ledgerAccount><accID>{account}</accID><accDesc>{name}</accDesc><accTp>{kind}</accTp>"
        f"<leadReference>{code}</leadReference></ledgerAccount>\n"
        for account, name, kind, code in (
            ("1300", "Debiteuren", "B", "BVorDebHad"),
            ("1500", "Te betalen btw", "B", "BSchBepBtw"),
            ("8000", "Omzet", "P", "WOmzNopOlh"),
        )
    )
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<auditfile xmlns="http://www.auditfiles.nl/XAF/3.2">\n'
            "<header><fiscalYear>2024</fiscalYear><startDate>2024-01-01</startDate><endDate>2024-12-31</endDate>"
            "<curCode>EUR</curCode><dateCreated>2025-01-15</dateCreated></header>\n"
            "<company><companyName>Groothandel Groot B.V.</companyName>\n<customersSuppliers>\n"
        )
        file.writelines(
            f"<customerSupplier><custSupID>D{i}</custSupID><custSupName>Afnemer {i}</custSupName></customerSupplier>\n"
            for i in range(500)
        )
        file.write(
            f"</customersSuppliers>\n<generalLedger>\n{accounts}</generalLedger>\n<transactions>\n"
            f"<linesCount>{lines}</linesCount><totalDebit>{_euros(total)}</totalDebit>"
            f"<totalCredit>{_euros(total)}</totalCredit>\n<journal>\n<jrnID>70</jrnID><desc>Verkoop</desc>"
            "<jrnTp>S</jrnTp>\n"
        )
        file.writelines(_transaction(number) for number in range(transactions))
        file.write("</journal>\n</transactions>\n</company>\n</auditfile>\n")
    return lines


def _net(number: int) -> int:
    return number * 7919 % 99_991 + 100


def _vat(number: int) -> int:
    return _net(number) * 21 // 100


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _transaction(number: int) -> str:
    net, vat, month = _net(number), _vat(number), number % 12 + 1
    lines = "".join(
        f"          <trLine>\n            <nr>{position}</nr>\n            <accID>{account}</accID>\n"
        f"            <docRef>F{number:07d}</docRef>\n            <effDate>2024-{month:02d}-11</effDate>\n"
        f"            <desc>Verkoop artikel {number}</desc>\n            <amnt>{_euros(amount)}</amnt>\n"
        f"            <amntTp>{side}</amntTp>\n{extra}          </trLine>\n"
        for position, (account, amount, side, extra) in enumerate(
            (
                ("1300", net + vat, "D", f"            <custSupID>D{number % 500}</custSupID>\n"),
                ("8000", net, "C", ""),
                ("1500", vat, "C", ""),
            ),
            1,
        )
    )
    return (
        f"        <transaction>\n          <nr>{number}</nr>\n          <periodNumber>{month}</periodNumber>\n"
        f"          <trDt>2024-{month:02d}-11</trDt>\n{lines}        </transaction>\n"
    )


def _bare(file: Path) -> int:
    count = 0
    for _, element in etree.iterparse(str(file), events=("end",)):
        count += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return count


def _parquet(file: Path) -> int:
    from ingestion.sources import xaf
    from ingestion.sources.xaf import inbox, sets

    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        (unit,) = inbox.units(file)
        checked = xaf.read(sets.single(sets.part_of(unit, Path(folder))), Path(folder))
        return checked.rows["transaction_lines"]


def _duckdb(file: Path) -> int:
    from ingestion.sources import xaf

    with tempfile.TemporaryDirectory(dir=file.parent.parent) as folder:
        root = Path(folder)
        return xaf.deliver(file.parent, root / "warehouse.duckdb", root / "work").tables["transaction_lines"]


def _measure(mode: str, file: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.bench_xaf", "--mode", mode, "--file", str(file)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: list[str] | None = None) -> None:
    """Print the ratios; with `--mode` do one measurement and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=250)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--mode", choices=list(_MODES))
    parser.add_argument("--file", type=Path)
    options = parser.parse_args(arguments)
    if options.mode:
        start = time.perf_counter()
        count = {"bare": _bare, "parquet": _parquet, "duckdb": _duckdb}[options.mode](options.file)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak, "count": count}))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inbox" / "large.xaf"
        file.parent.mkdir()
        lines = write_auditfile(file, options.megabytes)
        print(f"auditfile: {file.stat().st_size / 1e6:,.0f} MB, {lines:,} lines")
        # Taken in turns, and the fastest run counts: these machines are noisy.
        runs = [{mode: _measure(mode, file) for mode in _MODES} for _ in range(options.runs)]
        best = {mode: min((run[mode] for run in runs), key=lambda run: run["seconds"]) for mode in _MODES}
        for mode, title in _MODES.items():
            ratio = best[mode]["seconds"] / best["bare"]["seconds"]
            print(
                f"{title:<36} {best[mode]['seconds']:6.1f} s  {ratio:4.2f} times bare  "
                f"peak {best[mode]['peak_mb']:4.0f} MB"
            )


if __name__ == "__main__":
    main()
