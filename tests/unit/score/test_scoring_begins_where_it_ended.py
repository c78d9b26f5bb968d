"""From which message on a topic is read and scored, by what the lake and the release have; nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sluice.core.errors import SluiceError
from sluice.score.restore import begin

Offsets = Mapping[int, int]


@pytest.mark.parametrize(
    ("scored", "in_lake", "in_release", "read", "score"),
    [
        ({}, {}, {}, 100, 100),  # the first time: all that the topic has
        ({}, {0: 500}, {0: 300}, 300, 300),  # what came after the release is scored
        ({0: 400}, {0: 500}, {0: 300}, 400, 400),  # what has landed of the scored messages comes from the lake
        ({0: 400}, {0: 250}, {0: 200}, 250, 400),  # what has not landed yet is read again, and not scored again
        ({0: 400}, {}, {}, 100, 400),  # nothing lands: the topic alone has it
        ({0: 600}, {0: 600}, {}, 600, 600),  # nothing new
    ],
)
def test_where_a_partition_begins(scored: Offsets, in_lake: Offsets, in_release: Offsets, read: int, score: int) -> None:
    found = begin({0: (100, 600)}, scored, in_lake, in_release, "payments")
    assert (found.read[0], found.score[0]) == (read, score)


def test_messages_that_are_gone_are_an_error() -> None:
    with pytest.raises(SluiceError, match="60 messages of partition 0 are gone"):
        begin({0: (100, 600)}, {0: 40}, {0: 500}, {}, "payments")
    with pytest.raises(SluiceError, match="20 messages of partition 0 are gone"):
        begin({0: (100, 600)}, {0: 400}, {0: 80}, {}, "payments")


def test_a_topic_that_was_created_again_is_an_error() -> None:
    with pytest.raises(SluiceError, match="ends at offset 50, and 400 was read"):
        begin({0: (0, 50)}, {0: 400}, {0: 400}, {}, "payments")


def test_each_partition_begins_where_it_is() -> None:
    found = begin({0: (0, 10), 1: (0, 20)}, {0: 5}, {0: 9, 1: 9}, {1: 7}, "payments")
    assert found.read == {0: 5, 1: 7}
    assert found.score == {0: 5, 1: 7}
