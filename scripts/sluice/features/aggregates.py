"""Aggregates of a window that moves: a value is added or removed in any order, and the result is the same as of all at once.

Values are whole numbers (or decimals), never floats: their sums do not depend on the order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar, Protocol


class Aggregated(Protocol):
    """The values of one window. `settle` makes a value final: it is never removed, so what it was can be forgotten."""

    def add(self, value: Any) -> None: ...
    def remove(self, value: Any) -> None: ...
    def settle(self, value: Any) -> None: ...
    def result(self, at: int) -> Any: ...


class Count:
    """How many; 0 of nothing."""

    __slots__ = ("n",)

    def __init__(self) -> None:
        self.n = 0

    def add(self, value: Any) -> None:  # noqa: ARG002
        self.n += 1

    def remove(self, value: Any) -> None:  # noqa: ARG002
        self.n -= 1

    def settle(self, value: Any) -> None:
        """Nothing: a count knows no values."""

    def result(self, at: int) -> int:  # noqa: ARG002
        return self.n


class Sum:
    """The sum; null of nothing."""

    __slots__ = ("n", "total")

    def __init__(self) -> None:
        self.n, self.total = 0, 0

    def add(self, value: Any) -> None:
        self.n += 1
        self.total += value

    def remove(self, value: Any) -> None:
        self.n -= 1
        self.total -= value

    def settle(self, value: Any) -> None:
        """Nothing: a sum knows no values."""

    def result(self, at: int) -> Any:  # noqa: ARG002
        return self.total if self.n else None


class Mean(Sum):
    """The sum as a double by the count as a double, as SQL of the batch computes it."""

    __slots__ = ()

    def result(self, at: int) -> float | None:  # noqa: ARG002
        return float(self.total) / float(self.n) if self.n else None


class CountDistinct:
    """How many different values; 0 of nothing."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen: Counter[Any] = Counter()

    def add(self, value: Any) -> None:
        self.seen[value] += 1

    def remove(self, value: Any) -> None:
        self.seen[value] -= 1
        if not self.seen[value]:
            del self.seen[value]

    def settle(self, value: Any) -> None:
        """Nothing: the value stays among those that were seen."""

    def result(self, at: int) -> int:  # noqa: ARG002
        return len(self.seen)


class _Ordered:
    """Values in their order, in lists that stay short, so that adding and removing one costs little among many."""

    __slots__ = ("last", "lists")
    LENGTH = 2000

    def __init__(self) -> None:
        self.lists: list[list[Any]] = []
        self.last: list[Any] = []

    def add(self, value: Any) -> None:
        if not self.lists:
            self.lists, self.last = [[value]], [value]
            return
        place = min(bisect_left(self.last, value), len(self.lists) - 1)
        values = self.lists[place]
        insort(values, value)
        if len(values) > self.LENGTH:
            half = len(values) // 2
            self.lists[place : place + 1] = [values[:half], values[half:]]
            self.last.insert(place, values[half - 1])
            place += 1
        self.last[place] = self.lists[place][-1]

    def remove(self, value: Any) -> None:
        place = bisect_left(self.last, value)
        values = self.lists[place]
        del values[bisect_left(values, value)]
        if values:
            self.last[place] = values[-1]
        else:
            del self.lists[place], self.last[place]


class Min:
    """The smallest value; null of nothing."""

    __slots__ = ("final", "values")
    choose: ClassVar[Callable[..., Any]] = min

    def __init__(self) -> None:
        self.values = _Ordered()
        self.final: Any = None

    def add(self, value: Any) -> None:
        self.values.add(value)

    def remove(self, value: Any) -> None:
        self.values.remove(value)

    def settle(self, value: Any) -> None:
        self.values.remove(value)
        self.final = value if self.final is None else type(self).choose(self.final, value)

    def result(self, at: int) -> Any:  # noqa: ARG002
        return self.best()

    def best(self) -> Any:
        """The value that is kept or final; None of nothing."""
        if not self.values.lists:
            return self.final
        value = self.of_values()
        return value if self.final is None else type(self).choose(self.final, value)

    def of_values(self) -> Any:
        return self.values.lists[0][0]


class Max(Min):
    """The largest value; null of nothing."""

    __slots__ = ()
    choose: ClassVar[Callable[..., Any]] = max

    def of_values(self) -> Any:
        return self.values.last[-1]


class SecondsSinceLast(Max):
    """Seconds between the newest event and now."""

    __slots__ = ()

    def result(self, at: int) -> float | None:
        last = self.best()
        return None if last is None else (at - last) / 1_000_000


class SecondsSinceFirst(Min):
    """Seconds between the oldest event and now."""

    __slots__ = ()

    def result(self, at: int) -> float | None:
        first = self.best()
        return None if first is None else (at - first) / 1_000_000


# By the word of the declaration; those of TIMES aggregate the times of events.
KINDS: dict[str, type[Aggregated]] = {
    "count": Count,
    "sum": Sum,
    "mean": Mean,
    "min": Min,
    "max": Max,
    "count_distinct": CountDistinct,
    "seconds_since_last": SecondsSinceLast,
    "seconds_since_first": SecondsSinceFirst,
}
TIMES = ("seconds_since_last", "seconds_since_first")
