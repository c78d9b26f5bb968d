"""The example of docs/risk.md, followed to the letter: payments without an order have labels, features and rules."""

from __future__ import annotations

import re

import duckdb
import pytest
from tests.helpers.project import REAL_DATA, REPOSITORY, Project, copy_project

PAGE = (REPOSITORY / "docs" / "risk.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"`(?P<file>[\w/.]+)`\n\n```\w+\n(?P<text>.*?)```", re.DOTALL)
DATA = REAL_DATA / "aws_fraud_samples"
FILE = DATA / "transaction_data_2K_coldstart.csv.gz"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with the source of the page, ingested and built as it says."""
    if not FILE.exists():
        pytest.skip(f"{FILE} is not there (SLUICE_SHARED_DATA)")
    folder = copy_project(tmp_path_factory.mktemp("bank"))
    (folder / ".duckdb").symlink_to(REPOSITORY / ".duckdb")
    for block in BLOCK.finditer(PAGE):
        (folder / block["file"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / block["file"]).write_text(block["text"])
    settings = (folder / "vars.yml").read_text()
    before, added = re.findall(r"```diff\n (.*)\n\+(.*)\n```", PAGE)[0]
    assert settings.count(f"{before}\n") == 1
    settings = settings.replace(f"{before}\n", f"{before}\n{added}\n").replace(
        "reporting_currency: EUR", "reporting_currency: USD"
    )
    (folder / "vars.yml").write_text(settings)
    project = Project(folder, folder)
    ingest, build = re.findall(r"```sh\n(sluice ingest .*)\n(dbt build .*)\n```", PAGE)[0]
    project.run(*ingest.split(), DATA=str(DATA))
    project.run(*build.split(), "--quiet", "--exclude-resource-type", "unit_test", "test", *project.options())
    return project


def test_a_payment_without_a_label_is_not_legitimate(bank: Project) -> None:
    """The figures are those of the data's README."""
    asked = re.findall(r"and ask\n\n```sql\n(.*?)```", PAGE, re.DOTALL)[0]
    assert bank.query(asked) == [(1611, 95, 715, 801)]
    (known,) = bank.query("select count(*) from risk.fct_risk_events where is_label")
    assert known == (810,)


def test_features_are_those_of_a_self_join_over_the_file(bank: Project) -> None:
    features = bank.query("""
        select payment_id, merchant_payments_7d, merchant_frauds_30d, merchant_labels_30d, round(customer_mean_cents_30d, 6)
        from risk.rpt_payment_features order by payment_id
    """)
    reckoned = duckdb.sql(f"""
        with rows as (
            select
                'aws_fraud:' || event_id as payment_id, merchant, entity_id as customer, event_label as label,
                event_timestamp::timestamp as at, label_timestamp::timestamp as label_at, order_price::decimal(12, 2) as price
            from read_csv('{FILE}', all_varchar = true)
        )
        select
            one.payment_id,
            count(*) filter (other.merchant = one.merchant and other.at >= one.at - interval 7 day),
            (select count(*) from rows as known where known.merchant = one.merchant and known.label = '1'
                and known.label_at < one.at and known.label_at >= one.at - interval 30 day),
            (select count(*) from rows as known where known.merchant = one.merchant and known.label is not null
                and known.label_at < one.at and known.label_at >= one.at - interval 30 day),
            round(avg((100 * other.price)::double)
                filter (other.customer = one.customer and other.at >= one.at - interval 30 day), 6)
        from rows as one left join rows as other on other.at < one.at
        group by one.payment_id, one.merchant, one.at order by one.payment_id
    """).fetchall()
    assert features == reckoned
    assert max(row[2] for row in features) > 0


def test_the_rules_look_at_what_the_data_has(bank: Project) -> None:
    """No device or merchant comes often enough for a risk of nobody: rules say 0 where nothing is known, and never null."""
    (found,) = bank.query("""
        select count(*), count(graded_rule), count(*) filter (where any_rule = 1), count(*) filter (where merchant_rule = 1)
        from risk.rpt_payment_baselines
    """)
    assert found[0] == found[1] == 1611
    assert 0 < found[3] < found[2] < 1611
