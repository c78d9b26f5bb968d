"""Files that belong to one raw table: those of one folder whose names differ in numbers and dates only."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.ingest.readers import READERS
from sluice.source.vocabulary import snake

# The end of a name, without `.gz` -> the format of a feed.
FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".xlsx": "excel",
}

# What is put in place of a number while names are compared, and in the glob: it begins with a digit, whatever follows.
_NUMBER, _DIGITS = "\0", "[0-9]*"


@dataclass(frozen=True)
class Group:
    """Files of one raw table, by name; `pattern` is the glob that finds them and those to come."""

    table: str
    format: str
    paths: tuple[Path, ...]
    pattern: str


def groups(given: Sequence[Path]) -> tuple[list[Group], list[str]]:
    """The raw tables in files and folders, by name, and notes on what is passed over.

    Raises SluiceError for a path that does not exist, and where there is nothing to read.
    """
    missing = [str(path) for path in given if not path.exists()]
    if missing:
        raise SluiceError(
            f"not found: {', '.join(missing)}", hint="name files, a folder, or a connection to PostgreSQL or MongoDB"
        )
    paths = sorted({file for path in given for file in (_below(path) if path.is_dir() else [path])})
    known = [path for path in paths if FORMATS.get(ending(path)) in READERS]
    if not known:
        raise SluiceError("no file of a format that a feed can have", where=", ".join(map(str, given)), hint=_formats())
    passed = [path.name for path in paths if path not in known]
    notes = [f"passed over, as no feed reads them: {', '.join(passed[:5])}{' ...' if passed[5:] else ''}"] if passed else []
    return _named(known), notes


def ending(path: Path) -> str:
    """The end of a file's name that says its format, in lower case, whether compressed or not."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _below(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _formats() -> str:
    known = (end for end, format in FORMATS.items() if format in READERS)
    return f"names may end in {', '.join(known)}, each also with .gz"


def _named(paths: Sequence[Path]) -> list[Group]:
    alike: dict[tuple[Path, str], list[Path]] = {}
    for path in paths:
        alike.setdefault((path.parent, _pattern(path.name)), []).append(path)
    made: list[Group] = []
    for (folder, pattern), members in alike.items():
        table = _free(_table(folder, pattern), {group.table for group in made})
        name = glob.escape(members[0].name if len(members) == 1 else pattern).replace(glob.escape(_NUMBER), _DIGITS)
        made.append(Group(table, FORMATS[ending(members[0])], tuple(members), f"{glob.escape(str(folder))}/{name}"))
    return made


def _pattern(name: str) -> str:
    """The name with a mark for each number that is a word of its own, or has four digits and more."""
    stem, dot, rest = name.partition(".")
    marked = re.sub(r"(?<![A-Za-z0-9])\d+(?![A-Za-z0-9])|\d{4,}(?![A-Za-z0-9])", _NUMBER, stem)
    return re.sub(f"{_NUMBER}([-_ T.]?{_NUMBER})+", _NUMBER, marked) + dot + rest


def _table(folder: Path, pattern: str) -> str:
    """The raw table's name: that of the files, or of their folder where the files have only numbers."""
    stem = pattern.partition(".")[0].replace(_NUMBER, " ")
    return snake(stem if re.search(r"[A-Za-z]", stem) else folder.absolute().name)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken."""
    numbered = (name if number == 1 else f"{name}_{number}" for number in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)
