"""The steps of `sluice run` with a clock on their history: processor seconds of each part of it, and of the whole, as JSON.

Arguments: the file for the JSON, and the file of feeds.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from sluice.history import commits, recording
from sluice.quality import dbt_results
from sluice.quality.profiles import candidate
from sluice.steps.run import run

PARTS: dict[str, tuple[ModuleType, tuple[str, ...]]] = {
    "profiles": (candidate, ("append",)),
    "nodes": (dbt_results, ("append_nodes",)),
    "commits": (commits, ("append",)),
    "runs and steps": (recording, ("_end", "_end_step")),
}
spent = dict.fromkeys(PARTS, 0.0)


def used() -> float:
    """Processor seconds of this process and of its children that have ended."""
    ours = os.times()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ours.user + ours.system + children.ru_utime + children.ru_stime


def timed(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which adds what it uses to its part."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        before = used()
        try:
            return function(*arguments, **options)
        finally:
            spent[part] += used() - before

    return call


for part, (module, names) in PARTS.items():
    for name in names:
        setattr(module, name, timed(part, getattr(module, name)))
for report in run([Path(sys.argv[2])]):
    if getattr(report, "exit_code", 0):
        sys.exit(f"a step failed: {report}")
document = {"parts": {part: round(seconds, 3) for part, seconds in spent.items()}, "whole": round(used(), 2)}
Path(sys.argv[1]).write_text(json.dumps(document), encoding="utf-8")
