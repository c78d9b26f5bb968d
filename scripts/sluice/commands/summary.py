"""`sluice summary`: what stands in the lake and the warehouse after a build."""

from __future__ import annotations


def summary() -> None:
    """Print what was ingested and built, and how to open it."""
