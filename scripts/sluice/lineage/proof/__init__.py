"""Lineage proved by the data: a column of a parent is changed, the model is run again, and what changes is compared."""
