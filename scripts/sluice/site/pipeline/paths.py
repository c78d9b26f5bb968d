"""What a mart waits for: sums over what it is made from, and the longest chain of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter


@dataclass(frozen=True)
class Chain:
    """The chain of models that takes longest, the first that is built first."""

    nodes: tuple[str, ...]
    seconds: float


def longest(seconds: Mapping[str, float], parents: Mapping[str, Sequence[str]]) -> dict[str, Chain]:
    """The longest chain that ends in each node: with any number of threads it is not made sooner."""
    found: dict[str, Chain] = {}
    for name in TopologicalSorter(_within(seconds, parents)).static_order():
        before = max((found[one] for one in parents.get(name, ()) if one in found), key=lambda one: one.seconds, default=None)
        own = seconds[name]
        found[name] = Chain((*before.nodes, name), before.seconds + own) if before else Chain((name,), own)
    return found


def made_from(name: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """A node, and everything that it is made from."""
    found, waiting = set[str](), [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += parents.get(one, ())
    return found


def _within(seconds: Mapping[str, float], parents: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {name: [one for one in parents.get(name, ()) if one in seconds] for name in seconds}
