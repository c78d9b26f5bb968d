"""Tests go to workers in groups (tests/helpers/order.py): what shares a fixture of the session together, the longest first."""

from __future__ import annotations

import pytest
from tests.helpers.order import SECONDS, SHARED, group_of, longest_first
from tests.helpers.project import REPOSITORY

CORPUS = "tests/integration/lab/test_the_corpus_keeps_its_promises.py"


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/integration/candidate/test_a_release_is_verified.py::test_a[x::y]", "story"),
        (
            "tests/integration/candidate/test_one_command_releases.py::test_a",
            "tests/integration/candidate/test_one_command_releases.py",
        ),
        (f"{CORPUS}::test_a", CORPUS),
    ],
)
def test_a_test_belongs_to_the_fixture_that_its_file_shares_or_to_its_file(test: str, group: str) -> None:
    assert group_of(test) == group


def test_the_longest_group_is_the_first_and_a_group_stays_in_order() -> None:
    story = "tests/integration/candidate/test_a_candidate_is_built_aside.py"
    tests = ["tests/unit/other.py::a", f"{story}::a", f"{CORPUS}::a", f"{story}::b", "tests/unit/other.py::b"]
    assert longest_first(tests) == [2, 1, 3, 0, 4]


def test_what_is_named_is_there() -> None:
    named = [*SECONDS, *(f"{place}/{name}" for place, names in SHARED.values() for name in names)]
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []
