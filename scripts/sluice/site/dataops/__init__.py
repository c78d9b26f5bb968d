"""The page DataOps metrics."""
