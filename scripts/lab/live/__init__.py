"""Live features, computed in two ways on the same made-up payments: which costs what, and whether both equal the batch."""
