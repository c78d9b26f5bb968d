"""CONTRIBUTING.md says where to change what: each path exists, and the rooms import each other as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY

from lab.house.rooms import against, floors

PAGE = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its first two lines."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


CHANGES = [cells for cells in rows("Where to change what") if cells[1]]


def paths(text: str) -> Iterator[str]:
    """What is in backticks and is a path of the repository: one word with a slash or a suffix."""
    for word in re.findall(r"`([^`\s]+)`", text):
        if re.fullmatch(r"[\w<>./-]*/[\w<>./-]*|[\w<>-]*\.\w+", word):
            yield word


def exists(path: str, *folders: Path) -> bool:
    """Whether a file or folder has this path below one of the folders; a placeholder such as <format> is any name."""
    pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
    return any(next(folder.glob(pattern), None) for folder in (REPOSITORY, *folders))


@pytest.mark.parametrize("cells", CHANGES, ids=lambda cells: cells[0])
def test_each_place_exists(cells: list[str]) -> None:
    named = list(paths(cells[1]))
    assert named, "the row names no path"
    assert [path for path in named if not exists(path)] == []
    beside = [(REPOSITORY / path).parent for path in named if "<" not in path]
    assert [path for path in paths(cells[2]) if not exists(path, *beside)] == []


def test_there_are_enough_of_them_and_each_says_how() -> None:
    assert len(CHANGES) >= 30
    assert all(cells[2] for cells in CHANGES)


def test_a_path_that_is_gone_is_noticed() -> None:
    assert list(paths("see `vars.yml`, `make lock`, `doc()`, `s3://bucket` and `.ci/run`")) == ["vars.yml", ".ci/run"]
    assert exists("scripts/lab/faults/corpus/<kind>.py")
    assert not exists("scripts/lab/faults/corpus/<kind>.txt")
    assert not exists("scripts/sluice/release/part.py")
    assert exists("html.py", REPOSITORY / "scripts/sluice/diff")
    assert not exists("html.py")


def test_the_rooms_are_those_on_disk_and_import_only_what_stands_below_them() -> None:
    listed = [cells[0].strip("`") for cells in rows("The rooms of the package")]
    found = floors(REPOSITORY / "scripts" / "sluice")
    assert sorted(listed) == sorted(found.rooms)
    assert against(listed[::-1], found) == []
    assert against(listed, found) != []
    assert found.circles() == []
