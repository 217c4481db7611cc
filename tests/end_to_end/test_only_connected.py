"""A company that is only connected publishes the same KPIs as the same company whose systems were exported to files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingestion import demo
from tests.end_to_end import connected
from tests.end_to_end.conftest import Company, MakeCompany, Released

pytestmark = pytest.mark.integration

# A CRM forgets when a deal was expected once it is closed. There is no value then, rather than another one.
FORGOTTEN = ("expected_bookings", "pipeline_coverage", "expected_target_share")
# What a system can't say as its export does, and at which grains; every other value, of every KPI, grain, period and scope,
# is equal.
EVERY = ("month", "quarter", "year", "ttm", "all")
KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "ecommerce": {
        # Google Analytics counts visitors of whole months, quarters and years, and visits with any key event.
        "visitor_conversion": ("all", "ttm"),
        "revenue_per_visitor": ("all", "ttm"),
        "key_event_rate": EVERY,
        **dict.fromkeys(FORGOTTEN, EVERY),
    },
    "mkb": dict.fromkeys(FORGOTTEN, EVERY),
    # Stripe does not know when a subscription was signed; Google says what its advertising brought, if only nothing.
    "saas": {"contracted_arr": EVERY, "roas_overlap": EVERY},
    "services": {},
    "nonprofit": {},
}
# The roaster once more, with WooCommerce, Mollie and Moneybird where the first has Shopify and Exact: months of the books are enough
# for every KPI.
SYSTEMS = {"webshop": demo.DEFAULT_PROFILE}
KNOWN["webshop"] = KNOWN[demo.DEFAULT_PROFILE]
# As in test_every_profile: the demo company is read by other modules too, the others are each made by a process of their own.
PROFILES = [
    profile if profile == demo.DEFAULT_PROFILE else pytest.param(profile, marks=pytest.mark.xdist_group(profile))
    for profile in demo.PROFILES
]


@pytest.mark.parametrize("systems", [*PROFILES, *SYSTEMS])
def test_a_company_that_is_only_connected_has_the_kpis_of_its_files(
    released_company: Released, make_company: MakeCompany, systems: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = SYSTEMS.get(systems, systems)
    files, _ = released_company(profile)
    size = 0.3 if profile == demo.DEFAULT_PROFILE else 1.0
    empty = make_company()
    with connected.company(profile, size, files, empty, systems) as secrets:
        for name, value in secrets.items():
            monkeypatch.setenv(name, value)
        done = empty.refresh()
        assert done.returncode == 0, done.stdout + done.stderr
        if systems == "mkb":
            monkeypatch.setenv("HUBSPOT_TOKEN", "pat-revoked")
            _refused_with_the_release_standing(empty, "HubSpot does not accept the credentials")
    if systems == "webshop":
        _what_mollie_kept_is_here(empty)
    # Hours are a file of Toggl or Clockify; nothing else is.
    beside = {"services": ["clockify"]}.get(profile, [])
    assert sorted(file.name for file in empty.inbox.iterdir()) == [*beside, "company.toml"]
    different = _different(files.data / "current", empty.data / "current")
    assert [row for row in different if row[0] in FORGOTTEN and row[6] is not None] == []
    surprising = [row for row in different if row[2] not in KNOWN[systems].get(row[0], ())]
    first = {row[0]: row for row in reversed(surprising)}
    assert not first, "\n".join(
        f"{sum(row[0] == name for row in surprising)} values, such as {first[name]}" for name in first
    )


def _what_mollie_kept_is_here(company: Company) -> None:
    with duckdb.connect(str(company.marts()), read_only=True) as warehouse:
        [(payments, kept)] = warehouse.execute(
            "select (select count(*) from raw_mollie.payments), sum(deducted) from raw_mollie.balance_transactions"
        ).fetchall()
    assert payments > 1_000 and kept == payments * Decimal("-0.29")


def _refused_with_the_release_standing(company: Company, said: str) -> None:
    current = company.data / "current"
    standing, values = current.resolve(), (current / "kerncijfers.duckdb").read_bytes()
    refused = company.refresh()
    assert refused.returncode == 1 and said in refused.stdout + refused.stderr
    assert current.resolve() == standing and (current / "kerncijfers.duckdb").read_bytes() == values


def _different(one: Path, other: Path) -> list[tuple]:
    """(metric, version, grain, period, scope, value and reason of both) of what is not the same in two releases."""
    with duckdb.connect() as connection:
        for name, release in (("files", one), ("systems", other)):
            connection.execute(f"attach '{release / 'kerncijfers.duckdb'}' as {name} (read_only)")
        return connection.execute(
            """
            select metric, version, grain, period, scope, files.value, systems.value, files.reason, systems.reason
            from files.reporting.rpt_metric_values as files
            full join systems.reporting.rpt_metric_values as systems using (metric, version, grain, period, scope)
            where files.value is distinct from systems.value or files.reason is distinct from systems.reason
                or files.metric is null or systems.metric is null
            order by all
            """
        ).fetchall()
