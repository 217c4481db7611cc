"""Waterfalls, cohorts and channels: what is drawn is what the release holds, and what does not add up is not drawn."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import cast

import duckdb
import pytest
from lxml import html

from reports import exhibits, inline
from reports.data import read, texts
from reports.edition import find
from reports.formatting import Formatter
from reports.inline import Step
from reports.render import render

EN = Formatter("en", "EUR", texts("en"))


@pytest.fixture(scope="module")
def release(full_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full release with books and subscriptions that add up, and cohorts of four ages."""
    folder = Path(shutil.copytree(full_release, tmp_path_factory.mktemp("exhibits") / "release"))
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as connection:
        connection.execute(
            """
            update reporting.rpt_income_statement set
                amount = case line when 'net_revenue' then 1000.10 when 'cost_of_sales' then -400.05 when 'gross_margin' then 600.05
                    when 'other_income' then 0 when 'personnel' then -250 when 'other_operating_costs' then -100
                    when 'ebitda' then 250.05 else amount end,
                last_year_amount = case line when 'net_revenue' then 800 when 'cost_of_sales' then -300 when 'gross_margin' then 500
                    when 'other_income' then 0 when 'personnel' then -250 when 'other_operating_costs' then -50
                    when 'ebitda' then 200 else last_year_amount end
            where grain = 'month';
            update reporting.rpt_metric_values set value = case metric when 'new_mrr' then 300 when 'expansion_mrr' then 40.5
                when 'reactivated_mrr' then 0 when 'contraction_mrr' then 20 else 120.25 end
            where grain = 'ttm' and metric in ('new_mrr', 'expansion_mrr', 'reactivated_mrr', 'contraction_mrr', 'churned_mrr');
            update reporting.rpt_metric_values set value = 1200.25, last_year_value = 1000
            where grain = 'month' and metric = 'mrr';
            insert into reporting.rpt_metric_values
            select * replace ('months:' || age as scope, value / age as value) from reporting.rpt_metric_values
            cross join (values (3), (6)) t(age) where metric = 'cohort_retention' and grain = 'month' and scope = 'total';
            """.replace("select * replace", "select * exclude (age) replace")
        )
    return folder


def _page(release: Path, tmp_path: Path) -> html.HtmlElement:
    out = render(release, language="en", out=tmp_path / "en.html")
    return cast(html.HtmlElement, html.parse(str(out), html.HTMLParser(encoding="utf-8")).getroot())


def _rows(table: html.HtmlElement) -> list[list[str]]:
    return [[" ".join(cell.text_content().split()) for cell in row] for row in table.xpath(".//tr")]


def test_a_waterfall_hangs_each_bar_on_the_one_before_it() -> None:
    steps = (Step("a", Decimal(100), True), Step("b", Decimal(-150)), Step("c", Decimal(-50), True))
    drawn = [html.fromstring(str(drawing)).find("rect") for drawing in inline.waterfall(steps)]
    places = [(float(bar.get("x")), float(bar.get("x")) + float(bar.get("width"))) for bar in drawn]
    zero = places[0][0]
    assert [bar.get("class") for bar in drawn] == ["total", "down", "total"]
    assert places[1] == pytest.approx((1, 99))
    assert places[0] == pytest.approx((zero, 99))
    assert places[2] == pytest.approx((1, zero))
    assert zero == pytest.approx(1 + 98 / 3, abs=0.01)


def test_a_waterfall_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="b is 99, but the steps before it lead to 100"):
        inline.waterfall((Step("a", Decimal(100), True), Step("b", Decimal(99), True)))


def test_the_result_is_drawn_from_the_lines_of_the_income_statement(release: Path, tmp_path: Path) -> None:
    composition, change, subscriptions = _page(release, tmp_path).find_class("falls")
    assert [[row[0], row[2]] for row in _rows(composition)] == [
        ["Net revenue", "1,000"],
        ["Cost of sales", "−400"],
        ["Gross margin", "600"],
        ["Personnel", "−250"],
        ["Other operating costs", "−100"],
        ["EBITDA", "250"],
    ]
    assert [[row[0], row[2]] for row in _rows(change)] == [
        ["EBITDA December 2024", "200"],
        ["Net revenue", "+200"],
        ["Cost of sales", "−100"],
        ["Other operating costs", "−50"],
        ["EBITDA December 2025", "250"],
    ]
    assert [[row[0], row[2]] for row in _rows(subscriptions)] == [
        ["MRR December 2024", "1,000"],
        ["New MRR", "+300"],
        ["Expansion MRR", "+40"],
        ["Contraction MRR", "−20"],
        ["Churned MRR", "−120"],
        ["MRR December 2025", "1,200"],
    ]
    said = [
        " ".join(figure.find("figcaption/span").text_content().split())
        for figure in (table.getparent() for table in (composition, change, subscriptions))
    ]
    assert said == [
        "In December 2025 net revenue of €1,000 led to an EBITDA of €250. Cost of sales took most: €400.",
        "EBITDA went from €200 in December 2024 to €250 in December 2025. Net revenue changed it most: +€200.",
        "MRR went from €1,000 in December 2024 to €1,200 in December 2025. New MRR added €300, churned MRR took €120.",
    ]


def test_a_waterfall_with_a_cent_missing_is_left_out(release: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(release, tmp_path / "release"))
    with duckdb.connect(str(folder / "kerncijfers.duckdb")) as connection:
        connection.execute("update reporting.rpt_income_statement set amount = amount + 0.01 where line = 'personnel'")
        connection.execute("update reporting.rpt_metric_values set value = value + 0.01 where metric = 'mrr'")
    shown = exhibits.read(folder, read(folder, find("management"), "en"))
    assert (shown.result, shown.subscriptions) == ((), None)


def test_cohorts_stand_by_the_month_of_the_first_order(release: Path, tmp_path: Path) -> None:
    [table] = _page(release, tmp_path).find_class("heat")
    rows = _rows(table)
    assert rows[0] == ["First order", "Customers", "1 month later", "3 months later", "6 months later"]
    assert len(rows) == 1 + exhibits.COHORTS
    with duckdb.connect(str(release / "kerncijfers.duckdb"), read_only=True) as connection:
        expected = dict(
            connection.execute(
                """
                select scope, value from reporting.rpt_metric_values
                where metric = 'cohort_retention' and grain = 'month' and (scope, period) in
                    (('total', '2025-02'), ('months:3', '2025-04'), ('months:6', '2025-07'))
                """
            ).fetchall()
        )
    [january] = [row for row in rows if row[0] == "Jan 2025"]
    assert january[2:] == [EN.percent(expected[scope]) for scope in ("total", "months:3", "months:6")]
    assert rows[-1][3:] == ["", ""]


def test_channels_stand_beside_each_other_with_the_figures_of_the_release(release: Path, tmp_path: Path) -> None:
    figure = _page(release, tmp_path).find_class("multiples")[1].getparent()
    rows = _rows(figure.find(".//table"))
    with duckdb.connect(str(release / "kerncijfers.duckdb"), read_only=True) as connection:
        expected = connection.execute(
            """
            select value from reporting.rpt_metric_values
            where metric = 'orders' and grain = 'month' and scope = 'channel:email' and period > '2024-11' order by period
            """
        ).fetchall()
    assert [row[rows[0].index("Email")] for row in rows[1:]] == [EN.number(value) for (value,) in expected]


def test_colour_grows_with_the_value() -> None:
    values = [Decimal(10), None, Decimal(20), Decimal(15)]
    assert inline.heat(values) == (1, None, 8, 5)
    assert inline.heat([Decimal(3), Decimal(3)]) == (1, 1)
    assert inline.heat([None]) == (None,)
