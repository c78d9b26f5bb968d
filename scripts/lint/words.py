"""Keeps the English plain: names each line that has a word of words.yml, with what to write instead.

    .venv/bin/python scripts/lint/words.py [file ...]

Without files, all that git tracks are read: Python, SQL, YAML and Markdown. Exit code 1 where a word was found.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

LIST = Path(__file__).with_name("words.yml")
SUFFIXES = {".py", ".sql", ".yml", ".md"}
# The list itself, its test, and what a tool writes.
LEFT_OUT = ("scripts/lint/words.yml", "tests/unit/lint/test_plain_words.py", "requirements/")


@dataclass(frozen=True)
class Word:
    """A pattern, and what to write instead."""

    find: re.Pattern[str]
    write: str


def words(path: Path = LIST) -> list[Word]:
    """The vocabulary."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["words"]
    return [Word(re.compile(entry["find"], re.IGNORECASE), entry["write"]) for entry in entries]


def found(text: str, vocabulary: Sequence[Word]) -> Iterator[tuple[int, str, str]]:
    """Line number, what was found, what to write; of each line every word once."""
    for number, line in enumerate(text.splitlines(), 1):
        for word in vocabulary:
            if match := word.find.search(line):
                yield number, match[0], word.write


def tracked() -> list[str]:
    """The files of the project that are read."""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S607  # git is where PATH says
    return [name for name in listed if Path(name).suffix in SUFFIXES and Path(name).is_file()]


def main(names: Sequence[str]) -> int:
    """Print what was found."""
    vocabulary, count = words(), 0
    for name in names or tracked():
        if Path(name).suffix in SUFFIXES and not name.startswith(LEFT_OUT):
            for number, said, write in found(Path(name).read_text(encoding="utf-8"), vocabulary):
                print(f"{name}:{number}: {said!r}; write: {write}")
                count += 1
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
