"""One query for each part that is measured in lake/ops: a row for each set of labels, a column for each metric."""
