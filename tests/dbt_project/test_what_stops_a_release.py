"""Rows that no release may be made of: the data test names each in words, and leaves the others alone."""

from __future__ import annotations

import pytest

from tests.dbt_project.replay import Built

pytestmark = pytest.mark.integration


def test_an_answer_outside_the_scale_of_its_survey_is_refused(built: Built) -> None:
    with built.connect() as connection:
        connection.execute(
            """
            create view intermediate.int_survey_responses_unioned as
            from (values ('a', 'nps', 0), ('b', 'nps', 10), ('c', 'nps', 11), ('d', 'nps', -1), ('e', 'csat', 1), ('f', 'csat', 5),
                ('g', 'csat', 0), ('h', 'csat', 6)) as t(response_id, survey, score)
            """
        )
        found = connection.execute(built.sql("answers_are_within_the_scale_of_their_survey")).fetchall()
    assert sorted(message.partition(", outside")[0] for (message,) in found) == [
        "Answer c to a nps survey is 11",
        "Answer d to a nps survey is -1",
        "Answer g to a csat survey is 0",
        "Answer h to a csat survey is 6",
    ]


def test_a_campaign_that_cost_something_in_another_currency_is_refused(built: Built) -> None:
    with built.connect() as connection:
        connection.execute("create view staging.stg_company__settings as select 'EUR' as currency")
        connection.execute(
            """
            create view intermediate.int_campaigns_unioned as
            from (values ('a', 'EUR', 10), ('b', 'GBP', 50), ('c', 'GBP', 0), ('d', 'GBP', null), ('e', null, 5))
                as t(campaign_id, currency, cost)
            """
        )
        found = connection.execute(built.sql("campaigns_are_in_the_company_currency")).fetchall()
    assert found == [
        ("Campaign b is in GBP, but company.toml says EUR. Let the source give its cost in EUR.",),
    ]
