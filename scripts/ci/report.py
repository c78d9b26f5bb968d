"""Make one Markdown report of what the steps of a job wrote, for a comment, an issue and the run's summary.

    python3 scripts/ci/report.py --diff logs/diff.md Build=logs/build.txt Audit=logs/audit.txt

Files that are not there belong to steps that did not run. The report goes to stdout and, inside a workflow, to the run's
summary and to the output `report` of the step. Nothing but Python is needed. Exit code 0.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

# GitHub takes 65,536 characters in a comment; a diff is at most 60,000 bytes. The rest is for the ends of the logs.
LIMIT = 65_000
TAIL = 2_000
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def compose(logs: Mapping[str, str], diff: str | None, title: str = "") -> str:
    """The diff first, and the logs folded away; where there is no diff, the end of the last log stands open: it says why.

    Never longer than a comment may be: a log that does not fit is left out, which is said.
    """
    told = {name: text for name, text in logs.items() if text.strip()}
    head = (diff or "").strip() or f"### {title or 'Data: not compared'}\n\n{_stopped(told)}"
    blocks = [_folded(name, text, is_open=diff is None and name == list(told)[-1]) for name, text in told.items()]
    report = "\n\n".join([head, *blocks])
    if len(report) <= LIMIT:
        return report
    return f"{head[: LIMIT - 100]}\n\n_The logs do not fit; they are in the run._"


def _stopped(told: Mapping[str, str]) -> str:
    if not told:
        return "It stopped before it built anything; the run's log says why."
    return f"It stopped at this step: {list(told)[-1]}."


def _folded(name: str, text: str, *, is_open: bool) -> str:
    end = _end(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", end)), default=0))
    return f"<details{' open' if is_open else ''}><summary>{name}</summary>\n\n{fence}text\n{end}\n{fence}\n\n</details>"


def _end(text: str) -> str:
    """The last lines, without colours, and without what a line that draws itself again has overwritten."""
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in _COLOUR.sub("", text).strip("\n").split("\n")]
    clean = "\n".join(lines).strip("\n")
    return clean if len(clean) <= TAIL else f"…\n{clean[-TAIL:].partition(chr(10))[2]}"


def publish(report: str, environment: Mapping[str, str]) -> None:
    """Append the report to the files that a workflow's step has for its summary and its outputs, where there are such."""
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), report)
    if outputs := environment.get("GITHUB_OUTPUT"):
        # A word that nobody can guess: data in the report can't end the output and begin another.
        end = secrets.token_hex(16)
        _append(Path(outputs), f"report<<{end}\n{report}\n{end}")


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")


def _read(path: str | None) -> str | None:
    file = Path(path) if path else None
    return file.read_text(encoding="utf-8", errors="replace") if file and file.is_file() else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--diff", help="Markdown of sluice diff")
    parser.add_argument("--title", default="", help="the headline where there is no diff")
    parser.add_argument("logs", nargs="*", metavar="NAME=FILE", help="what a step wrote, in the order of the steps")
    given = parser.parse_args(arguments)
    named = [log.partition("=") for log in given.logs]
    report = compose({name: _read(path) or "" for name, _, path in named}, _read(given.diff), given.title)
    print(report)
    publish(report, os.environ)


if __name__ == "__main__":
    main()
