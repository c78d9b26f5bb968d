"""vars.yml with one more source: the text is edited, so that its comments stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from sluice.source.yaml_text import WIDTH, flow


def with_source(text: str, entry: Mapping[str, Any], derived: Sequence[str]) -> str | None:
    """The text with the entry at the end of `sources`, and of `derived_entities` where some are derived.

    None where the text is written in a way in which that can't be done, such as a list on one line.
    """
    (source,) = entry
    known = yaml.safe_load(text)["vars"]
    wanted = {**known, "sources": [*(known.get("sources") or ()), entry]}
    edited = _after(text, ("vars", "sources"), lambda indent: entry_lines(entry, indent))
    if derived and edited:
        wanted["derived_entities"] = {**(known.get("derived_entities") or {}), source: list(derived)}
        edited = _after(edited, ("vars", "derived_entities"), lambda indent: [f"{' ' * indent}{source}: {flow(list(derived))}"])
    return edited if edited and _variables(edited) == wanted else None


def _variables(text: str) -> Any:
    """The variables of an edited text; None where the edit broke it."""
    try:
        return yaml.safe_load(text)["vars"]
    except yaml.YAMLError:
        return None


def entry_lines(entry: Mapping[str, Any], indent: int) -> list[str]:
    """An entry of `sources` as an item of that list."""
    ((source, supplies),) = entry.items()
    line = f"{' ' * indent}- {source}: {flow(supplies)}"
    if len(line) <= WIDTH or not isinstance(supplies, Mapping):
        return [line]
    return [f"{' ' * indent}- {source}:", *(f"{' ' * (indent + 4)}{key}: {flow(names)}" for key, names in supplies.items())]


def _after(text: str, path: Sequence[str], lines: Callable[[int], list[str]]) -> str | None:
    """The text with lines behind the last entry of the block that is found under the keys."""
    node = yaml.compose(text)
    for key in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == key), None)
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return None
    rows, place = text.splitlines(), _last(node).end_mark.line + 1
    return "\n".join([*rows[:place], *lines(node.start_mark.column), *rows[place:]]) + "\n"


def _last(node: yaml.Node) -> yaml.Node:
    """The last node inside that is on lines of its own: a block ends where the next one begins, behind its comments."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return node
