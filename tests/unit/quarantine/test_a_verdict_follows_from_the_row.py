"""What may be done with a row follows from its place, its rule and the last decision about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.helpers.refused import ROW

from sluice.quarantine import judge
from sluice.quarantine.judge import Outcome

DAY = datetime(2027, 1, 31)  # noqa: DTZ001  (UTC without a zone, as in the lake)
OTHER_DAY = datetime(2027, 2, 1)  # noqa: DTZ001
DOOR = {"place": "door", "may_be_waived": False}
SETTLED = {"may_be_waived": None, "reason": None}
WAIVED = {"decision": "waived", "until_at": DAY}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.waived),
        ({"decision": "expired", "until_at": None}, Outcome.waived),
        (WAIVED, Outcome.unchanged),
        ({**WAIVED, **SETTLED}, Outcome.unchanged),
        ({**WAIVED, "until_at": OTHER_DAY}, Outcome.refused),
        ({"may_be_waived": False}, Outcome.refused),
        (DOOR, Outcome.refused),
        ({"decision": "dropped"}, Outcome.refused),
        ({"decision": "corrected"}, Outcome.refused),
        ({"decision": "expired", **SETTLED}, Outcome.refused),
    ],
)
def test_a_waiver(changes: dict[str, Any], outcome: Outcome) -> None:
    assert judge.waiver(replace(ROW, **changes), DAY).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.dropped),
        (DOOR, Outcome.dropped),
        (WAIVED, Outcome.dropped),
        ({"decision": "expired"}, Outcome.dropped),
        ({"decision": "dropped"}, Outcome.unchanged),
        ({"decision": "corrected"}, Outcome.refused),
    ],
)
def test_a_drop(changes: dict[str, Any], outcome: Outcome) -> None:
    assert judge.drop(replace(ROW, **changes)).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "landed", "outcome"),
    [
        ({}, None, Outcome.corrected),
        (DOOR, None, Outcome.corrected),
        (WAIVED, None, Outcome.corrected),
        ({"decision": "dropped"}, None, Outcome.corrected),
        ({"decision": "corrected"}, "same", Outcome.unchanged),
        ({"decision": "corrected"}, "other", Outcome.refused),
        ({"decision": "corrected"}, None, Outcome.refused),
    ],
)
def test_a_correction(changes: dict[str, Any], landed: str | None, outcome: Outcome) -> None:
    assert judge.correction(replace(ROW, **changes), "same", landed).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [(WAIVED, Outcome.expired), ({"decision": "expired"}, Outcome.unchanged), ({}, Outcome.refused)],
)
def test_the_end_of_a_waiver(changes: dict[str, Any], outcome: Outcome) -> None:
    assert judge.ending(replace(ROW, **changes)).outcome is outcome


def test_only_what_is_new_is_written() -> None:
    assert [outcome.value for outcome in Outcome if judge.Verdict(ROW, outcome).is_new] == [
        "corrected",
        "waived",
        "dropped",
        "expired",
    ]


def test_a_refusal_always_says_why() -> None:
    for changes in ({"may_be_waived": False}, DOOR, {"decision": "dropped"}, {"decision": "corrected"}):
        assert judge.waiver(replace(ROW, **changes), DAY).why
