"""What a pull request's environment holds, for people."""

from __future__ import annotations

from sluice.change.pull_request import PullRequestBuild


def as_text(built: PullRequestBuild) -> str:
    """A pull request environment: what it holds, why, and what comes next."""
    slim = built.slim
    if built.is_good and not slim.built:
        return f"{slim.environment}: nothing that makes data differs from {slim.base}; there is nothing to build"
    head = f"{slim.environment}: {len(slim.built)} relations built, the rest is read from {slim.base}"
    if slim.whole:
        head = f"{slim.environment}: all {len(slim.built)} relations built: {slim.whole}"
    end = (
        f"next: sluice audit {slim.environment}"
        if built.is_good
        else "a model or test failed; what was built is kept for inspection"
    )
    return "\n".join([head, *(f"  {name}" for name in slim.built), end])
