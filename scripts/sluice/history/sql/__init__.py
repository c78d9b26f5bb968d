"""Queries over the tables of lake/ops, which they name `$profiles`, `$steps` and `$batches`."""
