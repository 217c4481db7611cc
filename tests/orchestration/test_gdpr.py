"""Checks of the AVG (GDPR) on what is configured and what is in the project; each test names the check it is.

Those that need a release are elsewhere under their own number: G3 and G11 in tests/end_to_end/test_no_secret_is_left.py, who
objects (G14) in test_customer_lifetime.py beside it, G5 in tests/reports/test_shared_parts.py, G6 in test_forgetting.py, G7 in
test_erasure.py, G10 in tests/reports/test_page.py, G11's files and log in
test_g11_who_can_read.py, and G15 is a unit test of rpt_notices.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion import privacy
from ingestion.errors import SourceError
from ingestion.sources import registry
from ingestion.sources.files import entities
from ingestion.sources.registry import connectors
from ingestion.sources.xaf.settings import RAW_TABLES
from orchestration import company, dbt, doctor, processing, release, sources
from orchestration.errors import KerncijfersError
from orchestration.paths import Paths
from reports.words import LANGUAGES

COMPANY = """
[company]
name = "De Linde"

[privacy]
contact = "privacy@delinde.example"
basis = "contract"

[retention]
warehouses = 2
warehouse_days = 31

[retention.people]
survey_responses = 25
shopify = 36

[sources.shopify]
shop = "linde"
since = 2026-01-01

[[files]]
name = "survey"
entity = "survey_responses"
pattern = "survey.csv"
columns = {response_id = "id", survey = "s", score = "n", responded_at = "t", customer_id = "k"}

[privacy.processors.shopify]
agreed_on = 2026-01-31
region = "DPF"
sub_processors = "Google Cloud"

[mail]
host = "localhost"
security = "none"
sender = "reports@delinde.example"

[[recipients]]
name = "Bank"
edition = "management"
language = "nl"
mail = "jansen@bank.example"
"""
# The account in every explanation of an IBAN.
SPECIMEN = "NL91ABNA0417164300"
MANIFEST = {
    "sources": {
        "s1": {"source_name": "raw_files", "name": "survey_responses"},
        "s2": {"source_name": "raw_shopify", "name": "orders"},
    },
    "nodes": {
        "model.k.stg": {"config": {}},
        "model.k.metric_csat.v1": {"config": {"meta": {"label_nl": "Klanttevredenheid", "label_en": "Satisfaction"}}},
        "model.k.metric_nps.v1": {"config": {"meta": {"label_nl": "NPS", "label_en": "NPS"}}},
    },
    "child_map": {
        "s1": ["model.k.stg"],
        "model.k.stg": ["model.k.metric_csat.v1", "model.k.metric_nps.v1"],
        "s2": ["model.k.dim_period"],
        "model.k.dim_period": ["model.k.metric_csat.v1", "model.k.metric_nps.v1"],
    },
}


def every_raw_table() -> dict[str, pa.Schema]:
    """Every raw table Kerncijfers can load: its allow-list of columns."""
    tables = {f"files.{entity}": entities.schema(entity) for entity in entities.ENTITIES}
    tables |= {f"xaf.{table}": schema for table, schema in RAW_TABLES.items()}
    for system in connectors():
        tables |= {f"{system.name}.{table}": rows.schema for table, rows in system.tables.items()}
    return tables


@pytest.fixture
def configured(paths: Paths, tmp_path: Path) -> Paths:
    file = tmp_path / "company.toml"
    file.write_text(COMPANY, encoding="utf-8")
    return Paths(paths.data, paths.inbox, file)


@pytest.mark.parametrize("language", LANGUAGES)
def test_g1_every_source_has_an_entry_with_purpose_ground_people_term_and_recipients(
    configured: Paths, language: company.Language
) -> None:
    told = processing.markdown(configured, language, MANIFEST)
    expected = {
        "nl": ["### survey (survey.csv): survey_responses", "Over wie: klanten", "Als pseudoniem: customer_id",
               "Herleidbaar: tot 25 maanden na", "Herleidbaar: tot hoogstens 36 maanden na de laatste datum waarop iemand erin voorkomt",
               "Waarvoor: Klanttevredenheid; NPS", "de 2 nieuwste interne databases, elk hoogstens 31 dagen",
               "uitvoering van een overeenkomst", "Bank: management, j***@bank.example"],
        "en": ["### survey (survey.csv): survey_responses", "About whom: customers", "As a pseudonym: customer_id",
               "Traceable to a person: until 25 months after", "Traceable to a person: until at most 36 months after the last date on which somebody occurs in it",
               "What for: NPS; Satisfaction", "newest 2 private databases, each at most 31 days",
               "performance of a contract", "Bank: management, j***@bank.example"],
    }  # fmt: skip
    assert not [text for text in expected[language] if text not in told]
    titles = [line for line in told.splitlines() if line.startswith("### ")]
    assert titles == ["### Shopify: " + table for table in ("customers", "orders", "refunds")] + [
        "### survey (survey.csv): survey_responses"
    ]
    assert processing.words(language)["nothing_said"] in told, "whether data leaves the EEA is not known to the program"
    assert "jansen@bank.example" not in told
    [of_orders] = [part for part in told.split("### ") if part.startswith("Shopify: orders")]
    assert "NPS" not in of_orders, "every KPI reads from when to when there are rows; that is no purpose"
    kinds = {
        mark.kind
        for schema in every_raw_table().values()
        for mark in privacy.marks(schema).values()
        if mark.role == "identifier"
    }
    assert not kinds - set(processing.words(language)["kinds"]), "the register names every kind of people"
    assert processing.words("nl").keys() == processing.words("en").keys()


def test_g2_no_allow_list_has_a_column_for_what_may_not_be_loaded() -> None:
    denied = re.compile(
        r"(^|_)(bsn|iban|e?mail|phone|tel|mobile|birth\w*|dob|age|address|street|postcode|zip|ip|ip_address|body|comment|"
        r"first_?name|last_?name|full_?name|surname|gender|nationality|religion|health)($|_)"
    )
    found = [
        f"{table}.{name}" for table, schema in every_raw_table().items() for name in schema.names if denied.search(name)
    ]
    assert not found


def test_g2_the_only_free_texts_are_of_the_bookkeeper_and_of_the_reason_a_message_was_refused() -> None:
    free = re.compile(
        r"description|reason|remark|note|subject|message$|title|content|question|answer|opmerking|omschrijving"
    )
    found = {
        f"{table}.{name}" for table, schema in every_raw_table().items() for name in schema.names if free.search(name)
    }
    assert found == {
        "xaf.ledger_accounts.account_description", "afas.accounts.description", "exact.gl_accounts.description",
        "files.adjustments.reason", "webhooks.refusals.reason",
    }  # fmt: skip


def test_g3_an_unkeyed_hash_of_an_address_is_no_pseudonym_and_is_refused(tmp_path: Path) -> None:
    schema = pa.schema([privacy.identifier("customer_id", "customer")])
    file = tmp_path / "customers.parquet"
    for hashed in (hashlib.sha256(b"anna@example.nl").hexdigest(), hashlib.md5(b"anna@example.nl").hexdigest()):
        pq.write_table(pa.table({"customer_id": [hashed]}, schema), file)
        with pytest.raises(SourceError, match="customer_id that is no pseudonym"):
            privacy.require_pseudonyms(file, privacy.marks(schema), "customers")
    pq.write_table(pa.table({"customer_id": [privacy.key().pseudonym("anna@example.nl", "customer")]}, schema), file)
    privacy.require_pseudonyms(file, privacy.marks(schema), "customers")


def test_g4_a_report_for_others_holds_no_column_that_says_who_somebody_is(project_root: Path) -> None:
    names = {
        name
        for schema in every_raw_table().values()
        for name, mark in privacy.marks(schema).items()
        if mark.role == "identifier"
    }
    released = [
        file
        for folder in ("metrics", "reporting")
        for file in (project_root / "dbt_project" / "models" / folder).rglob("*.yml")
    ]
    assert len(released) > 50
    columns = re.compile(r"-\s*\{?name: (\w+)")
    found = [
        f"{file.name}: {name}"
        for file in released
        for name in columns.findall(file.read_text(encoding="utf-8"))
        if name in names
    ]
    assert not found


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", "- Shopify: verwerkersovereenkomst van 2026-01-31; Verenigde Staten, onder het Data Privacy Framework; "
               "subverwerkers: Google Cloud"),
        ("en", "- Shopify: data processing agreement of 2026-01-31; United States, under the Data Privacy Framework; "
               "sub-processors: Google Cloud"),
    ],
)  # fmt: skip
def test_g8_g9_the_register_has_each_processor_with_its_agreement_its_region_and_its_own_processors(
    configured: Paths, language: company.Language, said: str
) -> None:
    assert said in processing.markdown(configured, language, MANIFEST)


def test_g8_a_system_without_a_processing_agreement_is_not_read_where_the_company_asks_for_one(
    configured: Paths,
) -> None:
    assert configured.company is not None
    text = COMPANY.replace("[privacy.processors.shopify]", "[privacy.processors.sopify]")
    configured.company.write_text(text, encoding="utf-8")
    with pytest.raises(KerncijfersError, match=r"names sopify, but there is no \[sources.sopify\]"):
        company.read(configured)
    begin, end = COMPANY.index("[privacy.processors"), COMPANY.index("[mail]")
    without = COMPANY[:begin] + COMPANY[end:]
    configured.company.write_text(
        without.replace("[privacy]", "[privacy]\nrequire_agreements = true"), encoding="utf-8"
    )
    assert "no data processing agreement stated" in processing.markdown(configured, "en", MANIFEST)
    settings = company.read(configured).sources["shopify"]
    with pytest.raises(KerncijfersError, match="does not say that you have a data processing agreement"):
        sources.fetch(configured, registry.connector("shopify"), settings)
    assert not configured.sources.exists(), "nothing was read"
    [told] = [finding for finding in doctor.examine(configured) if finding.subject == "processors"]
    assert told.blocks and "[privacy.processors.shopify]" in told.advice


@pytest.mark.parametrize("region", ["Mars", "US"])
def test_g9_a_region_is_the_eea_or_what_makes_a_transfer_lawful(configured: Paths, region: str) -> None:
    assert configured.company is not None
    configured.company.write_text(COMPANY.replace('"DPF"', f'"{region}"'), encoding="utf-8")
    with pytest.raises(
        KerncijfersError, match=r"privacy\.processors\.shopify\.region: .*'EEA', 'adequacy', 'DPF' or 'SCC'"
    ):
        company.read(configured)


def test_g12_utilisation_has_a_part_for_each_team_and_none_for_a_person(project_root: Path) -> None:
    hours = (project_root / "dbt_project" / "models" / "marts" / "fct_hours_by_period.sql").read_text(encoding="utf-8")
    assert re.findall(r"'(\w+):?'(?: \|\| (\w+))? as scope", hours) == [("total", ""), ("team", "team")]


def test_g12_hours_and_staff_say_nothing_about_one_person() -> None:
    for entity in ("hours", "staff", "projects"):
        columns = set(entities.ENTITIES[entity])
        assert "team" in columns
        assert not [name for name in columns if re.search(r"employee|person|user|worker|medewerker|staff_id", name)]


def test_g13_gifts_and_people_reached_are_counted_and_nothing_special_is_kept_of_them() -> None:
    assert set(entities.ENTITIES["beneficiaries"]) == {"person_id", "reached_on", "programme", "has_outcome"}
    assert set(entities.ENTITIES["donations"]) == {
        "donation_id", "donated_on", "donor_id", "amount", "currency", "kind"
    }  # fmt: skip


def test_g14_what_is_expected_of_one_customer_is_released_to_nobody_and_decides_nothing(project_root: Path) -> None:
    nodes = dbt.manifest(Paths(project_root / ".data", project_root, None))["nodes"]
    scored = {key: node for key, node in nodes.items() if node["alias"].endswith("_lifetime_values")}
    assert len(scored) == 2
    assert not {node["schema"] for node in scored.values()} & set(release.EXPORTED_SCHEMAS)
    readers = {
        node["alias"]
        for key, node in nodes.items()
        if node["resource_type"] == "model" and set(node["depends_on"]["nodes"]) & set(scored)
    }
    assert readers == {"fct_customer_lifetime_by_period", "fct_customer_lifetime_fits", "fct_subscriber_lifetime_fits"}
    released = [nodes[key]["alias"] for key in nodes if nodes[key].get("schema") in release.EXPORTED_SCHEMAS]
    assert len(released) > 100 and not readers & set(released)


def test_g14_who_objects_is_in_no_fit_and_has_no_expectation(project_root: Path) -> None:
    nodes = dbt.manifest(Paths(project_root / ".data", project_root, None))["nodes"]
    by_customer = [
        node
        for node in nodes.values()
        if node["alias"].endswith("_lifetime_values") and "fct_customer_orders_by_fit" in str(node["depends_on"])
    ]
    assert [node["alias"] for node in by_customer] == ["fct_customer_lifetime_values"]
    # Its one source leaves out who objects, as its unit test shows; the other one knows months, not customers.
    assert by_customer[0]["depends_on"]["nodes"] == [
        *(f"model.kerncijfers.{name}" for name in ("dim_lifetime_fit", "fct_customer_orders_by_fit"))
    ]
    objections = "model.kerncijfers.int_objections_unioned"
    assert objections in nodes["model.kerncijfers.fct_customer_orders_by_fit"]["depends_on"]["nodes"]
    macro = (project_root / "dbt_project" / "macros" / "pseudonym.sql").read_text(encoding="utf-8")
    assert f"right({{{{ column }}}}, {privacy.LENGTH})" in macro


FILE_OF_OBJECTIONS = """
[[files]]
name = "no_profiling"
entity = "objections"
pattern = "objections.csv"
columns = {customer_id = "k"}
"""
SENDERS = """
[sources.webhooks.senders.shop]
entity = "objections"
[sources.webhooks.senders.crm]
entity = "deals"
"""


@pytest.mark.parametrize(
    ("declared", "nl", "en"),
    [
        ("", "waaruit blijkt wie bezwaar maakt: declareer een bestand met `entity = \"objections\"`",
         "Nothing tells who objects: declare a file with `entity = \"objections\"`"),
        (FILE_OF_OBJECTIONS, "Bezwaren komen uit: no_profiling.", "Objections come from: no_profiling."),
        (SENDERS, "Bezwaren komen uit: webhooks.shop.", "Objections come from: webhooks.shop."),
        (FILE_OF_OBJECTIONS + SENDERS, "uit: no_profiling, webhooks.shop.", "from: no_profiling, webhooks.shop."),
    ],
    ids=["nothing", "a file", "a webhook", "both"],
)  # fmt: skip
def test_g14_the_register_says_how_an_objection_is_honoured_and_where_objections_come_from(
    configured: Paths, declared: str, nl: str, en: str
) -> None:
    assert configured.company is not None
    configured.company.write_text(COMPANY + declared, encoding="utf-8")
    honoured = {"nl": (nl, "blijft vanaf de eerstvolgende verversing buiten elke schatting van klantwaarde"),
                "en": (en, "is left out of every fit of customer lifetime value from the next refresh on")}  # fmt: skip
    for language in LANGUAGES:
        said = processing.markdown(configured, language, MANIFEST).split("\n## ")
        [objection] = [part for part in said if "art. 21" in part.splitlines()[0]]
        assert not [text for text in honoured[language] if text not in objection]
        assert declared == "" or "declare" not in objection


def test_g16_no_file_of_the_project_has_an_address_or_an_account_of_a_real_person(project_root: Path) -> None:
    address = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
    iban = re.compile(r"\b[A-Z]{2}\d{2}[A-Z]{4}\d{10}\b")
    ours = re.compile(
        r"(^|\.)((example|voorbeeld|test|invalid|localhost)(\.\w+)?|gserviceaccount\.com)$", re.IGNORECASE
    )
    listed = subprocess.run(
        ["git", "-C", str(project_root), "ls-files", "-z", "tests", "ingestion", "dbt_project", "company.toml"],
        capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    found = []
    for name in filter(None, listed.split("\0")):
        try:
            text = (project_root / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        found += [f"{name}: {match[0]}" for match in address.finditer(text) if not ours.search(match[1])]
        found += [
            f"{name}: {account}" for account in iban.findall(text) if _is_an_account(account) and account != SPECIMEN
        ]
    assert not found


def _is_an_account(iban: str) -> bool:
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1
