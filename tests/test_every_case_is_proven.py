"""The last word on the worked cases: each of their figures is proven, or listed with the reason why not."""

from __future__ import annotations

import pytest

from tests import cases


@pytest.mark.case
def test_every_figure_of_every_case_is_proven_or_listed(request: pytest.FixtureRequest) -> None:
    config = request.config
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    if not everything or config.option.markexpr not in {"", "case"}:
        pytest.skip("only `make cases` and `make test` run every proof")
    assert cases.missing() == []


@pytest.mark.case
def test_a_figure_that_is_listed_as_not_ours_is_not_proven_elsewhere() -> None:
    assert {(proof.case, proof.key) for proof in cases.proofs} & set(cases.reasons()) == set()
    assert set(cases.reasons()) <= set(cases.all_keys())
