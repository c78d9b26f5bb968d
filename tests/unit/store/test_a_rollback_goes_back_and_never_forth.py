"""What a pointer's history means: which moves happened, and where a rollback leads."""

from __future__ import annotations

import pytest

from sluice.core.errors import SluiceError
from sluice.store.moves import Move, new, parse, previous, split, stack


def moves(text: str) -> list[Move]:
    """`A B -A` as publish A, publish B, rollback to A."""
    made: list[Move] = []
    for word in text.split():
        action = "rollback" if word.startswith("-") else "publish"
        made.append(new(action, word.lstrip("-"), made[-1].release_id if made else None, "user:x"))
    return made


@pytest.mark.parametrize(
    ("history", "standing", "before"),
    [
        ("", [], None),
        ("A", ["A"], None),
        ("A B C", ["A", "B", "C"], "B"),
        ("A B C -B", ["A", "B"], "A"),
        ("A B C -B -A", ["A"], None),
        ("A B C -A", ["A"], None),
        ("A B C -B -C", ["A", "B", "C"], "B"),
        ("A B -A C", ["A", "C"], "A"),
        ("A B A", ["A", "B", "A"], "B"),
        ("A B A -B", ["A", "B"], "A"),
    ],
)
def test_where_a_rollback_leads(history: str, standing: list[str], before: str | None) -> None:
    made = moves(history)
    assert stack(made) == standing
    assert previous(made, standing[-1] if standing else None) == before


def test_rollbacks_end() -> None:
    """However often: it goes back and comes to an end, and never to and fro."""
    made = moves("A B C D")
    been = []
    while (target := previous(made, made[-1].release_id)) is not None:
        been.append(target)
        made.append(new("rollback", target, made[-1].release_id, "user:x"))
    assert been == ["C", "B", "A"]


def test_a_lost_pointer_goes_back_to_where_it_stood() -> None:
    assert previous(moves("A B -A"), None) == "A"


def test_a_move_that_was_begun_and_did_not_happen_counts_nothing() -> None:
    begun = [
        new("publish", "A", None, "user:x"),
        new("publish", "B", "A", "user:x"),  # killed: the next began from A
        new("publish", "B", "A", "user:x"),
        new("rollback", "A", "B", "user:x"),  # killed: it stays on B
    ]
    happened, void = split(begun, "B")
    assert [move.release_id for move in happened] == ["A", "B"]
    assert list(void) == [begun[1], begun[3]]
    assert split([], "B") == ((), ())


def test_a_line_that_is_no_move_is_named() -> None:
    move = new("publish", "A", None, "user:x", "why")
    assert parse(move.as_line(), "x") == move
    for line in ("{}", "nonsense", '{"a": 1}'):
        with pytest.raises(SluiceError, match="the history of the pointer is damaged"):
            parse(line, "prod.history.jsonl, line 3")
