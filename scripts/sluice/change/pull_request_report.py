"""What a pull request's environment holds, said for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sluice.change.pull_request import PullRequestBuild


def as_json(built: PullRequestBuild, tests: Mapping[str, Any] | None) -> str:
    """A pull request environment: where it is, what it holds, and the tests that failed."""
    places = {"file": str(built.file), "artifacts": str(built.artifacts), "is_good": built.is_good}
    return json.dumps({**places, **asdict(built.slim), "dbt": tests}, indent=2)


def as_text(built: PullRequestBuild) -> str:
    """A pull request environment: what it holds, why, and what to do with it."""
    slim = built.slim
    if built.is_good and not slim.built:
        return f"{slim.environment}: nothing that makes data differs from {slim.base}; all is as there"
    head = f"{slim.environment}: {len(slim.built)} relations built, the rest is as in {slim.base}"
    if slim.whole:
        head = f"{slim.environment}: all {len(slim.built)} relations built: {slim.whole}"
    end = f"next: sluice audit {slim.environment}" if built.is_good else "a model or test failed; what was built stays for a look"
    return "\n".join([head, *(f"  {name}" for name in slim.built), end])
