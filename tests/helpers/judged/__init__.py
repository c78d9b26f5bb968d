"""Judges in plain Python: dictionaries of rows, counters, fractions. They share no code with what they judge.

- `values`: values of DuckDB's types, as SQL and as Python, and when two of different types are equal.
- `diffs`: pairs of small tables at random, and what a diff has to say of them. Several of the same columns are side by side in a
  relation: comparing a relation costs DuckDB some twenty milliseconds, whatever is in it.
- `audits`: small tables and checks at random, and which of them hold. They are parts of one table: a check costs Great
  Expectations some twenty milliseconds.
- `python -m tests.helpers.judged --minutes 5` goes on with new ones, and lists each kind of disagreement once.
"""
