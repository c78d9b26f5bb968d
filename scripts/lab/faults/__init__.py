"""Faults put on purpose into clean deliveries, and what becomes of them: the score of the checks."""
