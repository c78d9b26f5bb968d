"""Mutation testing of the dbt project, by a written list.

Each mutant changes one place of a model, a macro or a business rule in a copy of the project. The unit tests of the models
that it touches run; only if none fails, these models and everything downstream are rebuilt on a small demo with their data
tests. Exit code 0: every mutant was noticed; 1: one survived; 2: the list, or the project, could not be run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from lab.mutants.mutant_list import Mutant, read, selected
from lab.mutants.runner import Bench, Finding, batches
from lab.places import REPOSITORY
from sluice.core.errors import SluiceError


def judge(mutants: Sequence[Mutant], project: Path) -> list[Finding]:
    """Every mutant's finding. All are applied to their texts first, so that a wrong entry is reported at the start."""
    for mutant in mutants:
        if not (project / mutant.file).is_file():
            raise SluiceError(f"mutant {mutant.id}: no such file", where=mutant.file, hint="correct `file`")
        mutant.applied((project / mutant.file).read_text(encoding="utf-8"))
    findings = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(Path(folder))
        bench.prepare(project)
        for batch in batches(mutants):
            for finding in bench.try_out(batch):
                findings.append(finding)
                print(f"{len(findings)}/{len(mutants)} {line(finding)}", file=sys.stderr, flush=True)
    return findings


def line(finding: Finding) -> str:
    """One finding for people."""
    if not finding.killed_by:
        return f"{finding.id:<44} SURVIVED    {finding.breaks}"
    return f"{finding.id:<44} {finding.killed_by:<11} {', '.join(finding.tests[:3])}"


def text(findings: Sequence[Finding]) -> str:
    """All findings, and how many survived."""
    survived = sum(not finding.killed_by for finding in findings)
    return "\n".join([*map(line, findings), "", f"{len(findings)} mutants, {survived} survived"])


def main() -> int:
    """Read the options, judge, print."""
    parser = argparse.ArgumentParser(prog="mutants", description="Break the SQL on purpose and see which test notices.")
    parser.add_argument("--select", nargs="+", default=[], metavar="ID", help="only these mutants")
    parser.add_argument("--list", type=Path, default=Path(__file__).with_name("list"), metavar="PATH")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    try:
        findings = judge(selected(read(options.list), options.select), REPOSITORY)
    except SluiceError as error:
        print("\n".join(filter(None, [f"error: {error.what}", error.where, error.hint])), file=sys.stderr)
        return 2
    print(text(findings) if options.format == "text" else json.dumps([asdict(finding) for finding in findings], indent=2))
    return 0 if all(finding.killed_by for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
