"""The linter of words finds what it lists, and leaves plain English alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.words import found, main, words


@pytest.mark.parametrize(
    "line",
    [
        "'ann' is no actor", "Mend the file, then run it again.", "the publisher died", "the table is built anew",
        "it is nobody's", "refused at the door", "for those who ask later", "the code is not to be had", "what stands there",
        "an error is told in a sentence", "the environment that shall have it", "It dies by SIGKILL",
    ],
)  # fmt: skip
def test_each_word_is_found(line: str) -> None:
    ((number, said, write),) = found(f"plain\n{line}\n", words())
    assert number == 2
    assert said.lower() in line.lower()
    assert write


@pytest.mark.parametrize(
    "line",
    [
        "There is no file of that name.", "It is no longer there.", "nobody may publish", "dbt told to stop",
        "the next door", "amendment", "it stands out",
    ],
)  # fmt: skip
def test_plain_english_passes(line: str) -> None:
    assert list(found(line, words())) == []


def test_a_file_with_a_word_fails_the_lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("All is well.\n\nMend what dbt names.\n")
    assert main([str(page)]) == 1
    assert capsys.readouterr().out == f"{page}:3: 'Mend'; write: fix\n"
    page.write_text("Fix the errors that dbt reports.\n")
    assert main([str(page)]) == 0
