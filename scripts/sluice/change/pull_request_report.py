"""What a pull request's environment holds, for people."""

from __future__ import annotations

from sluice.change.pull_request import PullRequestBuild


def as_text(built: PullRequestBuild) -> str:
    """A pull request environment: what it holds, why, and what comes next."""
    made = built.contents
    if built.is_good and not made.built:
        return f"{made.environment}: nothing that makes data differs from {made.base}; there is nothing to build"
    head = f"{made.environment}: {len(made.built)} relations built, the rest is read from {made.base}"
    if made.whole:
        head = f"{made.environment}: all {len(made.built)} relations built: {made.whole}"
    end = (
        f"next: sluice audit {made.environment}"
        if built.is_good
        else "a model or test failed; what was built is kept for inspection"
    )
    return "\n".join([head, *(f"  {name}" for name in made.built), end])
