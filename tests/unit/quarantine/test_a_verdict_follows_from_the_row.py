"""What may be done with a row follows from its place, its rule and the last decision about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.helpers.refused import ROW

from sluice.quarantine import row_result
from sluice.quarantine.row_result import RowOutcome

DAY = datetime(2027, 1, 31)  # noqa: DTZ001  (UTC without a zone, as in the lake)
OTHER_DAY = datetime(2027, 2, 1)  # noqa: DTZ001
AT_INGESTION = {"place": "ingestion", "may_be_waived": False}
SETTLED = {"may_be_waived": None, "reason": None}
WAIVED = {"decision": "waived", "until_at": DAY}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, RowOutcome.waived),
        ({"decision": "expired", "until_at": None}, RowOutcome.waived),
        (WAIVED, RowOutcome.unchanged),
        ({**WAIVED, **SETTLED}, RowOutcome.unchanged),
        ({**WAIVED, "until_at": OTHER_DAY}, RowOutcome.refused),
        ({"may_be_waived": False}, RowOutcome.refused),
        (AT_INGESTION, RowOutcome.refused),
        ({"decision": "dropped"}, RowOutcome.refused),
        ({"decision": "corrected"}, RowOutcome.refused),
        ({"decision": "expired", **SETTLED}, RowOutcome.refused),
    ],
)
def test_a_waiver(changes: dict[str, Any], outcome: RowOutcome) -> None:
    assert row_result.waiver(replace(ROW, **changes), DAY).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, RowOutcome.dropped),
        (AT_INGESTION, RowOutcome.dropped),
        (WAIVED, RowOutcome.dropped),
        ({"decision": "expired"}, RowOutcome.dropped),
        ({"decision": "dropped"}, RowOutcome.unchanged),
        ({"decision": "corrected"}, RowOutcome.refused),
    ],
)
def test_a_drop(changes: dict[str, Any], outcome: RowOutcome) -> None:
    assert row_result.drop(replace(ROW, **changes)).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "landed", "outcome"),
    [
        ({}, None, RowOutcome.corrected),
        (AT_INGESTION, None, RowOutcome.corrected),
        (WAIVED, None, RowOutcome.corrected),
        ({"decision": "dropped"}, None, RowOutcome.corrected),
        ({"decision": "corrected"}, "same", RowOutcome.unchanged),
        ({"decision": "corrected"}, "other", RowOutcome.refused),
        ({"decision": "corrected"}, None, RowOutcome.refused),
    ],
)
def test_a_correction(changes: dict[str, Any], landed: str | None, outcome: RowOutcome) -> None:
    assert row_result.correction(replace(ROW, **changes), "same", landed).outcome is outcome


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [(WAIVED, RowOutcome.expired), ({"decision": "expired"}, RowOutcome.unchanged), ({}, RowOutcome.refused)],
)
def test_the_end_of_a_waiver(changes: dict[str, Any], outcome: RowOutcome) -> None:
    assert row_result.ending(replace(ROW, **changes)).outcome is outcome


def test_only_what_is_new_is_written() -> None:
    assert [outcome.value for outcome in RowOutcome if row_result.RowResult(ROW, outcome).is_new] == [
        "corrected",
        "waived",
        "dropped",
        "expired",
    ]


def test_a_refusal_always_says_why() -> None:
    for changes in ({"may_be_waived": False}, AT_INGESTION, {"decision": "dropped"}, {"decision": "corrected"}):
        assert row_result.waiver(replace(ROW, **changes), DAY).why
