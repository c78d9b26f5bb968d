"""Faults injected into clean deliveries, and what catches them: the score of the checks."""
