"""What a fingerprint sees and what it overlooks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orchestration import fingerprints
from orchestration.errors import KerncijfersError

SQL = """\
-- Grain: one row per period.
with

shop as (

    select * from {{ ref('fct_shop_by_period') }}

)

select
    period,
    'total' as scope,
    cast(gross_amount - discount_amount as decimal(28, 6)) as numerator
from shop
where {{ dbt.date_trunc('month', 'period_start') }} > '2024-01-01'
"""


@pytest.mark.parametrize(
    "written",
    [
        SQL.replace("-- Grain: one row per period.\n", ""),
        SQL.replace("-- Grain", "/* what\n-- it is */ -- Grain"),
        SQL.replace("\n", "  \n\t"),
        SQL.replace("select", "SELECT").replace("shop", "Shop").replace("fct_Shop", "fct_shop"),
        SQL.replace("as numerator", "as NUMERATOR"),
        SQL.replace("{{ ref('fct_shop_by_period') }}", "{{ref('fct_shop_by_period')}}"),
        SQL.replace("from shop\n", "{# the shop #}\nfrom shop -- all of it\n"),
        SQL.rstrip("\n"),
        SQL.replace("(28, 6)", "( 28,6 )"),
    ],
    ids=[
        "no_comment",
        "another_comment",
        "other_white_space",
        "capitals",
        "an_alias_in_capitals",
        "jinja_without_spaces",
        "a_comment_of_jinja",
        "no_last_line_end",
        "spaces_in_brackets",
    ],
)
def test_layout_and_comments_do_not_matter(written: str) -> None:
    assert written != SQL
    assert fingerprints.fingerprint(written) == fingerprints.fingerprint(SQL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gross_amount - discount", "gross_amount + discount"),
        ("(28, 6)", "(28, 2)"),
        ("'total'", "'Total'"),
        ("'2024-01-01'", "'2024-01-02'"),
        ("'2024-01-01'", "' 2024-01-01'"),
        ("> '2024", ">= '2024"),
        ("fct_shop_by_period", "fct_sales_by_period"),
        ("ref('fct_shop_by_period')", "ref('fct_shop_by_period', v=2)"),
        ("'month'", "'quarter'"),
        ("from shop\n", "from shop -- {% if false %}\n"),
        ("from shop\n", "from shop {% if target.name == 'spark' %} limit 1 {% endif %}\n"),
        ("'total'", '"total"'),
        ("-- Grain: one row per period.\n", "-- Grain\nselect 1; -- "),
        ("numerator", "denominator"),
        ("select\n", "select distinct\n"),
    ],
)
def test_what_could_change_a_number_changes_it(old: str, new: str) -> None:
    assert old in SQL
    assert fingerprints.fingerprint(SQL.replace(old, new)) != fingerprints.fingerprint(SQL)


def test_two_numbers_do_not_grow_together() -> None:
    assert fingerprints.fingerprint("select 1 2") != fingerprints.fingerprint("select 12")


@pytest.mark.parametrize(
    ("sql", "said"), [("select '", "no SQL"), ("select {{ 1 ", "not closed"), ("select {{ ' }}", "no Jinja")]
)
def test_what_is_no_sql_is_refused_in_words(sql: str, said: str) -> None:
    with pytest.raises(KerncijfersError, match=said):
        fingerprints.fingerprint(sql)


YAML = """\
models:
  - name: metric_orders
    config: {meta: {label_nl: "Bestellingen"}} # stays
    versions:
      - v: 1
        config:
          meta:
            valid_from: "2023-01-01" # also stays
            version_reason_en: >
              First
              definition.
      - v: 2
        config:
          meta:
            valid_from: "2024-01-01"
            fingerprint: "0000000000000000"
            version_reason_en: "Better."
unit_tests: []
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "metrics" / "webshop" / "orders"
    folder.mkdir(parents=True)
    (folder / "metric_orders.yml").write_text(YAML, encoding="utf-8")
    (folder / "metric_orders_v1.sql").write_text("select 1", encoding="utf-8")
    (folder / "metric_orders_v2.sql").write_text("select 2", encoding="utf-8")
    return tmp_path


def test_signing_writes_every_version_and_touches_no_other_line(project: Path) -> None:
    assert fingerprints.sign(project, "orders") == ["v1", "v2"]
    [file] = project.rglob("*.yml")
    written = file.read_text(encoding="utf-8")
    told = [version["config"]["meta"]["fingerprint"] for version in yaml.safe_load(written)["models"][0]["versions"]]
    assert told == [fingerprints.fingerprint("select 1"), fingerprints.fingerprint("select 2")]
    kept = [line for line in written.splitlines() if "fingerprint" not in line]
    assert kept == [line for line in YAML.splitlines() if "fingerprint" not in line]
    assert fingerprints.sign(project, "metric_orders") == []
    assert file.read_text(encoding="utf-8") == written


def test_only_the_version_that_changed_is_signed_again(project: Path) -> None:
    fingerprints.sign(project, "orders")
    [sql] = project.rglob("*_v2.sql")
    sql.write_text("select 3", encoding="utf-8")
    assert fingerprints.sign(project, "orders") == ["v2"]


def test_signing_says_what_is_missing(project: Path) -> None:
    with pytest.raises(KerncijfersError, match=r"There is no metric order\. There is orders"):
        fingerprints.sign(project, "order")
    [sql] = project.rglob("*_v2.sql")
    sql.unlink()
    with pytest.raises(KerncijfersError, match="Write the SQL of version 2 there"):
        fingerprints.sign(project, "orders")
    [file] = project.rglob("*.yml")
    file.write_text(
        YAML.replace('meta:\n            valid_from: "2023-01-01" # also stays', "meta: {a: b}"), encoding="utf-8"
    )
    with pytest.raises(KerncijfersError):
        fingerprints.sign(project, "orders")
