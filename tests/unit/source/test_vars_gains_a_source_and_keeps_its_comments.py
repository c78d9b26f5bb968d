"""vars.yml is edited as text: one entry more, and everything else, comments too, as it was."""

from __future__ import annotations

import difflib

import pytest
import yaml
from tests.helpers.project import REPOSITORY

from sluice.source.variables import with_source

ENTRY = {"acme": {"entities": ["customers", "orders"], "lookup": ["city"], "extra": ["log"]}}


def added(before: str, after: str) -> list[str]:
    """The lines that are new. Fails where one is gone."""
    changes = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert not [line for line in changes if line[0] == "-"]
    return [line[2:] for line in changes]


def test_the_project_s_own() -> None:
    before = (REPOSITORY / "vars.yml").read_text()
    after = with_source(before, ENTRY, ["customers"])
    assert after
    assert added(before, after) == [
        "    - acme: {entities: [customers, orders], lookup: [city], extra: [log]}",
        "    acme: [customers]",
    ]
    assert yaml.safe_load(after)["vars"]["sources"][-1] == ENTRY


@pytest.mark.parametrize(
    "before",
    [
        "vars:\n  sources:\n  - shop  # the first\n  # a comment about what follows\n  other: 1\n",
        "vars:\n  other: 1\n  sources:\n    - shop: [orders]\n",
        "vars:\n  sources:\n    - shop:\n        entities: [orders]\n        extra:\n          - log\n\n  other: 1\n",
        "vars:\n  sources:\n    - shop",
    ],
)
def test_other_ways_of_writing_it(before: str) -> None:
    after = with_source(before, ENTRY, [])
    assert after
    (line,) = added(before, after)
    assert line.strip() == "- acme: {entities: [customers, orders], lookup: [city], extra: [log]}"


@pytest.mark.parametrize(
    ("before", "derived"),
    [
        ("vars:\n  sources: [shop]\n", []),
        ("vars:\n  other: 1\n", []),
        ("vars:\n  sources:\n    - >-\n      shop\n  other: 1\n", []),
        ("vars:\n  sources:\n    - shop\n", ["customers"]),  # there is no list of derived entities to add to
    ],
)
def test_what_cannot_be_edited_is_left_to_a_person(before: str, derived: list[str]) -> None:
    assert with_source(before, ENTRY, derived) is None


def test_a_long_entry_is_on_several_lines() -> None:
    entry = {"acme": {"entities": ["orders"], "lookup": [f"a_table_with_a_long_name_{number}" for number in range(5)]}}
    after = with_source("vars:\n  sources:\n    - shop\n", entry, [])
    assert after
    assert "    - acme:\n        entities: [orders]\n        lookup: [a_table" in after
