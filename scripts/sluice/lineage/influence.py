"""What something is made of: columns and rows upstream, and how each of them has its influence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

# A column of something upstream: its unique id, and the column's name in lower case.
Leaf = tuple[str, str]
# In place of a column's name: every column, known or not; and which rows there are.
EVERY = "*"
ROWS = "(rows)"

# How a column has its influence: a bit each, since one column can influence another in several ways. The names are OpenLineage's;
# `rows` is the influence of rows, e.g. on count(*), and `unknown` is said where nothing could be followed.
DIRECT = ("identity", "transformation", "aggregation")
INDIRECT = ("filter", "join", "group_by", "window", "sort", "conditional", "rows", "unknown")
HOWS = (*DIRECT, *INDIRECT)
IDENTITY, TRANSFORMATION, AGGREGATION, FILTER, JOIN, GROUP_BY, WINDOW, SORT, CONDITIONAL, OF_ROWS, UNKNOWN = (
    1 << bit for bit in range(len(HOWS))
)
_DIRECT = IDENTITY | TRANSFORMATION | AGGREGATION


def hows(mask: int) -> Iterator[str]:
    """The names of the bits in a mask."""
    return (name for bit, name in enumerate(HOWS) if mask >> bit & 1)


def is_direct(mask: int) -> bool:
    """Whether a value flows, besides what else may be influenced."""
    return bool(mask & _DIRECT)


def through(mask: int, how: int) -> int:
    """How something that has an influence by `mask` on a column influences what uses this column by `how`.

    What is indirect stays as it is; what is direct becomes what the use is, and never less than it was.
    """
    direct = mask & _DIRECT
    if how == IDENTITY or not direct:
        return mask
    if how & ~_DIRECT:
        return mask & ~_DIRECT | how
    if how == TRANSFORMATION:
        how = (direct & AGGREGATION) | (TRANSFORMATION if direct & ~AGGREGATION else 0)
    return mask & ~_DIRECT | how


@dataclass
class Traced:
    """What something is made of, and how; and the texts of the expressions on the way, to compare two versions."""

    leaves: dict[Leaf, int] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)

    def add(self, other: Traced, how: int = IDENTITY) -> None:
        """Add what another is made of, which is used by `how`."""
        leaves = self.leaves
        for leaf, mask in other.leaves.items():
            leaves[leaf] = leaves.get(leaf, 0) | through(mask, how)
        self.texts |= other.texts


def united(*parts: Traced) -> Traced:
    """What several are made of."""
    found = Traced()
    for part in parts:
        found.add(part)
    return found
