"""The events of every entity that features look back at, and the features of an event as of its time.

The state depends on the events alone, not on the order in which they come: what is aggregated of an entity is always
exactly a slice of its events in the order of time, looked up for each question. A late event takes its place in it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.features.aggregates import KINDS, TIMES, Aggregated
from sluice.features.declared import Feature, Features

# How late an event may come, beyond the longest window, without a loss for events of its own time.
LATENESS = 7 * 86_400_000_000
_DROP_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at `at` (microseconds since 1970): to which entities, with which values and flags.

    `keys`, `values` and `flags` are in the order of the declaration's `entities`, `values` and `filters`.
    """

    id: str
    at: int
    keys: tuple[Any, ...]
    values: tuple[Any, ...]
    flags: tuple[bool | None, ...]


@dataclass(frozen=True)
class _Part:
    """One aggregate of a window: the places of its filter and its value in an event, and of its result among the features."""

    kind: type[Aggregated]
    flag: int | None
    value: int | None
    of_times: bool
    place: int


class _Slice:
    """What is aggregated over one window of one entity: always exactly the events `low` to `high` of its log."""

    __slots__ = ("aggregates", "high", "length", "low", "parts")

    def __init__(self, length: int | None, parts: Sequence[_Part]) -> None:
        self.length, self.parts = length, parts
        self.low = self.high = 0
        self.aggregates = [part.kind() for part in parts]

    def restart(self, place: int) -> None:
        """Nothing is aggregated, from this place on."""
        self.low = self.high = place
        self.aggregates = [part.kind() for part in self.parts]

    def add(self, event: Event) -> None:
        for part, aggregate in zip(self.parts, self.aggregates, strict=True):
            value = _value(part, event)
            if value is not None:
                aggregate.add(value)

    def remove(self, event: Event) -> None:
        for part, aggregate in zip(self.parts, self.aggregates, strict=True):
            value = _value(part, event)
            if value is not None:
                aggregate.remove(value)

    def settle(self, event: Event) -> None:
        for part, aggregate in zip(self.parts, self.aggregates, strict=True):
            value = _value(part, event)
            if value is not None:
                aggregate.settle(value)


def _value(part: _Part, event: Event) -> Any:
    """What an aggregate sees of an event; None where the event does not count."""
    if part.flag is not None and not event.flags[part.flag]:
        return None
    if part.of_times or part.value is None:
        return event.at
    return event.values[part.value]


class _Log:
    """The events of one entity in the order of time, and what is aggregated over them."""

    __slots__ = ("events", "slices", "times")

    def __init__(self, windows: Iterable[tuple[int | None, Sequence[_Part]]]) -> None:
        self.times: list[int] = []
        self.events: list[Event] = []
        self.slices = [_Slice(length, parts) for length, parts in windows]

    def insert(self, event: Event) -> None:
        place = bisect_left(self.times, event.at)
        self.times.insert(place, event.at)
        self.events.insert(place, event)
        for each in self.slices:
            if place <= each.low and each.length is not None:
                each.low, each.high = each.low + 1, each.high + 1
            elif place < each.high:
                each.high += 1
                each.add(event)

    def remove(self, event: Event) -> None:
        place = next(n for n in range(bisect_left(self.times, event.at), len(self.times)) if self.events[n] is event)
        del self.times[place], self.events[place]
        for each in self.slices:
            if place < each.low:
                each.low, each.high = each.low - 1, each.high - 1
            elif place < each.high:
                each.high -= 1
                each.remove(event)

    def move(self, each: _Slice, at: int) -> None:
        """Make a slice that of the window before `at`."""
        low = 0 if each.length is None else bisect_left(self.times, at - each.length)
        high = bisect_left(self.times, at)
        if each.length is not None and (low >= each.high or high <= each.low):
            each.restart(low)
        events = self.events
        for n in range(each.high, high):
            each.add(events[n])
        for n in range(high, each.high):
            each.remove(events[n])
        for n in range(each.low, low):
            each.remove(events[n])
        for n in range(low, each.low):
            each.add(events[n])
        each.low, each.high = low, high

    def drop(self, before: int) -> list[Event]:
        """Forget the events before a time, which no window that ends can reach; return them."""
        count = bisect_left(self.times, before)
        gone = self.events[:count]
        for each in self.slices:
            if each.length is None:
                for event in gone[: each.high]:
                    each.settle(event)
                for event in gone[each.high :]:
                    each.add(event)
                    each.settle(event)
                each.high = max(each.high - count, 0)
            elif count:
                for n in range(each.low, min(count, each.high)):
                    each.remove(self.events[n])
                each.low, each.high = max(each.low - count, 0), max(each.high - count, 0)
        del self.times[:count], self.events[:count]
        return gone


class State:
    """All entities of one declaration."""

    def __init__(self, features: Features, lateness: int = LATENESS) -> None:
        self.features = features
        self._keep = features.longest + lateness
        self._newest = 0
        self._order = tuple(features.entities)
        self._names = (*features.columns, *(feature.name for feature in features.aggregates))
        self._count, self._ratios, self._all = len(features.aggregates), tuple(features.ratios.items()), features.names
        self._windows = [_windows_of(features, entity) for entity in self._order]
        self._logs: list[dict[Any, _Log]] = [{} for _ in self._order]
        self._known: dict[str, Event] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, event: Event) -> None:
        """Take in an event. An event never changes: of two with one id, the earlier one counts."""
        known = self._known.get(event.id)
        if known is not None and known.at <= event.at:
            return
        if known is not None:
            self._remove(known)
        self._known[event.id] = event
        self._newest = max(self._newest, event.at)
        for number, key in enumerate(event.keys):
            if key is not None:
                self._insert(number, key, event)

    def of(self, event: Event) -> list[Any]:
        """The declared aggregates as of an event's time, from what happened before it, in their order.

        Those of an entity that the event does not have are None.
        """
        found: list[Any] = [None] * self._count
        for number, key in enumerate(event.keys):
            if key is None:
                continue
            log = self._logs[number].get(key)
            if log is None:
                self._of_nothing(number, found)
                continue
            for each in log.slices:
                log.move(each, event.at)
                for part, aggregate in zip(each.parts, each.aggregates, strict=True):
                    found[part.place] = aggregate.result(event.at)
        return found

    def row(self, event: Event, columns: Sequence[Any]) -> tuple[Any, ...]:
        """All features of an event in their order: its own columns, then aggregates and ratios as they are declared."""
        found = dict(zip(self._names, (*columns, *self.of(event)), strict=True))
        for name, (upper, lower) in self._ratios:
            found[name] = _ratio(found[upper], found[lower])
        return tuple(map(found.__getitem__, self._all))

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._known

    @property
    def horizon(self) -> int:
        """Events before this time may have been forgotten."""
        return self._newest - self._keep

    def events(self) -> Iterator[Event]:
        """Every event that is kept, in no order."""
        return iter(self._known.values())

    def _of_nothing(self, number: int, found: list[Any]) -> None:
        for _, parts in self._windows[number]:
            for part in parts:
                found[part.place] = part.kind().result(0)

    def _insert(self, number: int, key: Any, event: Event) -> None:
        logs = self._logs[number]
        log = logs.get(key)
        if log is None:
            log = logs[key] = _Log(self._windows[number])
        log.insert(event)
        before = self._newest - self._keep
        if len(log.times) >= _DROP_AT_ONCE and log.times[_DROP_AT_ONCE // 2] < before:
            for gone in log.drop(before):
                self._known.pop(gone.id, None)

    def _remove(self, event: Event) -> None:
        for number, key in enumerate(event.keys):
            if key is not None:
                self._logs[number][key].remove(event)


def _ratio(upper: Any, lower: Any) -> float | None:
    """One as a double by the other, as SQL of the batch computes it; null of nothing, and by 0."""
    return float(upper) / float(lower) if upper is not None and lower else None


def _windows_of(features: Features, entity: str) -> list[tuple[int | None, list[_Part]]]:
    """The windows of an entity, each with its aggregates."""
    windows: dict[int | None, list[_Part]] = {}
    for place, feature in enumerate(features.aggregates):
        if feature.entity == entity:
            windows.setdefault(feature.length, []).append(_part(features, feature, place))
    return list(windows.items())


def _part(features: Features, feature: Feature, place: int) -> _Part:
    aggregate = feature.aggregate or "count"
    return _Part(
        KINDS[aggregate],
        features.filters.index(feature.where) if feature.where else None,
        features.values.index(feature.value) if feature.value else None,
        aggregate in TIMES,
        place,
    )
