"""The index of the search has every word of names, labels, descriptions and checks; files of a large project stay small."""

from __future__ import annotations

import json
import os
from unittest.mock import patch

import pytest
from tests.helpers import catalogs

from lab.catalog.synthetic import Size, manifest_of
from sluice.catalog.describe import describe
from sluice.catalog.evidence import Evidence
from sluice.catalog.facts import Catalog
from sluice.catalog.files import data_files, weight
from sluice.catalog.search import FIELDS, TEXT, Index, index_of, packed, words

SIZE = Size(models=300, columns=20)


@pytest.fixture(scope="module")
def large() -> Catalog:
    manifest, lineage = manifest_of(SIZE)
    return describe(manifest, Evidence(), lineage)


@pytest.fixture(scope="module")
def files(large: Catalog) -> dict[str, object]:
    with patch.dict(os.environ, clear=True):  # a secret of another test's environment is hidden in SQL, too
        return dict(data_files(large))


def found(index: Index, catalog: Catalog, word: str) -> set[str]:
    """The nodes and columns that a word leads to."""
    at = index.terms.index(word)
    places = {posting // FIELDS for posting in index.postings[at]}
    return {
        catalog.nodes[one].name if one < len(catalog.nodes) else index.columns[one - len(catalog.nodes)].name for one in places
    }


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("orders", {"orders", "orders.v2", "report"}),  # a check of report is called so
        ("currency", {"orders", "currency_code", "currency"}),
        ("sales", {"orders"}),
        ("daily", {"orders"}),
        ("late", {"orders"}),
        ("dashboard", {"board"}),
        ("contact", {"orders", "contact"}),
    ],
)
def test_a_word_leads_to_what_has_it(word: str, expected: set[str]) -> None:
    catalog = catalogs.small()
    assert found(index_of(catalog), catalog, word) == expected


def test_the_index_agrees_with_reading_everything(large: Catalog) -> None:
    index = index_of(large)
    for word in ("refunds", "launch", "logistics", "handbook"):
        read = {node.name for node in large.nodes if word in _words_of(large, node.name)}
        read |= {one.name for one in index.columns if word in {*words(one.name), *words(one.description, is_prose=True)}}
        assert found(index, large, word) == read


def _words_of(catalog: Catalog, name: str) -> set[str]:
    node = next(node for node in catalog.nodes if node.name == name)
    labels = (node.name, node.kind, node.layer, node.schema, node.owner, node.materialized, node.use, *node.tags)
    texts = (node.description, *(check.name for check in node.checks))
    return {*(word for text in labels for word in words(text)), *(word for text in texts for word in words(text, is_prose=True))}


def test_names_are_split_at_underscores_and_humps_and_prose_loses_common_words() -> None:
    assert list(words("fct_orderItems")) == ["fct", "order", "items"]
    assert list(words("One row per order of the shop", is_prose=True)) == ["row", "order", "shop"]


def test_a_packed_index_is_the_index() -> None:
    index = index_of(catalogs.small())
    value = packed(index)
    assert value["terms"].split(" ") == list(index.terms) == sorted(index.terms)
    for steps, postings in zip(value["postings"], index.postings, strict=True):
        assert [sum(steps[: at + 1]) for at in range(len(steps))] == list(postings)
    assert any(posting % FIELDS == TEXT for postings in index.postings for posting in postings)


def test_a_file_of_details_has_what_a_node_has(large: Catalog, files: dict[str, object]) -> None:
    chunk = files["nodes"]["chunk"]  # type: ignore[index]
    at = 123
    details, sql = (catalogs.opened(files[f"{name}-{at // chunk}"])[at % chunk] for name in ("details", "sql"))
    assert [one["n"] for one in details["columns"]] == [column.name for column in large.nodes[at].columns]
    assert details["description"] == large.nodes[at].description
    assert sql == [large.nodes[at].raw_sql, large.nodes[at].compiled_sql]


def test_edges_are_those_of_the_lineage(large: Catalog, files: dict[str, object]) -> None:
    value = catalogs.opened(files["columns"])
    at = next(at for at, node in enumerate(large.nodes) if node.parents)
    names = {-1: "(rows)", -2: "*"}
    flat = value["edges"][at]
    read = {
        (
            large.nodes[flat[step + 1]].unique_id,
            value["names"][flat[step + 1]][flat[step + 2]],
            names.get(flat[step]) or value["names"][at][flat[step]],
        )
        for step in range(0, len(flat), 4)
    }
    child = large.nodes[at].unique_id
    assert read == {(edge.parent, edge.parent_column, edge.child_column) for edge in large.edges if edge.child == child}


def test_zero_is_a_figure() -> None:
    manifest, seen = catalogs.manifest(), catalogs.evidence()
    seen.profiles[("core.orders", "")]["row_count"] = 0  # type: ignore[index]
    catalog = describe(manifest, seen, catalogs.LINEAGE)
    details = catalogs.opened(dict(data_files(catalog))["details-0"])
    at = next(at for at, node in enumerate(catalog.nodes) if node.name == "orders")
    assert details[at]["rows"] == 0


def test_three_hundred_models_with_their_sql_stay_below_a_tenth_of_the_limit(files: dict[str, object]) -> None:
    """3,000 models and 60,000 columns have 15 MB; `python -m lab.catalog` measures them."""
    sizes = weight(files.items())
    assert sum(sizes.values()) < 1_500_000
    assert sizes["nodes"] < 100_000
    assert json.dumps(files["search"]).startswith('{"z"')
