"""The vocabulary's words are found, with what to write instead; ordinary English is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint import words

VOCABULARY = words.load()


@pytest.mark.parametrize(
    "line",
    [
        "'x' is no actor", "-1 is no whole number", "these are no rows", "mend what dbt names", "it was mended",
        "the publisher died", "Before its death it wrote", "what dead commands left", "digests are taken anew",
        "nobody's file", "the rule stands in vars.yml", "what stands for the rest", "refused at the door",
        "for those who ask later", "the code is not to be had", "which is told on stderr", "it stays for a look",
        "children that shall hold it", "all is as wished", "the gravest first", "kept for ever",
    ],
)  # fmt: skip
def test_a_word_is_found_with_what_to_write_instead(line: str) -> None:
    (found,) = words.findings("a.py", f"fine\n{line}\n", VOCABULARY)
    assert (found.line, bool(found.instead)) == (2, True)
    assert str(found).startswith("a.py:2: ")


@pytest.mark.parametrize(
    "line",
    [
        "there is no candidate for prod", "it is no longer held", "this is not a valid actor", "it was interrupted",
        "use the standby", "stand-alone", "the code is no more", "a recommended value", "amended", "rows are told apart by key",
        "mend it  # words: the song's title",
    ],
)  # fmt: skip
def test_ordinary_english_and_a_line_with_its_reason_are_left_alone(line: str) -> None:
    assert list(words.findings("a.py", line, VOCABULARY)) == []


def test_a_path_with_a_reason_is_left_out() -> None:
    assert list(words.findings("LICENSE", "anew", VOCABULARY)) == []


def test_the_program_ends_with_1_where_it_finds_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.md").write_text("Mend it.\n")
    (tmp_path / "good.sql").write_text("-- Fix it.\n")
    assert words.main([str(tmp_path / "bad.md"), str(tmp_path / "good.sql")]) == 1
    assert capsys.readouterr().out == f"{tmp_path}/bad.md:1: 'Mend'; write: fix\n"
    assert words.main([str(tmp_path / "good.sql")]) == 0


def test_every_word_has_a_replacement_and_every_exception_a_reason(tmp_path: Path) -> None:
    for text in ("words: [{find: x}]\nskip: []\n", "words: []\nskip: [{path: x}]\n"):
        (tmp_path / "words.yml").write_text(text)
        with pytest.raises(KeyError):
            words.load(tmp_path / "words.yml")
