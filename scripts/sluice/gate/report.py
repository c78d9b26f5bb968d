"""Pointers that were moved and releases that were removed, for people."""

from __future__ import annotations

from sluice.core.text import size, table
from sluice.gate.prune import Pruned
from sluice.gate.publish import MoveResult


def moved_as_text(done: MoveResult) -> str:
    """Where an environment points now, and pointed before."""
    if not done.is_moved:
        return f"{done.environment} already points to {done.release_id}"
    before = f"; before, it pointed to {done.from_release_id}" if done.from_release_id else ""
    return f"{done.environment} now points to {done.release_id}{before}"


def pruned_as_text(done: Pruned) -> str:
    """What went or would go, and why the rest stays."""
    verb = "removed" if done.is_done else "would go"
    rows = [
        (one.thing.name, one.thing.kind, "stays" if one.is_kept else verb, size(one.thing.bytes), one.why)
        for one in done.decisions
    ]
    total = f"{len(done.going)} of {len(done.decisions)} {verb}, {size(sum(one.thing.bytes for one in done.going))}"
    hint = "" if done.is_done or not done.going else "; sluice prune --yes removes them"
    return "\n".join([*(table(["name", "kind", "outcome", ">size", "why"], rows) if rows else []), total + hint])
