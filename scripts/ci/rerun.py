"""What a run of a workflow works on, if GitHub starts it again: GitHub gives it the commit and the inputs of then.

    python3 scripts/ci/rerun.py newest     says which commit is built, and why: WHY for the next steps
    python3 scripts/ci/rerun.py once       refuses a second attempt

`newest` is for a job that checks out main: also an old run builds main as it is now, never the code of then. `once` is for
a job that takes a step from where it is, such as a rollback: a second attempt would take one more. It needs only Python.

Exit code 0: go on. 1: it is a second attempt of what may be done once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def newest(commit: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The notice for the log (empty if the run was started for this commit), and the reason for the history."""
    started = environment.get("GITHUB_SHA", commit)
    why = f"merge of {commit}"
    if started == commit:
        return "", why
    return f"this run was started for {started}; main is at {commit} now, which is what is built", why


def refusal(environment: Mapping[str, str]) -> str:
    """Why this attempt may not go on; empty for a first one, and for a rollback to a named release."""
    if environment.get("GITHUB_RUN_ATTEMPT", "1") in ("", "1") or environment.get("TO"):
        return ""
    return "this run was started again, and would go back one release further; start a new one instead (Run workflow)"


def main(verb: str) -> int:
    """Run the command line."""
    if verb == "once":
        said = refusal(os.environ)
        if said:
            print(f"::error::{said}")
        return int(bool(said))
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)  # noqa: S607  (git is on PATH)
    notice, why = newest(head.stdout.strip(), os.environ)
    print(f"::notice::{notice}" if notice else why)
    if file := os.environ.get("GITHUB_ENV"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(f"WHY={why}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
