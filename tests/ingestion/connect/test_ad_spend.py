"""What the cost of advertising from several sources is refused for, by the data tests that say so."""

from __future__ import annotations

import duckdb
import jinja2

from tests.ingestion.connect.staging import PROJECT

SPEND = """(select * from (values
    ('stg_files__ad_spend', 'google_ads', 'USD', date '2026-01-01'),
    ('stg_google_ads__ad_spend', 'google_ads', 'EUR', date '{day}'),
    ('stg_meta_ads__ad_spend', 'meta_ads', '{currency}', date '2026-01-01')
) as spend (origin, channel, currency, spend_date))"""


def broken(test: str, *, day: str = "2026-01-02", currency: str = "EUR") -> list[str]:
    refs = {
        "int_ad_spend_unioned": SPEND.format(day=day, currency=currency),
        "stg_company__settings": "(select 'EUR' as currency)",
    }
    text = (PROJECT / "tests" / f"{test}.sql").read_text(encoding="utf-8")
    query = jinja2.Template(text).render(ref=refs.__getitem__)
    return [message for (message,) in duckdb.sql(f"select message from ({query})").fetchall()]


def test_cost_of_one_channel_and_day_from_two_sources_is_refused() -> None:
    assert broken("advertising_of_a_day_comes_from_one_source") == []
    [said] = broken("advertising_of_a_day_comes_from_one_source", day="2026-01-01")
    assert said.startswith("The cost of google_ads comes from more than one source on 1 day(s), the first 2026-01-01")


def test_a_connected_account_in_another_currency_is_refused() -> None:
    assert broken("advertising_is_in_the_company_currency") == [], "a file says its currency itself"
    [said] = broken("advertising_is_in_the_company_currency", currency="USD")
    assert said.startswith("The account of meta_ads spends in USD, but the company reports in EUR.")
