"""Go on with new deliveries for some minutes, and list what was found by kind, each with its shortest example.

A kind of value that refuses its whole file, or makes the table unreadable, is found by halving, noted, and left out from
then on: it would hide the others.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.helpers import unsigned
from tests.helpers.fuzz import cells, columns, files, styles, tried, written
from tests.helpers.fuzz.spellings import DECKS
from tests.helpers.fuzz.trial import Finding

from sluice.core.duck import link_extensions

_DICE = st.integers(0, 1 << 32).map(Random)
# Name -> what is tried, and what it is given: first a deck that can be halved.
TRIES: dict[str, tuple[Callable[..., list[Finding]], tuple[SearchStrategy[Any], ...]]] = {
    "csv": (tried.csv, (DECKS, cells.DIALECTS, _DICE)),
    "json": (tried.json, (DECKS, cells.SHAPES, _DICE)),
    "parquet": (tried.parquet, (columns.DECKS, _DICE)),
    **{
        f"{format} files": (lambda deck, format=format: tried.whole_files(format, deck), (files.decks(format),))
        for format in files.KINDS
    },
    "styles": (tried.in_styles, (styles.RECORDS, styles.STYLES, styles.STYLES)),
    "programs": (tried.programs, (written.RECORDS,)),
}
_BLOCKING = {"file refused", "table unreadable", "feed stopped"}


@dataclass
class Log:
    """What was found: how often and by which shortest example; which kinds are left out by now."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    left_out: set[tuple[str, str]] = field(default_factory=set)
    tries: int = 0
    end: float = float("inf")

    def note(self, finding: Finding) -> None:
        key = (finding.format, finding.what, finding.kind)
        self.counts[key] += 1
        known = self.examples.get(key)
        if known is None or len(str(finding)) < len(str(known)):
            self.examples[key] = finding

    def explore(self, name: str, deck: Sequence[Any], rest: Sequence[Any]) -> None:
        """Try a deck, and its halves where all of it was stopped by one of it."""
        deck = [item for item in deck if (name, getattr(item, "kind", "")) not in self.left_out]
        if time.monotonic() > self.end:
            return
        self.tries += 1
        findings = TRIES[name][0](deck, *rest)
        stopped = [finding for finding in findings if finding.what in _BLOCKING]
        if stopped and len(deck) > 1:
            self.explore(name, deck[: len(deck) // 2], rest)
            self.explore(name, deck[len(deck) // 2 :], rest)
            return
        kind = getattr(deck[0], "kind", "") if deck else ""
        if stopped and kind:
            self.left_out.add((name, kind))
        for finding in findings:
            self.note(finding if finding.kind else replace(finding, kind=kind, shown=f"{deck[0]}"))

    def __str__(self) -> str:
        lines = [f"{self.counts[key]:6} {self.examples[key]!s:.300}" for key in sorted(self.counts)]
        return "\n".join([*lines, f"{len(lines)} kinds of findings in {self.tries} tries"])


def _round(name: str, number: int, log: Log) -> None:
    @seed(number)
    @settings(max_examples=5, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.tuples(*TRIES[name][1]))
    def go(drawn: tuple[Any, ...]) -> None:
        log.explore(name, drawn[0], drawn[1:])

    go()


def main(arguments: Sequence[str] | None = None) -> int:
    """0: nothing was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on (default: 1)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="where chance begins (default: the clock)")
    parser.add_argument("--select", nargs="*", default=list(TRIES), choices=list(TRIES), help="what is tried (default: all)")
    chosen = parser.parse_args(arguments)
    log, number = Log(end=time.monotonic() + chosen.minutes * 60), chosen.seed
    print(f"seed {number}", file=sys.stderr)
    while time.monotonic() < log.end:
        for name in chosen.select:
            _round(name, number, log)
        number += 1
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(log)
    print(f"{used.ru_utime + used.ru_stime:.0f} CPU seconds")
    return 1 if log.counts else 0


if __name__ == "__main__":
    unsigned.use()
    os.environ["SLUICE_EXTENSIONS"] = str(Path(tempfile.gettempdir()) / f"sluice-fuzz-{os.getuid()}")
    link_extensions()
    sys.exit(main())
