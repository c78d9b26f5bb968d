"""A catalog of thousands of models that nobody has: what it weighs, and what a key of its search costs in a browser."""
