"""Quarantine: rows that were refused, at ingestion (lake/quarantine) or by a business rule (the warehouse).

`catalog` finds them, `row_result` says what may be done, `decide` writes decisions, `correct` lands corrected rows.
"""

from sluice.quarantine.decide import expire

__all__ = ["expire"]
