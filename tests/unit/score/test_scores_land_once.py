"""A commit of scores holds the scores, what has none, and how far the topic was scored: all of it once, or nothing."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from tests.helpers.scoring import said

from sluice.core.errors import SluiceError
from sluice.history import ledger
from sluice.history.kinds import BatchEntry, ScoringEntry
from sluice.ingest.readers.kafka.topic import TopicSettings
from sluice.lake.contracts import Column, Contract
from sluice.lake.lock import writing
from sluice.lake.raw import OutrunError
from sluice.model.artifact import Reason
from sluice.score.lake import Pending, ScoreTable
from sluice.score.messages import Message, Refused
from sluice.score.serving import CHAMPION, Score

TOPIC = TopicSettings("shop.payments", "nowhere", "payments", "group")
TYPES = {
    "payment_id": "varchar", "paid_at": "timestamp", "scored_at": "timestamp", "model": "varchar", "score": "double",
    "is_alert": "boolean", "reasons": "struct(words varchar, contribution double)[]", "topic_offset": "bigint",
}  # fmt: skip


def _contract(**types: str) -> Contract:
    columns = tuple(Column(name, kind, name == "payment_id") for name, kind in {**TYPES, **types}.items())
    return Contract("risk", "scores", columns, ("payment_id",))


def _table(lake: Path, contract: Contract | None = None) -> ScoreTable:
    table = ScoreTable(contract or _contract(), lake, TOPIC, "payment_id", "paid_at", "run")
    table.read_marks([0, 1])
    return table


def _score(offset: int, partition: int = 0) -> Score:
    reasons = (Reason("n", "Payments of the card", 3.0, 0.5),)
    return Score(f"p{offset}", 1_000_000, "risk", "v1", "r1", CHAMPION, 0.75, 0.5, reasons, (1, 2), partition, offset, 900_000)


def _pending(*offsets: int, partition: int = 0, refused: int | None = None) -> Pending:
    bad = [Refused(Message("{", None, partition, refused, 0), "malformed", None, "no object")] if refused is not None else []
    last = max([*offsets, refused or 0])
    return Pending([(2_000_000, _score(offset, partition)) for offset in offsets], bad, {partition: last + 1})


def _rows(lake: Path, kind: str = "raw") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = DeltaTable(str(lake / kind / "risk" / "scores")).to_pyarrow_table().to_pylist()
    return sorted(rows, key=lambda row: (row["_file"], row["_position"]))


def test_scores_and_marks_land_together(tmp_path: Path) -> None:
    table = _table(tmp_path)
    assert table.commit(_pending(0, 2, refused=1))
    assert table.commit(_pending(0, partition=1))
    rows = _rows(tmp_path)
    assert [(row["_file"], row["_position"], row["payment_id"], row["score"]) for row in rows] == [
        ("payments/0", 0, "p0", 0.75), ("payments/0", 2, "p2", 0.75), ("payments/1", 0, "p0", 0.75),
    ]  # fmt: skip
    assert rows[0]["reasons"] == [{"words": "Payments of the card", "contribution": 0.5}]
    assert [(row["reason"], row["original_text"]) for row in _rows(tmp_path, "quarantine")] == [("malformed", "{")]
    assert _table(tmp_path).reached == {0: 3, 1: 1}
    assert _table(tmp_path).scored_since("risk", 0) == {"p0": 1_000_000, "p2": 1_000_000}
    assert _table(tmp_path).scored_since("another", 0) == {}


def test_a_second_process_lands_nothing(tmp_path: Path) -> None:
    one, other = _table(tmp_path), _table(tmp_path)
    assert one.commit(_pending(0, 1))
    with pytest.raises(OutrunError):
        other.commit(_pending(0, 1, 2))
    assert len(_rows(tmp_path)) == 2
    assert one.commit(_pending(2))


def test_while_another_command_writes_nothing_is_lost(tmp_path: Path) -> None:
    table, held, done = _table(tmp_path), threading.Event(), threading.Event()

    def hold() -> None:
        with writing(tmp_path):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    assert not table.commit(_pending(0), patience=0.05)
    done.set()
    thread.join()
    assert table.commit(_pending(0))
    assert len(_rows(tmp_path)) == 1


def test_reasons_may_be_text(tmp_path: Path) -> None:
    _table(tmp_path, _contract(reasons="varchar")).commit(_pending(0))
    (reason,) = json.loads(_rows(tmp_path)[0]["reasons"])
    assert reason == {"feature": "n", "words": "Payments of the card", "value": 3.0, "contribution": 0.5}


def test_a_column_that_a_score_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="a score has no colour") as found:
        _table(tmp_path, _contract(colour="varchar"))
    assert "payment_id" in found.value.hint


def test_the_record_of_a_minute_names_every_batch_once(tmp_path: Path) -> None:
    table = _table(tmp_path)
    table.commit(_pending(0))
    table.commit(_pending(1))
    table.record(said(0))
    table.commit(_pending(2))
    table.record(said(1 / 60))
    batches = DeltaTable(str(tmp_path / "ops" / BatchEntry.TABLE)).to_pyarrow_table().to_pylist()
    assert sorted(batch["rows_landed"] for batch in batches) == [1, 1, 1]
    assert len({batch["batch_id"] for batch in batches}) == 3
    assert "scoring" in ledger.query(tmp_path, ScoringEntry)
