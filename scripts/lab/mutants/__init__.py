"""`make mutants`: break the SQL on purpose, one place at a time, and see which test notices."""
