"""Prints the table of docs/decisions/005-the-house.md: sizes of the code, one column for each checkout.

    python -m lab.house [FOLDER ...] [--names NAME ...] [--manifest target/manifest.json]

Needs a manifest of each checkout (`dbt parse`) for what models reach in macros; without one these cells are empty.
Exit code 2 where a folder is not a checkout of this project.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lab.house import models, python, rooms
from lab.places import REPOSITORY


@dataclass(frozen=True)
class Checkout:
    """One checkout of the project, and where dbt's manifest of it is."""

    root: Path
    manifest: Path

    @cached_property
    def product(self) -> list[Path]:
        """The package without the instruments that were in it."""
        return python.files(self.root, "scripts/sluice")

    @cached_property
    def scripts(self) -> list[Path]:
        """All Python outside tests/."""
        return sorted((self.root / "scripts").rglob("*.py"))

    @cached_property
    def floors(self) -> rooms.Floors:
        """The rooms of the package."""
        return rooms.floors(self.root / "scripts" / "sluice", leave_out=("faults",))

    @cached_property
    def every_model(self) -> list[models.Model]:
        """Every model."""
        return models.models(self.root)

    @cached_property
    def reach(self) -> models.MacroReach | None:
        """What models reach in macros, if there is a manifest."""
        return models.MacroReach(self.manifest) if self.manifest.is_file() else None


def _size(files: Sequence[Path]) -> str:
    sizes = [python.lines(file) for file in files]
    return f"{len(sizes)} / {sum(sizes):,} / {python.spread(sizes)}"


def _functions(checkout: Checkout) -> str:
    bodies = [python.body_lines(function) for function in python.functions(checkout.product)]
    return f"{python.spread(bodies)}; {sum(body > 20 for body in bodies)}"


def _typed(checkout: Checkout) -> str:
    found = [function.returns is not None for function in python.functions(checkout.product)]
    return _share(found)


def _documented(checkout: Checkout) -> str:
    return _share([ast.get_docstring(function) is not None for function in python.public(checkout.product)])


def _share(found: Sequence[bool]) -> str:
    return f"{sum(found)} of {len(found)} ({100 * sum(found) / max(len(found), 1):.0f} %)"


def _tests(checkout: Checkout) -> str:
    files = python.files(checkout.root, "tests")
    claims = [function for function in python.functions(files) if function.name.startswith("test_")]
    return f"{len(files)} / {sum(map(python.lines, files)):,} / {len(claims)}"


def _reached(checkout: Checkout) -> str:
    found = checkout.reach.reached() if checkout.reach else []
    return f"{python.spread(found)}; none: {found.count(0)}" if found else ""


def _yaml_to_sql(checkout: Checkout) -> str:
    return f"{models.lines_of(checkout.root, '.yml'):,} : {models.lines_of(checkout.root, '.sql'):,}"


def _arrows(checkout: Checkout) -> str:
    upward = ", ".join(f"{importer} -> {imported}" for importer, imported in checkout.floors.upward())
    return f"{len(checkout.floors.upward())}{f' ({upward})' if upward else ''}; {len(checkout.floors.circles())}"


ROWS: Sequence[tuple[str, Callable[[Checkout], str]]] = (
    ("Python of the product: files / lines / file median / p90 / max", lambda one: _size(one.product)),
    ("the same with instruments, CI and lint: all of scripts/", lambda one: _size(one.scripts)),
    ("instruments and their corpora: files / lines / file median / p90 / max", lambda one: _size(python.instruments(one.root))),
    ("function body, lines: median / p90 / max; over 20 lines", _functions),
    ("functions with a return type", _typed),
    ("public functions with a docstring", _documented),
    ("tests: files / lines / test functions", _tests),
    ("rooms; arrows between them", lambda one: f"{len(one.floors.rooms)}; {len(one.floors.arrows)}"),
    ("arrows from a lower to an upper room; circles", _arrows),
    ("models: count", lambda one: f"{len(one.every_model)}"),
    ("model, lines: median / p90 / max", lambda one: python.spread([model.lines for model in one.every_model])),
    ("models that begin with an import CTE", lambda one: _share([model.begins_with_an_import for model in one.every_model])),
    ("models that end in `select * from <cte>`", lambda one: _share([model.ends_in_a_select for model in one.every_model])),
    ("models that are one macro call", lambda one: _share([model.is_one_macro_call for model in one.every_model])),
    ("own macros that a model reaches: median / p90 / max", _reached),
    ("depth of macro calls: median / p90 / max", lambda one: python.spread(one.reach.depths()) if one.reach else ""),
    ("lines in models/, YAML : SQL", _yaml_to_sql),
)


def table(checkouts: Sequence[Checkout], names: Sequence[str]) -> str:
    """The figures as a Markdown table."""
    lines = [f"| figure | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    lines += [f"| {figure} | {' | '.join(measure(one) for one in checkouts)} |" for figure, measure in ROWS]
    return "\n".join(lines)


def main() -> int:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(prog="house", description="Measure the code: sizes, functions, models, macros, imports.")
    parser.add_argument(
        "folders", nargs="*", type=Path, default=[REPOSITORY], metavar="FOLDER", help="checkouts; default: this one"
    )
    parser.add_argument(
        "--manifest", type=Path, default=Path("target/manifest.json"), help="in each checkout; default: %(default)s"
    )
    parser.add_argument("--names", nargs="+", metavar="NAME", help="headings of the columns; default: names of the folders")
    options = parser.parse_args()
    for folder in options.folders:
        if not (folder / "scripts" / "sluice").is_dir():
            print(f"error: {folder} is not a checkout of Sluice\nname a folder that holds scripts/sluice", file=sys.stderr)
            return 2
    checkouts = [Checkout(folder, folder / options.manifest) for folder in options.folders]
    print(table(checkouts, options.names or [folder.resolve().name for folder in options.folders]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
