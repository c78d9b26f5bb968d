"""A table fits the terminal without a broken word, a bar never goes backwards, and colour is for terminals only."""

from __future__ import annotations

import io

import pytest

from sluice.core import progress, text

NAMES = ["release", "for", ">age", ">size", "audit", "code", "status"]
IDS = ["20251127T015701Z-abcdef", "20251128T015701Z-abcde0"]
WHY = "prod points to it, by user:jane@shop.example: the third delivery-note of the day was missing"
ROWS = [
    (IDS[0], "prod", "3 d", "12.3 MB", "pass", "abcdef1+", WHY),
    (IDS[1], "staging", "7 min", "1.0 GB", "none", "-", "candidate"),
]


@pytest.mark.parametrize("width", [200, 120, 100, 80, 60])
def test_no_line_is_wider_and_no_word_is_broken(width: int) -> None:
    lines = text.table(NAMES, ROWS, width)
    assert max(map(len, lines)) <= width
    assert sorted(" ".join(lines).split()) == sorted(
        " ".join([" ".join(row) for row in [[n.strip(">") for n in NAMES], *ROWS]]).split()
    )


def test_a_table_of_many_numbers_becomes_several_that_begin_with_the_first_column() -> None:
    names = ["feed", *(f">column_{number}" for number in range(9))]
    lines = text.table(names, [("shop.orders", *range(1000, 1009)), ("web.events", *range(9))], 60)
    assert max(map(len, lines)) <= 60
    assert [line.split()[0] for line in lines if line] == ["feed", "shop.orders", "web.events"] * 3
    assert lines[0].split()[1:] == ["column_0", "column_1", "column_2", "column_3"]


def test_ids_begin_a_line_and_wrapped_text_stays_in_its_column() -> None:
    lines = text.table(NAMES, ROWS, 100)
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["release", *IDS]
    column = lines[0].index("status")
    assert all(line[:column].strip() == "" for line in lines if line.startswith(" "))


def test_a_row_is_one_line_in_a_pipe_and_columns_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert len(text.table(NAMES, ROWS)) == 3
    monkeypatch.setenv("COLUMNS", "70")
    assert max(map(len, text.table(NAMES, ROWS))) <= 70


def test_numbers_are_marked_and_aligned_and_nothing_is_empty() -> None:
    assert text.table(["a", ">n"], [("x", 1234567), ("y", None), ("z", 5)]) == [
        "a          n",
        "x  1,234,567",
        "y",
        "z          5",
    ]


def test_a_share_never_falls() -> None:
    seen: list[float] = []
    tell = progress.forward(lambda _, share: seen.append(share))
    for share in (0.1, 0.5, 0.2, 0.0, 0.7, 3.0, 0.9):
        tell("x", share)
    assert seen == [0.1, 0.5, 0.5, 0.5, 0.7, 1.0, 1.0]


def test_a_part_is_a_share_of_the_whole() -> None:
    seen: list[float] = []
    tell = progress.part(lambda _, share: seen.append(share), 0.5, 0.75)
    for share in (0, 0.5, 1):
        tell("x", share)
    assert seen == [0.5, 0.625, 0.75]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert text.coloured("fine\nwarning: x", Terminal()) == "fine\n\x1b[33mwarning\x1b[0m: x"
    assert text.coloured("warning: x", io.StringIO()) == "warning: x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert text.coloured("warning: x", Terminal()) == "warning: x"
