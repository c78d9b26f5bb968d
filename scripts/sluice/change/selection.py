"""What a pull request environment has to contain: decided from what differs, dbt's manifest and the relations of the base."""

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

    `prerequisites`: what these read and the base does not contain, such as views on the lake; built, but not tested.
    `whole` says why the whole project is built; empty if only a part is.
    """

    built: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    whole: str = ""


def select(changed: Sequence[Modified], manifest: Mapping[str, Any], held: Iterable[str]) -> Selection:
    """What to build of a project, given what changed in it and the relations (`schema.name`) that the base contains."""
    hooks = [one.name for one in changed if one.kind == "operation" and any(reason.touches_data for reason in one.reasons)]
    if hooks:
        return everything(manifest, f"{', '.join(hooks)}: what runs before or after all models may affect each of them")
    there = {one.unique_id: one for one in changed if one.unique_id in manifest["child_map"]}
    built = _with_children((name for name, one in there.items() if one.touches_data), manifest)
    # A model whose expectations changed is built itself, so that its tests and its audit run.
    built |= {name for name, one in there.items() if one.kind in BUILT and _has_other_checks(one)}
    built |= {parent for name, one in there.items() if one.kind == "unit_test" for parent in _parents([name], manifest)}
    built = {name for name in built if name.split(".")[0] in BUILT}
    tests = {name for name, one in there.items() if one.kind == "test"}
    needed = _prerequisites(built, tests, manifest, set(held))
    return Selection(tuple(sorted(built)), tuple(sorted(tests)), tuple(sorted(needed)))


def everything(manifest: Mapping[str, Any], why: str) -> Selection:
    """The whole project, and why."""
    return Selection(tuple(sorted(name for name, node in manifest["nodes"].items() if node["resource_type"] in BUILT)), whole=why)


def _has_other_checks(one: Modified) -> bool:
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


def _prerequisites(built: set[str], tests: set[str], manifest: Mapping[str, Any], held: set[str]) -> set[str]:
    """What the built nodes, their tests and other prerequisites read, and is neither built nor in the base."""
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
