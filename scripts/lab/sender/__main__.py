"""`make alerts`: kill 500 senders of alerts, each at a random step; the figures go to docs/incidents-proof.md and .json.

Exit code 1 if an alert was lost. For a trial, kill fewer and use another --out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.sender.story import killed
from sluice.core.progress import on_stderr

PAGE = """# Alerts, when their sender is killed

Written by `make alerts`; do not edit. On {made_on}, {cores} cores: {senders:,} nights were begun, and {kills:,} of them killed by
SIGKILL before a step chosen at random: a file that is opened or renamed, a lock, a write to the history, a connection, a request;
or after a write or an answer. In each night another check fails, and that of the night before holds again. A night that was
killed is carried out by the next sender. The receiver is an HTTP server on loopback.

| alerts | |
| --- | ---: |
| expected | {expected:,} |
| lost | {lost:,} |
| an end that came before its begin | {out_of_order:,} |
| came twice: the sender was killed between the answer and its record | {twice:,} |
| of these, with another id than the first time | {other_ids:,} |

A receiver that drops an id that it has had before gets every alert once. It took {seconds:,} seconds.
"""


def page(report: dict[str, Any]) -> str:
    """The page of a report."""
    counts = {name: len(report[name]) for name in ("lost", "out_of_order")}
    return PAGE.format(**{**report, **counts})


def main() -> None:
    """Run it and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as root, on_stderr("alerts") as tell:
        arrived = killed(options.kills, Path(root), options.seed, tell)
    report = {
        "made_on": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count(),
        **asdict(arrived),
        "seconds": round(time.monotonic() - started),
    }
    (options.out / "incidents-proof.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (options.out / "incidents-proof.md").write_text(page(report), encoding="utf-8")
    print(page(report))
    sys.exit(1 if arrived.lost or arrived.out_of_order or arrived.other_ids else 0)


if __name__ == "__main__":
    main()
