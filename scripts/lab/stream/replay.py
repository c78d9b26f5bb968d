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
    own = {row.event.id for row in described}
    for row in live_sql.of_release(after.file, serving.manifest, serving.features):
        if row.event.id not in own:
            serving.state.add(row.event)
    batch = _batch(serving, after)
    different: Counter[str] = Counter()
    equal = compared = 0
    for row in described:
        if row.is_asked and row.event.id in batch:
            found, wanted = serving.state.row(row.event, row.columns), batch[row.event.id]
            odd = [
                name for name, a, b in zip(serving.features.names, found, wanted, strict=True) if a != b or type(a) is not type(b)
            ]
            compared += 1
            equal += not odd
            different.update(odd)
        serving.state.add(row.event)
    return Equality(equal, compared, dict(different))


def _batch(serving: Serving, after: Release) -> dict[str, tuple[Any, ...]]:
    from sluice.core.manifest import relation_of
    from sluice.features.declared import node_of
    from sluice.model.declared import declared

    manifest = json.loads((after.folder / "manifest.json").read_text(encoding="utf-8"))
    mart = node_of(manifest, declared(manifest, serving.name).settings.features)
    with duckdb.connect(str(after.file), read_only=True) as connection:
        query = f"select {', '.join([serving.key, *serving.features.names])} from {relation_of(mart)}"
        return {row[0]: row[1:] for row in connection.execute(query).fetchall()}
