"""Random tests that try the same examples in every run, so that CI is red for a change and never for luck."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings


def repeatable(examples: int) -> settings:
    """Hypothesis' settings for this many examples: the same ones each time, as found, however long they take."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
