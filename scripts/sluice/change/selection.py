"""What a pull request environment has to hold: decided from what differs and dbt's manifest, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.change.modified import Modified
from sluice.core.manifest import BUILT, relation_of

_TESTS = ("test", "unit_test")


@dataclass(frozen=True)
class Selection:
    """Unique ids, sorted. `built`: what changed, and all that is made from it; `tests`: changed tests of other nodes.

    `carried`: what these read that the base does not hold, such as views on the lake; they are made, and not tested.
    `whole` says why all of the project is built; empty where only a part is.
    """

    built: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    whole: str = ""


def select(changed: Sequence[Modified], manifest: Mapping[str, Any], held: Iterable[str]) -> Selection:
    """What to build of a project, given what changed in it and the relations (`schema.name`) that the base holds."""
    hooks = [one.name for one in changed if one.kind == "operation" and any(reason.touches_data for reason in one.reasons)]
    if hooks:
        return everything(manifest, f"{', '.join(hooks)}: what runs before or after all models may touch each of them")
    there = {one.unique_id: one for one in changed if one.unique_id in manifest["child_map"]}
    built = _with_children((name for name, one in there.items() if one.touches_data), manifest)
    # What is only promised or judged differently is built itself, so that its tests and its audit see it.
    built |= {name for name, one in there.items() if one.kind in BUILT and _is_judged_anew(one)}
    built |= {parent for name, one in there.items() if one.kind == "unit_test" for parent in _parents([name], manifest)}
    built = {name for name in built if name.split(".")[0] in BUILT}
    tests = {name for name, one in there.items() if one.kind == "test"}
    return Selection(_sorted(built), _sorted(tests), _sorted(_carried(built, tests, manifest, set(held))))


def everything(manifest: Mapping[str, Any], why: str) -> Selection:
    """All of the project, and why."""
    return Selection(_sorted(name for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT), whole=why)


def _is_judged_anew(one: Modified) -> bool:
    return any(reason.kind == "properties" and "meta" in reason.detail.split(", ") for reason in one.reasons)


def _with_children(names: Iterable[str], manifest: Mapping[str, Any]) -> set[str]:
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += manifest["child_map"].get(name, [])
    return reached


def _parents(names: Iterable[str], manifest: Mapping[str, Any]) -> set[str]:
    return {parent for name in names for parent in manifest["parent_map"].get(name, [])}


def _carried(built: set[str], tests: set[str], manifest: Mapping[str, Any], held: set[str]) -> set[str]:
    """What is read by the built nodes, by any test of them and by the carried ones, and is neither built nor held."""
    of_them = {child for name in built for child in manifest["child_map"].get(name, []) if child.split(".")[0] in _TESTS}
    found: set[str] = set()
    waiting = [*built, *tests, *of_them]
    while waiting:
        missing = {
            name
            for name in _parents([waiting.pop()], manifest) - built - found
            if name.split(".")[0] in BUILT and relation_of(manifest["nodes"][name]) not in held
        }
        found |= missing
        waiting += missing
    return found


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
