"""Measures the code itself: sizes, functions, models, macros, and which room imports which."""
