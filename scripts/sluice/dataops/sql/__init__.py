"""The queries: facts that several metrics share, the rows of each, and the figures of these rows."""
