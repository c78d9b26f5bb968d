"""The expectations' part of a trial."""

from __future__ import annotations

from sluice.faults.slot import Slot
from sluice.faults.verdict import Check


def expectations(slot: Slot) -> tuple[Check, ...]:
    """Expectations that did not hold in the slot's warehouse."""
    return ()
