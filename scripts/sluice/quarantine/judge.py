"""What may be done with a refused row, decided without looking at disk or clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sluice.quarantine.catalog import Refused


class Outcome(StrEnum):
    """What became of a wish. `unchanged`: it was so already. `refused`: it cannot be, and nothing was done."""

    corrected = "corrected"
    waived = "waived"
    dropped = "dropped"
    expired = "expired"
    unchanged = "unchanged"
    refused = "refused"


@dataclass(frozen=True)
class Verdict:
    """The outcome for one row, and why, where there is something to say."""

    row: Refused
    outcome: Outcome
    why: str = ""

    @property
    def is_new(self) -> bool:
        """Whether a decision is to be written."""
        return self.outcome not in (Outcome.unchanged, Outcome.refused)


def waiver(row: Refused, until: datetime) -> Verdict:
    """A waiver needs a rule that may be waived, and a row that nobody has dropped or corrected."""
    if row.place == "door":
        return Verdict(row, Outcome.refused, "it does not fit its contract, so there is no rule to waive: give a corrected row")
    if row.decision in ("dropped", "corrected"):
        return Verdict(row, Outcome.refused, f"it was {row.decision}; what was {row.decision} cannot be waived")
    if row.decision == "waived":
        if row.until_at == until:
            return Verdict(row, Outcome.unchanged, f"it is waived until {until} already")
        return Verdict(row, Outcome.refused, f"it is waived until {row.until_at}: expire that waiver first")
    if row.may_be_waived is None:
        return Verdict(row, Outcome.refused, "the last build did not refuse it: build first")
    if not row.may_be_waived:
        return Verdict(row, Outcome.refused, f"the rule {row.rule} may not be waived: give a corrected row")
    return Verdict(row, Outcome.waived)


def drop(row: Refused) -> Verdict:
    """Dropped is dropped, whatever the reason was; what has re-entered corrected cannot be dropped any more."""
    if row.decision == "dropped":
        return Verdict(row, Outcome.unchanged, "it was dropped already")
    if row.decision == "corrected":
        return Verdict(row, Outcome.refused, "it was corrected, and the corrected row has landed")
    return Verdict(row, Outcome.dropped)


def correction(row: Refused, digest: str, landed: str | None) -> Verdict:
    """A row is corrected once. `digest` is that of the row wished for, `landed` that of the one that has landed."""
    if row.decision != "corrected":
        return Verdict(row, Outcome.corrected)
    if digest == landed:
        return Verdict(row, Outcome.unchanged, f"this corrected row has landed already, in batch {row.correction_batch_id}")
    why = f"another corrected row has landed, in batch {row.correction_batch_id}; deliver a newer version to change it"
    return Verdict(row, Outcome.refused, why)


def ending(row: Refused) -> Verdict:
    """Only a waiver can end."""
    if row.decision == "waived":
        return Verdict(row, Outcome.expired)
    if row.decision == "expired":
        return Verdict(row, Outcome.unchanged, "its waiver has ended already")
    return Verdict(row, Outcome.refused, f"it is not waived but {row.status}")
