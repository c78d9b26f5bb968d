"""A record of a release, of which a test says only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sluice.store.record import Code, Record

_PLAIN = Record(
    release_id="20250101T000000Z-aaaaaa",
    project="shop",
    code=Code("a" * 40, False),
    lake={},
    parent=None,
    environment="prod",
    full_refresh=True,
    built_by="user:test",
    started_at="2025-01-01T00:00:00Z",
    duckdb="1.5.5",
)


def record(**said: Any) -> Record:
    """A record with these fields; the others are those of a first release of prod."""
    return replace(_PLAIN, **said)
