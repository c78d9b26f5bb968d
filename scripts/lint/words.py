"""Find words that this project does not use (scripts/lint/words.yml), in code, SQL, YAML and Markdown.

    .venv/bin/python scripts/lint/words.py [FILE...]

Without files, all that git tracks. A line that ends in `words: <reason>` in a comment is left out. Exit code 1 where
there are findings: file, line, the words, and what to write instead.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

VOCABULARY = Path(__file__).with_name("words.yml")
SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".md"}
EXEMPT = re.compile(r"(#|--|<!--) words: \w+")


@dataclass(frozen=True)
class Vocabulary:
    """The words to find, each with what to write instead, and the paths that are left out."""

    words: tuple[tuple[re.Pattern[str], str], ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """A word in a line."""

    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}; write: {self.instead}"


def load(path: Path = VOCABULARY) -> Vocabulary:
    """The vocabulary. Raises KeyError where an entry lacks its replacement, or an exception its reason."""
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    words = tuple((re.compile(entry["find"], re.IGNORECASE), entry["write"]) for entry in said["words"])
    return Vocabulary(words, tuple(entry["path"] for entry in said["skip"] if entry["why"]))


def findings(path: str, text: str, vocabulary: Vocabulary) -> Iterator[Finding]:
    """The words in a text."""
    if any(fnmatchcase(path, pattern) for pattern in vocabulary.skipped):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not EXEMPT.search(line):
            for pattern, instead in vocabulary.words:
                yield from (Finding(path, number, found[0], instead) for found in pattern.finditer(line))


def tracked() -> list[str]:
    """The files that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def main(arguments: Sequence[str]) -> int:
    """Print the findings."""
    vocabulary = load()
    paths = [Path(name) for name in arguments or tracked() if Path(name).suffix in SUFFIXES and Path(name).is_file()]
    found = [one for path in paths for one in findings(str(path), path.read_text(encoding="utf-8"), vocabulary)]
    print("\n".join(map(str, found)) or f"{len(paths)} files, no finding")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
