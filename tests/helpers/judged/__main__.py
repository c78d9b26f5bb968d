"""Go on with new tables and checks for some minutes, and list each kind of disagreement once, with its shortest example."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.helpers.judged import audits, diffs


def _found(what: str, seed: int) -> Iterator[tuple[str, str]]:
    """Kind and text of each disagreement of a batch."""
    if what == "diffs":
        yield from ((f"diff, {fault.partition(':')[0]}", f"{fault}\n{pair}") for pair, fault in diffs.batch(seed, 90))
        return
    with TemporaryDirectory() as folder:
        yield from ((f"audit, {fault.split()[0]}", fault) for fault in audits.batch(Path(folder), seed, 40))


def main(arguments: Sequence[str] | None = None) -> int:
    """0: product and reference say the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on (default: 1)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="where chance begins (default: the clock)")
    chosen, _ = parser.parse_known_args(arguments)  # `make fuzz` gives options of its other program, too
    counts: Counter[str] = Counter()
    shortest: dict[str, str] = {}
    end, seed = time.monotonic() + chosen.minutes * 60, chosen.seed
    print(f"seed {seed}", file=sys.stderr)
    while time.monotonic() < end:
        for what in ("diffs", "audits"):
            for kind, text in _found(what, seed):
                counts[kind] += 1
                shortest[kind] = min(shortest.get(kind, text), text, key=len)
        seed += 1
    for kind, count in counts.most_common():
        print(f"{count:6} {kind}: {shortest[kind]}")
    print(f"{len(counts)} kinds of disagreements in {seed - chosen.seed} rounds")
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
