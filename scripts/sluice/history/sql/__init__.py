"""Queries over the tables of lake/ops, which stand in them as `$profiles`, `$steps` and `$batches`."""
