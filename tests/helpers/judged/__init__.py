"""Judges in plain Python: dictionaries of rows, counters, fractions. They share no code with what they judge.

- `values`: values of DuckDB's types, as SQL and as Python, and when two of different types are equal.
- `diffs`: pairs of small tables at random, and what a diff has to say of them.
- `audits`: small tables and checks at random, and which of them hold.
- `python -m tests.helpers.judged --minutes 5` goes on with new ones, and lists each kind of disagreement once.
"""
