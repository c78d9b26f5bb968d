"""The rooms of the package, and which imports which. A room is a folder or a module directly below the package."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import Path

Arrow = tuple[str, str]


@dataclass(frozen=True)
class Floors:
    """Rooms, the arrows between them (from the importing room to the imported one), and where they run in circles."""

    rooms: tuple[str, ...]
    arrows: frozenset[Arrow]

    def circles(self) -> list[set[str]]:
        """Groups of rooms that reach each other by imports."""
        reach = {room: self._reach(room) for room in self.rooms}
        groups = {frozenset(other for other in reach[room] if room in reach[other]) for room in self.rooms}
        return [set(group) for group in groups if len(group) > 1]

    def upward(self) -> tuple[Arrow, ...]:
        """The fewest arrows without which no circle is left: those that run from a lower room to an upper one."""
        inside = sorted(arrow for group in self.circles() for arrow in self.arrows if set(arrow) <= group)
        for size in range(len(inside) + 1):
            for left_out in combinations(inside, size):
                if _has_no_circle(self.arrows - set(left_out)):
                    return left_out
        return ()

    def _reach(self, room: str) -> set[str]:
        found: set[str] = set()
        waiting = [room]
        while waiting:
            below = {imported for importer, imported in self.arrows if importer == waiting[-1]} - found
            waiting.pop()
            found |= below
            waiting += below
        return found


def _has_no_circle(arrows: Iterable[Arrow]) -> bool:
    below: dict[str, set[str]] = {}
    for importer, imported in arrows:
        below.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(below).prepare()
    except CycleError:
        return False
    return True


def floors(package: Path, leave_out: Iterable[str] = ()) -> Floors:
    """The rooms of a package on disk; imports inside functions count."""
    files = {file: _room(file, package) for file in package.rglob("*.py") if file.parent != package or file.stem != "__init__"}
    rooms = sorted(set(files.values()) - set(leave_out))
    arrows = {
        (room, imported)
        for file, room in files.items()
        for imported in _imported(file, package.name)
        if room != imported and room in rooms and imported in rooms
    }
    return Floors(tuple(rooms), frozenset(arrows))


def against(order: Iterable[str], found: Floors) -> list[Arrow]:
    """The arrows that run from a room to one that stands after it in `order`, which lists the lowest room first."""
    height: Mapping[str, int] = {room: number for number, room in enumerate(order)}
    return sorted((upper, lower) for upper, lower in found.arrows if height[upper] < height[lower])


def _room(file: Path, package: Path) -> str:
    return file.relative_to(package).with_suffix("").parts[0]


def _imported(file: Path, package: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == package:
            names |= {f"{package}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith(f"{package}.")}
