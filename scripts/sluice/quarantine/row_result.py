"""What may be done with a refused row: pure functions of the row, without disk or clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sluice.quarantine.catalog import Refused


class RowOutcome(StrEnum):
    """What became of a request. `unchanged`: nothing was left to do. `refused`: it is not allowed, and nothing was done."""

    corrected = "corrected"
    waived = "waived"
    dropped = "dropped"
    expired = "expired"
    unchanged = "unchanged"
    refused = "refused"


@dataclass(frozen=True)
class RowResult:
    """The outcome for one row, and its reason, where there is one to give."""

    row: Refused
    outcome: RowOutcome
    why: str = ""

    @property
    def is_new(self) -> bool:
        """Whether a decision has to be written."""
        return self.outcome not in (RowOutcome.unchanged, RowOutcome.refused)


def waiver(row: Refused, until: datetime) -> RowResult:
    """A waiver needs a rule that may be waived, and a row that nobody has dropped or corrected."""
    if row.place == "ingestion":
        return RowResult(
            row, RowOutcome.refused, "it does not fit its contract, so there is no rule to waive: give a corrected row"
        )
    if row.decision in ("dropped", "corrected"):
        return RowResult(row, RowOutcome.refused, f"a row that was {row.decision} cannot be waived")
    if row.decision == "waived":
        if row.until_at == until:
            return RowResult(row, RowOutcome.unchanged, f"it is already waived until {until}")
        return RowResult(row, RowOutcome.refused, f"it is waived until {row.until_at}: expire that waiver first")
    if row.may_be_waived is None:
        return RowResult(row, RowOutcome.refused, "the last build did not refuse it: build first")
    if not row.may_be_waived:
        return RowResult(row, RowOutcome.refused, f"the rule {row.rule} may not be waived: give a corrected row")
    return RowResult(row, RowOutcome.waived)


def drop(row: Refused) -> RowResult:
    """A row is dropped once, whatever the reasons; a corrected row can no longer be dropped."""
    if row.decision == "dropped":
        return RowResult(row, RowOutcome.unchanged, "it was already dropped")
    if row.decision == "corrected":
        return RowResult(row, RowOutcome.refused, "it was corrected, and the corrected row has landed")
    return RowResult(row, RowOutcome.dropped)


def correction(row: Refused, digest: str, landed: str | None) -> RowResult:
    """A row is corrected once. `digest` is that of the requested row, `landed` that of the one that has landed."""
    if row.decision != "corrected":
        return RowResult(row, RowOutcome.corrected)
    if digest == landed:
        return RowResult(row, RowOutcome.unchanged, f"this corrected row has already landed, in batch {row.correction_batch_id}")
    why = f"another corrected row has landed, in batch {row.correction_batch_id}; deliver a newer version to change it"
    return RowResult(row, RowOutcome.refused, why)


def ending(row: Refused) -> RowResult:
    """Only a waiver can end."""
    if row.decision == "waived":
        return RowResult(row, RowOutcome.expired)
    if row.decision == "expired":
        return RowResult(row, RowOutcome.unchanged, "its waiver has already ended")
    return RowResult(row, RowOutcome.refused, f"it is not waived; its status is {row.status}")
