"""Sizes of Python: files, lines, functions; read from the source with `ast`."""

from __future__ import annotations

import ast
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Measuring programs and their corpora: where they are now, and where they were at 12cfc80.
INSTRUMENTS = (
    "scripts/lab", "scripts/bench", "scripts/mutants", "scripts/sluice/faults", "scripts/sluice/commands/faults.py",
    "tests/campaign/__main__.py", "tests/campaign/page.py", "tests/campaign/reader.py", "tests/campaign/readers.py",
    "tests/campaign/story.py", "tests/faults", "tests/published.py", "tests/selection",
)  # fmt: skip


def files(root: Path, folder: str) -> list[Path]:
    """The Python files below a folder of the repository, without the instruments."""
    found = sorted((root / folder).rglob("*.py"))
    return [file for file in found if not _is_below(file.relative_to(root), INSTRUMENTS)]


def instruments(root: Path) -> list[Path]:
    """The Python files of the instruments."""
    return sorted(
        file
        for top in ("scripts", "tests")
        for file in (root / top).rglob("*.py")
        if _is_below(file.relative_to(root), INSTRUMENTS)
    )


def _is_below(file: Path, folders: Iterable[str]) -> bool:
    return any(file.is_relative_to(folder) for folder in folders)


def lines(file: Path) -> int:
    """All lines of a file, blank ones and comments included."""
    return len(file.read_text(encoding="utf-8").splitlines())


def functions(paths: Iterable[Path]) -> Iterator[Function]:
    """Every function, method and nested function."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield node


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last line."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return 0 if not body else (body[-1].end_lineno or 0) - body[0].lineno + 1


def public(paths: Iterable[Path]) -> Iterator[Function]:
    """Functions of a module and methods of its public classes whose names do not begin with an underscore."""
    for path in paths:
        yield from _public_in(ast.parse(path.read_text(encoding="utf-8")))


def _public_in(parent: ast.Module | ast.ClassDef) -> Iterator[Function]:
    for node in parent.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from _public_in(node)
            else:
                yield node


def spread(values: Sequence[int]) -> str:
    """Median, 90th percentile (nearest rank) and maximum."""
    if not values:
        return "-"
    ranked = sorted(values)
    return f"{statistics.median(ranked):g} / {ranked[math.ceil(0.9 * len(ranked)) - 1]} / {ranked[-1]}"
