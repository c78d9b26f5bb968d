"""DORA's metrics and their data twins: one query for the rows behind each, one for its figures, over lake/ops."""
