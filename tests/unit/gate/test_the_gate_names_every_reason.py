"""The gate judges what it is given, gives every reason at once, and has no way around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lab.tiny_releases import AUDIT, NODES, results
from sluice.gate.judge import Expected, judge
from sluice.quality.dbt_results import Ended, Run
from sluice.quality.failures import as_text, collect
from sluice.store import digest
from sluice.store.record import Acknowledgement, Code, Dbt, File, Record, Relation
from sluice.store.store import FileSummary

RELATIONS = {"core.orders": Relation(3, (("order_id", "BIGINT"),), "1" * 64)}
WHOLE = digest.combined(RELATIONS)
RECORD = Record(
    release_id="20260101T000000Z-abcdef",
    project="shop",
    code=Code(None, is_dirty=True),
    lake={},
    parent="20251231T000000Z-abcdef",
    environment="prod",
    full_refresh=False,
    built_by="user:x",
    started_at="2026-01-01T00:00:00Z",
    duckdb="1.5.5",
    built_at="2026-01-01T00:01:00Z",
    dbt=Dbt("run", {}),
    relations=RELATIONS,
    digest=WHOLE,
    file=File(100, None),
    audit=replace(AUDIT, digest=WHOLE),
)
SIGHT = FileSummary(100, frozenset(RELATIONS))
EXPECTED = Expected("prod", RECORD.parent)


def test_what_holds_opens_it() -> None:
    assert judge(RECORD, results(), SIGHT, EXPECTED).is_open
    assert judge(RECORD, results([*NODES, {"unique_id": "test.shop.soft", "status": "warn"}]), SIGHT, EXPECTED).is_open


def test_a_promotion_and_a_rollback_ask_for_no_parent() -> None:
    assert not judge(RECORD, results(), SIGHT, Expected("prod", None)).is_open
    assert judge(RECORD, results(), SIGHT).is_open


BREAKS: dict[str, Callable[[], tuple[Record, dict[str, Any] | None, FileSummary]]] = {
    "its build has not finished": lambda: (replace(RECORD, built_at=None), results(), SIGHT),
    "it has no run_results.json": lambda: (RECORD, None, SIGHT),
    "of another run of dbt": lambda: (RECORD, results(invocation="other"), SIGHT),
    "given --select": lambda: (RECORD, results(select=["x"]), SIGHT),
    "given --exclude": lambda: (RECORD, results(exclude=["x"]), SIGHT),
    "dbt built nothing": lambda: (RECORD, results([]), SIGHT),
    "1 error): model.x": lambda: (RECORD, results([{"unique_id": "model.x", "status": "error"}]), SIGHT),
    "1 skipped): model.x": lambda: (RECORD, results([{"unique_id": "model.x", "status": "skipped"}]), SIGHT),
    "1 partial success): model.x": lambda: (RECORD, results([{"unique_id": "model.x", "status": "partial success"}]), SIGHT),
    "it has no digest": lambda: (replace(RECORD, digest=None), results(), SIGHT),
    "the record was changed": lambda: (replace(RECORD, digest="2" * 64), results(), SIGHT),
    "it has not been audited": lambda: (replace(RECORD, audit=None), results(), SIGHT),
    "the audit judged other content": lambda: (replace(RECORD, audit=replace(AUDIT, digest="2" * 64)), results(), SIGHT),
    "1 of 3 checks failed": lambda: (
        replace(RECORD, audit=replace(AUDIT, digest=WHOLE, status="fail", failed=1)),
        results(),
        SIGHT,
    ),
    "cannot be read from the file alone": lambda: (RECORD, results(), replace(SIGHT, unanswered={"core.orders": "no"})),
    "warehouse.duckdb is not what was built": lambda: (RECORD, results(), replace(SIGHT, changed=("warehouse.duckdb",))),
    "there is a write-ahead log beside it": lambda: (RECORD, results(), replace(SIGHT, has_log=True)),
    "the file has 101 bytes": lambda: (RECORD, results(), replace(SIGHT, bytes=101)),
    "the file lacks core.orders": lambda: (RECORD, results(), FileSummary(100, frozenset())),
    "it was not audited": lambda: (RECORD, results(), FileSummary(100, frozenset([*RELATIONS, "core.more"]))),
    "it was built for staging": lambda: (replace(RECORD, environment="staging"), results(), SIGHT),
    "prod points to 20251231T000000Z-abcdef now": lambda: (replace(RECORD, parent=None), results(), SIGHT),
}


ANSWERED = replace(RECORD, acknowledged=(Acknowledgement("a_test", "why", "user:x", "2026-01-01T00:02:00Z"),))
FAILED = [*NODES, {"unique_id": "test.shop.a_test.f00", "status": "fail"}]


def failing(*names: str, failed: int) -> Record:
    """The answered record, whose audit has failed."""
    return replace(ANSWERED, audit=replace(AUDIT, digest=WHOLE, status="fail", failed=failed, failing=names))


def test_a_finding_that_is_acknowledged_closes_nothing() -> None:
    assert not judge(RECORD, results(FAILED), SIGHT, EXPECTED).is_open
    assert judge(failing("a_test", failed=1), results(FAILED), SIGHT, EXPECTED).is_open


@pytest.mark.parametrize(
    ("record", "nodes", "reason"),
    [
        # Another finding; one that could not be judged, which is counted and not named; an audit of an older version.
        (failing("a_test", "orders.there_are_some", failed=2), FAILED, "checks failed: orders.there_are_some\n"),
        (failing("a_test", failed=2), FAILED, "2 of 3 checks failed"),
        (failing(failed=1), FAILED, "1 of 3 checks failed"),
        # A data test that ended with an error, or was skipped, and a unit test.
        (ANSWERED, [{"unique_id": "test.shop.a_test.f00", "status": "error"}], "1 error): test.shop.a_test"),
        (ANSWERED, [{"unique_id": "test.shop.a_test.f00", "status": "skipped"}], "1 skipped): test.shop.a_test"),
        (ANSWERED, [{"unique_id": "unit_test.shop.a_test", "status": "fail"}], "1 fail): unit_test.shop.a_test"),
        (ANSWERED, [*FAILED, {"unique_id": "test.shop.b_test.f00", "status": "fail"}], "1 fail): test.shop.b_test"),
    ],
)
def test_nothing_else_is_answered_with_it(record: Record, nodes: list[dict[str, Any]], reason: str) -> None:
    (told,) = judge(record, results(nodes), SIGHT, EXPECTED).reasons
    assert reason in told


@pytest.mark.parametrize("reason", BREAKS)
def test_one_thing_that_does_not_hold_closes_it_with_its_reason(reason: str) -> None:
    (told,) = judge(*BREAKS[reason](), EXPECTED).reasons
    assert reason in told


def test_every_reason_is_given_at_once() -> None:
    broken = replace(RECORD, audit=None, parent=None)
    found = judge(
        broken, results([{"unique_id": "a", "status": "error"}]), FileSummary(1, None, {"x": "y"}, has_log=True), EXPECTED
    )
    assert len(found.reasons) == 6


def test_many_failures_are_counted_and_the_first_named() -> None:
    nodes = [{"unique_id": f"test.shop.{number}", "status": "fail"} for number in range(5)]
    nodes += [{"unique_id": "model.after", "status": "skipped"}]
    (told,) = judge(RECORD, results(nodes), SIGHT, EXPECTED).reasons
    assert told == "dbt build was not clean (5 fail, 1 skipped): test.shop.0, test.shop.1, test.shop.2 and more"


@pytest.mark.parametrize(
    ("status", "is_stopped", "is_printed"),
    [
        ("success", False, False),
        ("pass", False, False),
        ("no-op", False, False),
        ("reused", False, False),
        ("warn", False, True),
        ("skipped", True, True),
        ("error", True, True),
        ("fail", True, True),
        ("runtime error", True, True),
        ("partial success", True, True),
    ],
)
def test_what_the_gate_stops_is_what_the_build_prints_as_an_error(status: str, is_stopped: bool, is_printed: bool) -> None:
    at = datetime.fromisoformat("2026-01-01")
    node = Ended("model", "x", "core.x", "x.sql", "error", status, None, "", 0.1, at)
    printed = as_text(collect(Run("id", "dev.duckdb", 1.0, (node,)), Path("nowhere")))
    assert bool(printed) == is_printed
    assert judge(RECORD, results([{"unique_id": "model.x", "status": status}]), SIGHT).is_open is not is_stopped
