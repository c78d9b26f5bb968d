"""Profiles of a candidate: what each public relation and each column of it holds, measured by one scan of each."""
