"""Messages replayed against the features that the batch computes of the same payments: every value and type."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.features import live_sql
from sluice.features.state import Event
from sluice.lake.contracts import load_contracts
from sluice.score.messages import Message
from sluice.score.serving import Release, Serving


@dataclass(frozen=True)
class Equality:
    """How many payments have the features of the batch, of how many; and which features differ how often."""

    equal: int
    compared: int
    differing: Mapping[str, int]


def replay(before: Release, after: Release, model: str, lines: Sequence[str], project: Path) -> Equality:
    """Score the messages from the state of the release `before`, and compare with the features in `after`, which has them.

    What became known meanwhile of earlier events (labels) comes from `after`, as it does with each night's release.
    """
    serving = Serving(before, model, load_contracts(project))
    serving.remember_release()
    messages = [Message(line, None, 0, place, 0) for place, line in enumerate(lines)]
    described, _ = serving.describe(messages)
    learnt = _learnt(serving, before, after, {row.event.id for row in described})
    batch = _batch(serving, after)
    different: Counter[str] = Counter()
    equal = compared = 0
    for row in described:
        while learnt and learnt[-1].at < row.event.at:
            serving.state.add(learnt.pop())
        if row.is_asked and row.event.id in batch:
            found, wanted = serving.state.row(row.event, row.columns), batch[row.event.id]
            pairs = zip(serving.features.names, found, wanted, strict=True)
            odd = [name for name, a, b in pairs if a != b or type(a) is not type(b)]
            compared += 1
            equal += not odd
            different.update(odd)
        serving.state.add(row.event)
    return Equality(equal, compared, dict(different))


def _learnt(serving: Serving, before: Release, after: Release, own: set[str]) -> list[Event]:
    """What became known between two releases and is not a message: the last one first."""
    known = own | {row.event.id for row in live_sql.of_release(before.file, serving.manifest, serving.features)}
    rows = live_sql.of_release(after.file, serving.manifest, serving.features)
    return sorted((row.event for row in rows if row.event.id not in known), key=lambda event: event.at, reverse=True)


def _batch(serving: Serving, after: Release) -> dict[str, tuple[Any, ...]]:
    from sluice.core.manifest import relation_of
    from sluice.features.declared import node_of
    from sluice.model.declared import declared

    manifest = json.loads((after.folder / "manifest.json").read_text(encoding="utf-8"))
    mart = node_of(manifest, declared(manifest, serving.name).settings.features)
    with duckdb.connect(str(after.file), read_only=True) as connection:
        query = f"select {', '.join([serving.key, *serving.features.names])} from {relation_of(mart)}"
        return {row[0]: row[1:] for row in connection.execute(query).fetchall()}
