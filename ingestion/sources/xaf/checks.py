"""Types the text columns of an auditfile in bulk, proves them against its control totals, and writes the raw tables.

Everything runs in DuckDB over the Parquet batches of `document`, within a memory limit. Amounts are debit-positive:
a credit is negative, and a negative debit is a credit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import quoting
from ingestion.errors import SourceError
from ingestion.sources.xaf import settings
from ingestion.sources.xaf.document import Contents, Document, Place, Totals
from ingestion.sources.xaf.header import AuditfileHeader

_EXPORT_AGAIN = "Export it again; if it stays, ask the supplier of the package. Nothing of this file was loaded."
_SHOWN = 3

_MACROS = r"""
create macro clean(x) as nullif(trim(x, e' \t\r\n'), '');
create macro money(x) as
    case
        when regexp_full_match(clean(x), '[+-]?([0-9]+(\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)')
            then try_cast(clean(x) as decimal(18, 2))
    end;
create macro day(x) as
    case
        when regexp_full_match(clean(x), '\d{4}-\d{2}-\d{2}(T.*|Z|[+-]\d{2}:\d{2})?')
            then try_cast(substr(clean(x), 1, 10) as date)
    end;
create macro whole(x) as
    case when regexp_full_match(clean(x), '[0-9]{1,9}') then cast(clean(x) as integer) end;
create macro side(x) as
    case
        when lower(clean(x)) in ('d', 'debet', 'debit') then 'D'
        when lower(clean(x)) in ('c', 'credit') then 'C'
        when clean(x) is null then null
        else '?'
    end;
create macro signed(written, side) as case when side = 'C' then -written else written end;
"""

# Grain: one row per line, with what the checks need. A table, because every check goes over it: casting once is
# cheaper than keeping it out of memory, and DuckDB spills it when it grows.
_LINE_AMOUNTS = """
create temp table line_amounts as
with texts as (
    select
        line_sequence,
        transaction_ordinal,
        document,
        file_line,
        accID,
        amnt,
        amntTp,
        money(amnt) as written,
        side(amntTp) as side
    from read_parquet($lines)
)

select
    cast(line_sequence as integer) as line_sequence,
    cast(transaction_ordinal as integer) as transaction_ordinal,
    cast(document as smallint) as document,
    file_line,
    clean(accID) as account_id,
    written,
    side,
    case when side = 'C' then -written else written end as amount,
    -- Kept only for the message that refuses them.
    case when written is null then clean(amnt) when side = '?' then clean(amntTp) end as bad_text
from texts
"""

# Grain: one row per transaction, with what it has from its journal.
_TRANSACTIONS = """
create view transactions as
select
    transactions.transaction_ordinal,
    transactions.document,
    transactions.transaction_line,
    clean(transactions.nr) as transaction_number,
    clean(transactions.periodNumber) as period_text,
    whole(transactions.periodNumber) as period_number,
    clean(transactions.trDt) as date_text,
    day(transactions.trDt) as transaction_date,
    journals.journal_id,
    journals.journal_type,
    journals.offset_account_id
from read_parquet($transactions) as transactions
left join journals on transactions.journal_ordinal = journals.journal_ordinal
"""

# Grain: one row per column sum that exporters are known to mean by totalDebit and totalCredit.
_SUMS = """
select
    count(*) as lines_count,
    coalesce(sum(case when kept_side = 'D' then value else 0 end), 0) as written_debit,
    coalesce(sum(case when kept_side = 'C' then value else 0 end), 0) as written_credit,
    coalesce(sum(greatest(amount, 0)), 0) as flipped_debit,
    coalesce(-sum(least(amount, 0)), 0) as flipped_credit,
    coalesce(sum(case when kept_side = 'D' then abs(value) else 0 end), 0) as absolute_debit,
    coalesce(sum(case when kept_side = 'C' then abs(value) else 0 end), 0) as absolute_credit,
    count(*) filter (where written < 0 and side is not null) as negative_lines
from (
    select
        amount,
        written,
        side,
        coalesce(side, case when written < 0 then 'C' else 'D' end) as kept_side,
        case when side is null then abs(written) else written end as value
    from {relation}
)
"""

_CONVENTIONS = {
    "written": "amounts as written, so a negative debit lowers the debit total",
    "flipped": "a negative debit counted as a credit and the other way round",
    "absolute": "amounts without their sign",
}


@dataclass(frozen=True)
class Checked:
    """The raw tables of one partition as Parquet files, their row counts, and what a person should know."""

    tables: dict[str, Path]
    rows: dict[str, int]
    rows_by_file: dict[str, int]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Sums:
    count: int
    by_convention: dict[str, tuple[Decimal, Decimal]]
    has_negatives: bool

    @property
    def difference(self) -> Decimal:
        debit, credit = self.by_convention["flipped"]
        return debit - credit

    def plus(self, count: int, debit: Decimal, credit: Decimal) -> _Sums:
        return _Sums(
            self.count + count,
            {name: (d + debit, c + credit) for name, (d, c) in self.by_convention.items()},
            self.has_negatives,
        )


@dataclass(frozen=True)
class _Declared:
    count: int | None
    debit: Decimal | None
    credit: Decimal | None

    @property
    def is_empty(self) -> bool:
        return self.count is None and self.debit is None and self.credit is None


class DocumentsOverlapError(Exception):
    """Documents that were taken for the parts of one auditfile hold the same transactions."""


class Check:
    """One auditfile, or one set of split files, from text to proven raw tables.

    `run` raises `SourceError` with the transaction, file and line at the first thing that does not add up.
    """

    def __init__(
        self,
        contents: Contents,
        documents: Sequence[Document],
        header: AuditfileHeader,
        folder: Path,
        *,
        currency: str,
        fingerprint: str,
    ) -> None:
        self._contents = contents
        self._header = header
        self._folder = folder
        self._currency = currency
        self._fingerprint = fingerprint
        self._places = [Place(document) for document in documents]
        self._names = [name for document in documents for name in document.names]
        self._file = documents[0].names[0]
        self._warnings: list[str] = []
        memory = max(settings.CHECK_MEMORY_MB, contents.line_count * settings.CHECK_MEMORY_BYTES_PER_LINE / 1e6)
        self._con = duckdb.connect(
            config={
                "memory_limit": f"{memory:.0f}MB",
                "temp_directory": str(folder / "spill"),
                "threads": 2,
                "preserve_insertion_order": False,
            }
        )

    def run(self, *, must_not_overlap: bool = False) -> Checked:
        """Check and write. Call once. `must_not_overlap`: transactions may not come back in a later document."""
        try:
            self._register()
            if must_not_overlap:
                self._check_overlap()
            return self._run()
        finally:
            self._con.close()

    def _run(self) -> Checked:
        self._check_values()
        self._check_accounts()
        counter_lines, totals = self._check_transactions()
        self._check_opening_totals()
        self._warn_about_dates()
        self._warnings += [f"{self._file}: {text}." for text in dict.fromkeys(self._contents.warnings)]
        tables, rows = self._write(counter_lines, totals)
        by_file = self._con.execute(
            "select file_name, count(*) from read_parquet($path) group by file_name",
            {"path": str(tables["transaction_lines"])},
        ).fetchall()
        return Checked(tables, rows, {str(k): int(v) for k, v in by_file}, tuple(self._warnings))

    def _one(self, query: str, **parameters: Any) -> tuple[Any, ...]:
        row = self._con.execute(query, parameters).fetchone()
        assert row is not None
        return row

    def _rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._con.execute(query, parameters).fetchall()

    def _register(self) -> None:
        contents, con = self._contents, self._con
        con.execute(_MACROS)
        journals = pa.table(
            list(zip(*contents.journals, strict=True)) or [[], [], [], []],
            schema=pa.schema(
                [
                    ("journal_ordinal", pa.int64()),
                    ("journal_id", pa.string()),
                    ("journal_type", pa.string()),
                    ("offset_account_id", pa.string()),
                ]
            ),
        )
        con.register("journals", journals)
        opening = pa.table(
            list(zip(*contents.opening, strict=True)) or [[], [], [], [], [], []],
            schema=pa.schema(
                [
                    ("account_id", pa.string()),
                    ("amount_text", pa.string()),
                    ("side_text", pa.string()),
                    ("nr", pa.string()),
                    ("document", pa.int32()),
                    ("file_line", pa.int64()),
                ]
            ),
        ).append_column("line_sequence", pa.array(range(1, len(contents.opening) + 1), pa.int64()))
        con.register("opening_texts", opening)
        con.register("accounts", self._accounts())
        parts = [(number, *part) for number, place in enumerate(self._places) for part in place.parts()]
        con.register(
            "parts",
            pa.table(
                list(zip(*parts, strict=True)),
                schema=pa.schema(
                    [("document", pa.int32()), ("after", pa.int64()), ("until", pa.int64()), ("file_name", pa.string())]
                ),
            ),
        )
        # Views take no parameters; these paths are our own.
        for view, path in ((_LINE_AMOUNTS, contents.lines), (_TRANSACTIONS, contents.transactions)):
            name = "$lines" if "$lines" in view else "$transactions"
            con.execute(view.replace(name, quoting.text(path)))
        con.execute(
            """
            create view opening as
            select
                *,
                money(amount_text) as written,
                side(side_text) as side,
                signed(money(amount_text), side(side_text)) as amount
            from opening_texts
            """
        )

    def _accounts(self) -> pa.Table:
        rows, unclear = [], []
        for account in self._contents.accounts.values():
            code, source = account.rgs_code, account.rgs_source
            if source in (None, "leadCode", "leadDescription") and account.account_id in self._contents.taxonomy:
                code, source = self._contents.taxonomy[account.account_id], "taxonomy"
            kind = account.type
            if kind not in ("B", "P"):
                unclear.append(account.account_id)
                kind = "P" if (code or "").startswith("W") else "B"
            rows.append(
                (
                    self._header.company_id,
                    self._header.fiscal_year,
                    account.account_id,
                    account.description,
                    kind,
                    code,
                    source,
                )
            )
        if unclear:
            self._warnings.append(
                f"{self._file}: {len(unclear)} accounts are neither balance (B) nor result (P), such as "
                f"{', '.join(unclear[:_SHOWN])}; their RGS code decides, without one they count as balance."
            )
        columns = list(zip(*rows, strict=True)) or [[] for _ in settings.LEDGER_ACCOUNTS]
        return pa.table(columns, schema=settings.LEDGER_ACCOUNTS)

    def _check_overlap(self) -> None:
        shared = self._one(
            """
            select count(*)
            from (
                select 1
                from line_amounts as lines
                inner join transactions on lines.transaction_ordinal = transactions.transaction_ordinal
                group by
                    transactions.journal_id,
                    transactions.transaction_number,
                    transactions.transaction_date,
                    lines.account_id,
                    lines.amount
                having count(distinct lines.document) > 1
            )
            """
        )[0]
        if shared:
            raise DocumentsOverlapError

    def _check_values(self) -> None:
        bad = self._rows(
            """
            select
                document,
                file_line,
                case
                    when transaction_ordinal >= $transactions then 'stands outside a transaction'
                    when side = '?' and written is not null then 'has an amntTp that is neither D nor C'
                    when bad_text is null then 'has no amount (amnt)'
                    else 'has an amount that is not a number with a point and at most two decimals'
                end as problem,
                bad_text
            from line_amounts
            where written is null or side = '?' or transaction_ordinal >= $transactions
            order by line_sequence
            limit 1
            """,
            transactions=self._contents.transaction_count,
        )
        bad += self._rows(
            """
            select document, file_line, 'of the opening balance has no valid amount or amntTp', amount_text
            from opening
            where written is null or side = '?'
            order by line_sequence
            limit 1
            """
        )
        if bad:
            document, line, problem, value = bad[0]
            raise self._error(f"The line {problem}.", document, line, value=value, advice=_EXPORT_AGAIN)
        bad = self._rows(
            """
            select
                document,
                transaction_line,
                case
                    when journal_id is null then 'stands outside a journal with a jrnID'
                    when period_number is null and period_text is not null then 'has a periodNumber that is no number'
                    else 'has a trDt that is not a date (yyyy-mm-dd)'
                end as problem,
                case when period_number is null and period_text is not null then period_text else date_text end as value
            from transactions
            where
                journal_id is null
                or (period_number is null and period_text is not null)
                or (transaction_date is null and date_text is not null)
            order by transaction_ordinal
            limit 1
            """
        )
        if bad:
            document, line, problem, value = bad[0]
            raise self._error(f"The transaction {problem}.", document, line, value=value, advice=_EXPORT_AGAIN)

    def _check_accounts(self) -> None:
        missing = self._rows(
            """
            with used as (
                select account_id, document, file_line, amount from line_amounts
                union all by name
                select account_id, document, file_line, amount from opening
            ),

            by_account as (
                select
                    account_id,
                    sum(amount) as amount,
                    sum(abs(amount)) as turnover,
                    count(*) as lines,
                    min((document, file_line)) as first_seen
                from used
                group by account_id
            )

            select
                by_account.account_id,
                by_account.amount,
                by_account.turnover,
                by_account.lines,
                by_account.first_seen[1],
                by_account.first_seen[2]
            from by_account
            left join accounts on by_account.account_id = accounts.account_id
            where accounts.account_id is null
            order by by_account.turnover desc, by_account.account_id
            """
        )
        carrying = [row for row in missing if row[2] != 0]
        if carrying:
            named = "; ".join(
                f"{account or '(empty)'} with {_money(turnover)} on {lines} {'line' if lines == 1 else 'lines'}"
                for account, _, turnover, lines, _, _ in carrying[:_SHOWN]
            )
            more = f" and {len(carrying) - _SHOWN} more" if len(carrying) > _SHOWN else ""
            raise self._error(
                f"Lines are booked on accounts that are not among the ledger accounts: {named}{more}.",
                carrying[0][4],
                carrying[0][5],
                value=carrying[0][0],
                advice="Export it again with the whole chart of accounts.",
            )
        if missing:
            self._warnings.append(
                f"{self._file}: {len(missing)} accounts with only zero amounts are not among the ledger accounts."
            )

    def _sums(self, relation: str) -> _Sums:
        count, *sums, negatives = self._one(_SUMS.format(relation=relation))
        pairs = list(zip(sums[::2], sums[1::2], strict=True))
        return _Sums(count, dict(zip(_CONVENTIONS, pairs, strict=True)), bool(negatives))

    def _check_transactions(self) -> tuple[bool, tuple[int, Decimal, Decimal]]:
        """Whether counter lines must be added, and the count, debit and credit that were proven."""
        sums = self._sums("line_amounts")
        self._con.execute(
            """
            create temp table unbalanced as
            with differences as (
                select transaction_ordinal, sum(amount) as difference
                from line_amounts
                group by transaction_ordinal
                having sum(amount) <> 0
            )

            select
                differences.transaction_ordinal,
                differences.difference,
                transactions.journal_id,
                transactions.transaction_number,
                transactions.transaction_line,
                transactions.offset_account_id,
                sum(differences.difference) over (
                    partition by transactions.journal_id, transactions.transaction_number
                ) as remaining
            from differences
            inner join transactions on differences.transaction_ordinal = transactions.transaction_ordinal
            """
        )
        unbalanced, remaining = self._one("select count(*), count(*) filter (where remaining <> 0) from unbalanced")
        declared = self._declared(self._contents.transaction_totals)
        if unbalanced > remaining:
            self._warnings.append(
                f"{self._file}: {unbalanced - remaining} transactions balance only together with others of the same "
                "journal and number; they are counted as one."
            )
        counters = False
        if remaining:
            counters = self._implied_counter_entries(sums, declared)
        proven = self._prove(
            "transactions",
            sums,
            declared,
            self._contents.transaction_totals,
            {
                "transactions instead of lines": self._contents.transaction_count,
                "lines with those of the opening balance": sums.count + len(self._contents.opening),
            },
            counters=counters,
        )
        return counters, proven

    def _implied_counter_entries(self, sums: _Sums, declared: list[_Declared]) -> bool:
        """Whether the counter entries are only implied by each journal's offset account, as Exact Globe writes 3.1.

        That is believed only when no transaction of such a journal balances or books on the offset account, when all
        transactions that do not balance are in such journals, and when control totals are there to prove the rest.
        """
        offenders = self._one(
            """
            with balanced as (
                select distinct transactions.journal_id
                from line_amounts
                inner join transactions on line_amounts.transaction_ordinal = transactions.transaction_ordinal
                left join unbalanced on line_amounts.transaction_ordinal = unbalanced.transaction_ordinal
                where
                    line_amounts.amount <> 0
                    and (
                        unbalanced.transaction_ordinal is null
                        or line_amounts.account_id = transactions.offset_account_id
                    )
            )

            select count(*)
            from unbalanced
            where
                remaining <> 0
                and (offset_account_id is null or journal_id in (select journal_id from balanced))
            """
        )[0]
        if offenders or all(each.is_empty for each in declared):
            self._refuse_unbalanced(sums, declared)
        journals = ", ".join(
            row[0] for row in self._rows("select distinct journal_id from unbalanced where remaining <> 0 order by 1")
        )
        if sums.difference == 0:
            self._warnings.append(
                f"{self._file}: transactions of journal {journals} do not balance alone, but the file does as a whole; "
                "it is loaded as it is."
            )
            return False
        unknown = self._rows(
            """
            select unbalanced.offset_account_id
            from unbalanced
            left join accounts on unbalanced.offset_account_id = accounts.account_id
            where unbalanced.remaining <> 0 and accounts.account_id is null
            limit 1
            """
        )
        if unknown:
            raise SourceError(
                f"The counter entries of journal {journals} are only implied by its offset account, which is not among "
                "the ledger accounts.",
                file=self._file,
                value=unknown[0][0],
                advice=_EXPORT_AGAIN,
            )
        self._warnings.append(
            f"{self._file}: the counter entries of journal {journals} are only implied by its offset account; "
            "one was added to each transaction."
        )
        return True

    def _refuse_unbalanced(self, sums: _Sums, declared: list[_Declared]) -> None:
        rows = self._rows(
            """
            select
                unbalanced.journal_id,
                unbalanced.transaction_number,
                unbalanced.transaction_line,
                unbalanced.difference,
                count(*) over () as transactions,
                (
                    select (sum(greatest(lines.amount, 0)), -sum(least(lines.amount, 0)), min(lines.document))
                    from line_amounts as lines
                    where lines.transaction_ordinal = unbalanced.transaction_ordinal
                ) as sides
            from unbalanced
            where remaining <> 0
            order by unbalanced.transaction_ordinal
            limit 1
            """
        )
        journal, number, line, difference, transactions, (debit, credit, document) = rows[0]
        more = f" {transactions - 1} more transactions do not balance." if transactions > 1 else ""
        against = self._against_totals(sums, declared)
        raise self._error(
            f"Transaction {number or '(without number)'} of journal {journal} does not balance: debit {_money(debit)}, "
            f"credit {_money(credit)}, difference {_money(difference)}.{more}{against}",
            document,
            line,
            advice=_EXPORT_AGAIN,
        )

    def _against_totals(self, sums: _Sums, declared: list[_Declared]) -> str:
        debit, credit = sums.by_convention["written"]
        for each in declared:
            parts = [
                f"{name} {_money(value)} against {_money(found)} in the lines"
                for name, value, found in (("totalDebit", each.debit, debit), ("totalCredit", each.credit, credit))
                if value is not None and value not in (found, -found)
            ]
            if parts:
                return f" The control totals say {' and '.join(parts)}."
        return ""

    def _declared(self, totals: Sequence[Totals]) -> list[_Declared]:
        """The readings of the control totals of all documents: one total said once or in each part, or a sum."""
        each = [
            _Declared(
                self._number(total, "linesCount", total.lines_count, whole=True),
                self._number(total, "totalDebit", total.total_debit),
                self._number(total, "totalCredit", total.total_credit),
            )
            for total in totals
        ]
        each = [one for one in each if not one.is_empty]
        if len(each) <= 1:
            return each or [_Declared(None, None, None)]
        together = _Declared(
            _sum([one.count for one in each]), _sum([one.debit for one in each]), _sum([one.credit for one in each])
        )
        return [together, each[0]] if all(one == each[0] for one in each) else [together]

    def _number(self, total: Totals, name: str, text: str | None, *, whole: bool = False) -> Any:
        if text is None:
            return None
        value = self._one("select whole($text)" if whole else "select money($text)", text=text)[0]
        if value is None:
            raise self._error(f"The control total {name} is not a number.", total.document, total.line, value=text)
        return value

    def _prove(
        self,
        section: str,
        sums: _Sums,
        declared: list[_Declared],
        totals: Sequence[Totals],
        other_counts: dict[str, int],
        *,
        counters: bool = False,
    ) -> tuple[int, Decimal, Decimal]:
        """The count, debit and credit the file declares, proven by its lines; refuses when nothing fits."""
        if all(each.is_empty for each in declared):
            if sums.count:
                self._warnings.append(
                    f"{self._file}: the {section} carry no control totals, so nothing proves that all lines are there."
                )
            return (sums.count, *sums.by_convention["flipped"])
        readings = [(sums, False)]
        if counters:
            extra = self._one(
                """
                select
                    count(*),
                    coalesce(sum(greatest(-difference, 0)), 0),
                    coalesce(-sum(least(-difference, 0)), 0)
                from unbalanced
                where remaining <> 0
                """
            )
            readings.insert(0, (sums.plus(*extra), True))
        loaded = readings[0][0]
        for each in declared:
            for reading, _ in readings:
                for convention, (debit, credit) in reading.by_convention.items():
                    if not _equal(each.debit, debit) or not _equal(each.credit, credit):
                        continue
                    if each.count not in (None, reading.count):
                        meaning = next((m for m, count in other_counts.items() if count == each.count), None)
                        if meaning is None:
                            continue
                        self._warnings.append(f"{self._file}: linesCount of the {section} counts {meaning}.")
                    if sums.has_negatives and each.debit is not None:
                        self._warnings.append(
                            f"{self._file}: the {section} hold negative amounts; the control totals fit with "
                            f"{_CONVENTIONS[convention]}."
                        )
                    return loaded.count, *loaded.by_convention[convention]
        total = totals[0]
        each = declared[0]
        debit, credit = sums.by_convention["written"]
        found = [
            f"{name} {show(value)}, but the lines give {show(actual)} (difference {show(actual - value)})"
            for name, value, actual, show in (
                ("linesCount", each.count, sums.count, lambda n: f"{n:,}"),
                ("totalDebit", each.debit, debit, _money),
                ("totalCredit", each.credit, credit, _money),
            )
            if value is not None and value not in (actual, -actual)
        ]
        raise self._error(
            f"The control totals of the {section} do not fit the lines: {'; '.join(found)}.",
            total.document,
            total.line,
            advice=_EXPORT_AGAIN,
        )

    def _check_opening_totals(self) -> None:
        sums = self._sums("opening")
        totals = self._contents.opening_totals
        sides = self._one("select count(side) from opening")[0]
        try:
            self._prove("opening balance", sums, self._declared(totals), totals, {})
        except SourceError:
            if not sums.count or sides or sums.difference:
                raise
            # Without amntTp the totals have no sides to add up; that the signed amounts balance is proof enough.
            self._warnings.append(
                f"{self._file}: the lines of the opening balance do not say debit or credit; their signed amounts "
                "balance, but the control totals count otherwise."
            )
        if sums.difference:
            self._warnings.append(
                f"{self._file}: the opening balance does not balance: debit less credit is {_money(sums.difference)}."
            )

    def _warn_about_dates(self) -> None:
        dated, outside, first, last = self._one(
            """
            select
                count(transaction_date),
                count(*) filter (where transaction_date not between $start and $end),
                min(transaction_date),
                max(transaction_date)
            from transactions
            """,
            start=self._header.start_date,
            end=self._header.end_date,
        )
        if dated and outside * 2 > dated:
            self._warnings.append(
                f"{self._file}: {outside:,} of {dated:,} transactions are dated outside the fiscal year "
                f"{self._header.start_date} to {self._header.end_date} (they run from {first} to {last}); "
                "their period number decides the month."
            )
        unreadable = self._one(
            """
            select count(*) from read_parquet($lines)
            where clean(effDate) is not null and day(effDate) is null
            """,
            lines=str(self._contents.lines),
        )[0]
        if unreadable:
            self._warnings.append(f"{self._file}: {unreadable:,} lines have an effDate that is not a date; left empty.")

    def _write(
        self, counter_lines: bool, totals: tuple[int, Decimal, Decimal]
    ) -> tuple[dict[str, Path], dict[str, int]]:
        tables = {name: self._folder / f"{name}.parquet" for name in settings.RAW_TABLES}
        pq.write_table(
            self._con.table("accounts").to_arrow_table().cast(settings.LEDGER_ACCOUNTS), tables["ledger_accounts"]
        )
        if not counter_lines:
            # All is proven; writing the lines needs the room more.
            self._con.execute("drop table line_amounts")
        self._write_lines(tables["transaction_lines"], counter_lines)
        key = {"company_id": self._header.company_id, "fiscal_year": self._header.fiscal_year}
        opening = self._con.execute(
            """
            select $company_id, $fiscal_year, line_sequence, account_id, amount
            from opening
            order by line_sequence
            """,
            key,
        ).to_arrow_table()
        periods = self._con.execute(
            """
            select distinct
                $company_id,
                $fiscal_year,
                whole(texts[1]) as period_number,
                day(texts[2]) as start_date,
                day(texts[3]) as end_date
            from (select unnest($periods) as texts)
            where whole(texts[1]) is not null
            order by period_number, start_date
            """,
            {**key, "periods": [list(period[:3]) for period in self._contents.periods] or [[None, None, None]]},
        ).to_arrow_table()
        has_opening = bool(self._contents.opening) or self._has_opening_inside()
        count, debit, credit = totals
        auditfile = {
            **key,
            "company_name": self._header.company_name,
            "fiscal_year_start": self._header.start_date,
            "fiscal_year_end": self._header.end_date,
            "currency": self._currency,
            "xaf_version": self._version(),
            "software": self._header.software,
            "date_created": self._header.date_created,
            "rgs_version": self._header.rgs_version,
            "lines_count": count,
            "total_debit": debit,
            "total_credit": credit,
            "has_opening_balance": has_opening,
            "files": len(self._names),
            "file_names": ", ".join(self._names),
            "fingerprint": self._fingerprint,
            "warnings": "\n".join(self._warnings),
        }
        for name, table in (("opening_balances", opening), ("periods", periods)):
            schema = settings.RAW_TABLES[name]
            pq.write_table(table.rename_columns(schema.names).cast(schema), tables[name])
        pq.write_table(pa.Table.from_pylist([auditfile], schema=settings.AUDITFILES), tables["auditfiles"])
        return tables, {name: pq.read_metadata(path).num_rows for name, path in tables.items()}

    def _write_lines(self, path: Path, counter_lines: bool) -> None:
        counters = """
            union all
            select
                max(lines.line_sequence) as line_sequence,
                1 as is_counter,
                lines.transaction_ordinal,
                min(lines.document) as document,
                min(lines.file_line) as file_line,
                'counter entry' as line_number,
                any_value(unbalanced.offset_account_id) as account_id,
                cast(null as date) as effective_date,
                cast(-any_value(unbalanced.difference) as decimal(20, 2)) as amount,
                cast(null as varchar) as customer_supplier_id
            from line_amounts as lines
            inner join unbalanced on lines.transaction_ordinal = unbalanced.transaction_ordinal
            where unbalanced.remaining <> 0
            group by lines.transaction_ordinal
        """
        # Without counter entries the sequence is the one already counted; no sort of all lines is needed.
        sequence = (
            "row_number() over (order by lines.line_sequence, lines.is_counter)"
            if counter_lines
            else "lines.line_sequence"
        )
        self._con.execute(
            f"""
            copy (
                with texts as (
                    select
                        *,
                        money(amnt) as written,
                        side(amntTp) as side
                    from read_parquet({quoting.text(self._contents.lines)})
                ),

                lines as (
                    select
                        line_sequence,
                        0 as is_counter,
                        transaction_ordinal,
                        document,
                        file_line,
                        clean(nr) as line_number,
                        clean(accID) as account_id,
                        day(effDate) as effective_date,
                        case when side = 'C' then -written else written end as amount,
                        clean(custSupID) as customer_supplier_id
                    from texts
                    {counters if counter_lines else ""}
                )

                select
                    {quoting.text(self._header.company_id)} as company_id,
                    {quoting.text(self._header.fiscal_year)} as fiscal_year,
                    cast({sequence} as bigint) as line_sequence,
                    transactions.journal_id,
                    transactions.journal_type,
                    transactions.transaction_number,
                    lines.line_number,
                    lines.account_id,
                    transactions.period_number,
                    transactions.transaction_date,
                    lines.effective_date,
                    cast(lines.amount as decimal(20, 2)) as amount,
                    lines.customer_supplier_id,
                    lines.file_line - parts.after as file_line,
                    parts.file_name
                from lines
                inner join transactions on lines.transaction_ordinal = transactions.transaction_ordinal
                inner join parts
                    on lines.document = parts.document
                    and lines.file_line > parts.after
                    and lines.file_line <= parts.until
            ) to {quoting.text(path)} (format parquet, compression lz4, row_group_size 61440)
            """
        )

    def _has_opening_inside(self) -> bool:
        return self._one("select count(*) > 0 from transactions where period_number = 0 or journal_type = 'O'")[0]

    def _version(self) -> str:
        if self._header.version:
            return self._header.version
        sources = {account.rgs_source for account in self._contents.accounts.values()}
        if self._header.rgs_version or "RGScode" in sources:
            version = "4.0"
        else:
            version = "3.1" if self._contents.taxonomy else "3.2"
        self._warnings.append(
            f"{self._file}: the namespace names no known version; by its structure it is read as {version}."
        )
        return version

    def _error(
        self, message: str, document: int, line: int, *, value: str | None = None, advice: str | None = None
    ) -> SourceError:
        file, line = self._places[document](line)
        return SourceError(message, file=file, line=line, value=value, advice=advice)


def _equal(declared: Decimal | None, found: Decimal) -> bool:
    # Some write the credit total as a negative number.
    return declared is None or declared in (found, -found)


def _sum(values: Sequence[Any]) -> Any:
    present = [value for value in values if value is not None]
    return sum(present) if present else None


def _money(value: Decimal | int) -> str:
    return f"{value:,.2f}"
