"""What sources and marts promise, as contracts of the Open Data Contract Standard (ODCS 3.1)."""
