"""A budget and covenants of a release to render."""

from __future__ import annotations

import duckdb


def fill(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """A budget of every month of 2025, and three covenants of which one is breached."""
    connection.execute(
        """
        insert into reporting.rpt_budget by name
        select grain, period, period_start, line_order, line, label_nl, label_en, is_total, amount - 250 as amount
        from reporting.rpt_income_statement where grain = 'month' and period >= '2025-01'
        """
    )
    connection.execute(
        """
        insert into reporting.rpt_covenants by name
        select covenant, place, 'Streekbank' || $1 as lender, label || $1 as label_nl, label || $1 as label_en, covenant as metric,
            1 as version, unit, decimals, type, 'quarter' as tested, 'month' as grain, '2025-' || lpad(month::varchar, 2, '0') as period,
            last_day(make_date(2025, month::integer, 1)) as period_end, month % 3 = 0 as is_test_date,
            now + step * (12 - month) as value, agreed as limit_value,
            case type when 'floor' then now + step * (12 - month) - agreed else agreed - now - step * (12 - month) end as headroom,
            round(case type when 'floor' then now + step * (12 - month) - agreed else agreed - now - step * (12 - month) end / agreed, 10)
            as headroom_share, status, null as reason
        from (values ('solvency', 1, 'Solvency', 'percent', 1, 'floor', 0.40, 0.35, -0.01, 'met'),
            ('dscr', 2, 'Debt service', 'ratio', 2, 'floor', 1.25, 1.2, 0.1, 'tight'),
            ('debt_to_ebitda', 3, 'Debt to EBITDA', 'ratio', 1, 'ceiling', 4.2, 3.5, -0.2, 'breached'))
            as t(covenant, place, label, unit, decimals, type, now, agreed, step, status)
        cross join range(1, 13) m(month)
        """,
        [text],
    )
