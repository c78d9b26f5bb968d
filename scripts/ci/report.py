"""Make one Markdown report of what the steps of a job wrote, for a comment, an issue and the run's summary.

    python3 scripts/ci/report.py --diff logs/diff.md Build:success=logs/build.txt Audit:failure=logs/audit.txt

Files that are not there belong to steps that did not run; how a step ended, as GitHub calls it, may stand behind its name.
The report goes to stdout and, inside a workflow, to the run's summary and to the output `report` of the step. Nothing but
Python is needed. Exit code 0.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# GitHub takes 65,536 characters in a comment; a diff is at most 60,000 bytes. The rest is for the ends of the logs.
LIMIT = 65_000
TAIL = 2_000
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# How far a command is, as sluice says it on stderr: `dbt build:  20% test every_order_has_a_line`.
_PROGRESS = re.compile(r"^[\w -]+: [ \d]{3}% ")


@dataclass(frozen=True)
class Log:
    """What a step wrote, and whether it failed."""

    name: str
    text: str
    is_failed: bool = False


def compose(logs: Sequence[Log], diff: str | None, title: str = "") -> str:
    """What failed, the diff, and the logs: folded away, but those of steps that failed.

    Never longer than a comment may be: logs that do not fit are left out, which is said.
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
    return headline if told else f"{headline}\n\nNo step wrote anything; the run's log says why."


def _folded(log: Log) -> str:
    end = _end(log.text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", end)), default=0))
    opened = "<details open>" if log.is_failed else "<details>"
    return f"{opened}<summary>{log.name}</summary>\n\n{fence}text\n{end}\n{fence}\n\n</details>"


def _end(text: str) -> str:
    """The last lines, without colours, without progress, and without what a line that draws itself again has overwritten."""
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in _COLOUR.sub("", text).strip("\n").split("\n")]
    clean = "\n".join(line for line in lines if not _PROGRESS.match(line)).strip("\n")
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


def log_of(argument: str) -> Log:
    """The log that `Build:failure=logs/build.txt` names."""
    named, _, path = argument.partition("=")
    name, _, outcome = named.partition(":")
    return Log(name, _read(path) or "", is_failed=outcome == "failure")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--diff", help="Markdown of sluice diff")
    parser.add_argument("--title", default="", help="the headline where there is no diff")
    parser.add_argument("logs", nargs="*", metavar="NAME[:OUTCOME]=FILE", help="what a step wrote, in the order of the steps")
    given = parser.parse_args(arguments)
    report = compose([log_of(argument) for argument in given.logs], _read(given.diff), given.title)
    print(report)
    publish(report, os.environ)


if __name__ == "__main__":
    main()
