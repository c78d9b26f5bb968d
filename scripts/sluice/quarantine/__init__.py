"""Quarantine: rows that were refused, at the door (lake/quarantine) or by a business rule (the warehouse), and their way out.

`catalog` finds them, `judge` says what may be done, `decide` writes decisions, `correct` lands corrected rows.
"""

from sluice.quarantine.decide import expire

__all__ = ["expire"]
