"""Deliveries at random, broken in the ways that deliveries break, and an oracle in plain Python of what has to become of them.

- `oracle`, with `reading` and `numbers`: what a delivered text, JSON value or typed value means for a type of a contract:
  the values that may land, and whether it is so plain that it must.
  It uses `decimal`, `datetime` and `struct`, neither DuckDB nor the product.
- `spellings`, `documents`, `columns`, `files`: strategies of hypothesis for CSV cells, JSON values, Parquet columns, whole files.
- `written`, `styles`: values that fit, as programs write them, and in the way of a country.
- `trial`: delivers them, ingests, reads the lake with pyarrow and compares, row by row.
- `python -m tests.helpers.fuzz --minutes 5` (`make fuzz`) goes on with new ones and lists what it found.
"""
