"""Combine the output of a job's steps into one Markdown report, for a comment, an issue and the run's summary.

    python3 scripts/ci/report.py --diff logs/diff.md Build:success=logs/build.txt Audit:failure=logs/audit.txt

A missing file means that the step did not run. The outcome of a step, in GitHub's words, can follow its name. The report goes
to stdout and, inside a workflow, to the summary of the run and to the output `report` of the step. It needs only Python.
Exit code 0.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# GitHub takes 65,536 characters in a comment; a diff is at most 60,000 bytes. The rest is for the last lines of the logs.
LIMIT = 65_000
TAIL = 2_000
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Progress as sluice prints it on stderr: `dbt build:  20% test every_order_has_a_line`.
_PROGRESS = re.compile(r"^[\w -]+: [ \d]{3}% ")


@dataclass(frozen=True)
class Log:
    """What a step wrote, and whether it failed."""

    name: str
    text: str
    is_failed: bool = False


def compose(logs: Sequence[Log], diff: str | None, title: str = "") -> str:
    """What failed, the diff, and the logs: collapsed, except those of failed steps.

    Never longer than a comment may be: logs that do not fit are left out, and the report says so.
    """
    told = [log for log in logs if log.text.strip() or log.is_failed]
    failed = [f"**{log.name} failed.**" for log in told if log.is_failed]
    head = "\n\n".join([*failed, (diff or "").strip() or _without_diff(title, told)])
    report = "\n\n".join([head, *map(_folded, told)])
    if len(report) <= LIMIT:
        return report
    return f"{head[: LIMIT - 100]}\n\n_The logs do not fit; they are in the run._"


def _without_diff(title: str, told: Sequence[Log]) -> str:
    headline = f"### {title or 'Data: not compared'}"
    return headline if told else f"{headline}\n\nNo step wrote any output; see the log of the run."


def _folded(log: Log) -> str:
    end = _end(log.text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", end)), default=0))
    opened = "<details open>" if log.is_failed else "<details>"
    return f"{opened}<summary>{log.name}</summary>\n\n{fence}text\n{end}\n{fence}\n\n</details>"


def _end(text: str) -> str:
    """The last lines, without colours, progress and overwritten text."""
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in _COLOUR.sub("", text).strip("\n").split("\n")]
    clean = "\n".join(line for line in lines if not _PROGRESS.match(line)).strip("\n")
    return clean if len(clean) <= TAIL else f"…\n{clean[-TAIL:].partition(chr(10))[2]}"


def publish(report: str, environment: Mapping[str, str]) -> None:
    """Append the report to the summary and output files of the workflow's step, if there are any."""
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), report)
    if outputs := environment.get("GITHUB_OUTPUT"):
        # A random word: data in the report cannot end this output and begin another.
        end = secrets.token_hex(16)
        _append(Path(outputs), f"report<<{end}\n{report}\n{end}")


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"{text}\n")


def _read(path: str | None) -> str | None:
    file = Path(path) if path else None
    return file.read_text(encoding="utf-8", errors="replace") if file and file.is_file() else None


def log_of(argument: str) -> Log:
    """The log that `Build:failure=logs/build.txt` names."""
    named, _, path = argument.partition("=")
    name, _, outcome = named.partition(":")
    return Log(name, _read(path) or "", is_failed=outcome == "failure")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--diff", help="Markdown of sluice diff")
    parser.add_argument("--title", default="", help="the headline if there is no diff")
    parser.add_argument("logs", nargs="*", metavar="NAME[:OUTCOME]=FILE", help="what a step wrote, in the order of the steps")
    given = parser.parse_args(arguments)
    report = compose([log_of(argument) for argument in given.logs], _read(given.diff), given.title)
    print(report)
    publish(report, os.environ)


if __name__ == "__main__":
    main()
