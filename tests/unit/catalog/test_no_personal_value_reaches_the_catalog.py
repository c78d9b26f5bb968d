"""Values of personal columns are in no file of the catalog: those marked, those made of them, those that look like it."""

from __future__ import annotations

import json

import pytest
from tests.helpers import catalogs
from tests.helpers.catalogs import CUSTOMERS, LINEAGE, NO_LINEAGE, ORDERS, PLANTED, PYTHON, SOURCE

from sluice.catalog.describe import describe
from sluice.catalog.files import data_files
from sluice.catalog.hidden import DERIVED, GUESSED, MARKED
from sluice.core.document import plain
from sluice.lineage.edges import Edge, Lineage


def hidden(manifest: dict[str, object], lineage: Lineage = LINEAGE) -> dict[tuple[str, str], str]:
    """Why columns are hidden."""
    found = describe(manifest, catalogs.evidence(), lineage)
    return {(node.unique_id, one.name): one.hidden for node in found.nodes for one in node.columns if one.hidden}


def texts(manifest: dict[str, object], lineage: Lineage = LINEAGE) -> str:
    """Everything that the files of the catalog hold."""
    found = describe(manifest, catalogs.evidence(), lineage)
    return json.dumps([[name, plain(catalogs.opened(value))] for name, value in data_files(found)])


def test_values_and_figures_of_personal_columns_are_in_no_file() -> None:
    assert PLANTED not in texts(catalogs.manifest())


def test_the_same_values_are_there_where_nothing_is_personal() -> None:
    """Without the mark the planted values do reach the files: the test above can fail."""
    manifest = catalogs.manifest()
    del manifest["sources"][SOURCE]["columns"]["contact"]["config"]["meta"]["pii"]
    assert texts(manifest).count(PLANTED) >= 3


def test_a_mark_is_followed_under_other_names_and_through_what_cannot_be_followed() -> None:
    assert hidden(catalogs.manifest()) == {
        (SOURCE, "contact"): MARKED,
        (CUSTOMERS, "contact"): DERIVED,
        (ORDERS, "reached_at"): DERIVED,
        (PYTHON, "score"): DERIVED,
    }


def test_a_source_that_reads_a_model_hides_what_the_model_hides() -> None:
    manifest = catalogs.manifest()
    again = {"unique_id": "source.shop.again.orders", "resource_type": "source", "source_name": "again", "name": "orders"}
    manifest["sources"][again["unique_id"]] = {**again, "schema": "core", "columns": catalogs.columns("reached_at")}
    assert PLANTED not in texts(manifest)


def test_a_password_in_sql_reaches_no_file() -> None:
    manifest = catalogs.manifest()
    manifest["nodes"][ORDERS]["compiled_code"] = "from postgres_scan('postgres://reader:hunter2@db/shop', 'orders')"
    found = texts(manifest)
    assert "hunter2" not in found
    assert "@db/shop" in found


def test_without_lineage_a_mark_is_followed_by_name() -> None:
    assert (CUSTOMERS, "contact") in hidden(catalogs.manifest(), NO_LINEAGE)


def test_what_only_decides_about_rows_hides_nothing() -> None:
    edge = Edge(CUSTOMERS, "contact", ORDERS, "currency_code", "indirect", "filter")
    assert (ORDERS, "currency_code") not in hidden(catalogs.manifest(), Lineage((edge,), {}, {}))


def test_a_column_that_is_said_not_to_be_personal_is_shown_and_so_is_what_is_made_of_it() -> None:
    manifest = catalogs.manifest()
    manifest["nodes"][ORDERS]["columns"]["reached_at"]["config"]["meta"] = {"pii": False}
    edge = Edge(ORDERS, "reached_at", "model.shop.report", "currency", "direct", "identity")
    found = hidden(manifest, Lineage((*LINEAGE.edges, edge), {}, {}))
    assert (ORDERS, "reached_at") not in found
    assert ("model.shop.report", "currency") not in found


@pytest.mark.parametrize(
    "name", ["email", "customer_email", "Phone_Number", "last_name", "street_2", "ip_address", "date_of_birth"]
)
def test_a_name_that_looks_personal_is_hidden(name: str) -> None:
    manifest = catalogs.manifest()
    manifest["nodes"][ORDERS]["columns"][name] = catalogs.column(name)
    assert hidden(manifest)[(ORDERS, name)] == GUESSED


@pytest.mark.parametrize("name", ["product_name", "ip_country_code", "email_count", "is_email_valid", "address_id", "zipped_at"])
def test_other_names_are_shown(name: str) -> None:
    manifest = catalogs.manifest()
    manifest["nodes"][ORDERS]["columns"][name] = catalogs.column(name)
    assert (ORDERS, name) not in hidden(manifest)
