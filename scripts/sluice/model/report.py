"""Models for people: what was trained, what serves where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sluice.core.text import table
from sluice.model.card import interval


def metrics_lines(metrics: Mapping[str, Any]) -> list[str]:
    """The figures of a model beside its baselines, a line each."""
    lines = [f"  average precision {interval(metrics['average_precision'])} on rows that were held out"]
    lines += [
        f"  {interval(one['times_better'])} times that of {name}, {interval(one['average_precision'])}"
        for name, one in metrics["baselines"].items()
        if one["times_better"]["value"] is not None
    ]
    lines.append(f"  calibration error {interval(metrics['calibration_error'])}")
    found = metrics["at_threshold"]
    lines.append(
        f"  at the threshold: {found['alerts']:,} alerts, {found['true_alerts']:,} of them true, cost {found['cost']:,.0f}"
    )
    return lines


def listed(rows: Sequence[Any]) -> str:
    """What serves where, as a table."""
    names = ("environment", "model", "role", "version", "trained as of", "average precision", "threshold", "release")
    lines = [
        (
            one.environment,
            one.name,
            one.role,
            one.version,
            one.as_of,
            "-" if one.average_precision is None else f"{one.average_precision:.3f}",
            f"{one.threshold:.4g}",
            one.release_id,
        )
        for one in rows
    ]
    return "\n".join(table(names, lines)) if rows else "no environment serves a model; train one: sluice model train <name>"
