"""`make kills`: kill streams of a real broker at random, by SIGKILL; the figures go to docs/streaming-proof.md and .json.

The negative control commits offsets apart from the rows, and has to double some. Exit code 1 if a message was lost or
doubled, or if the control doubled none. For a trial, kill fewer and use another --out.
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

from lab.broker import broker
from lab.kills.story import Arrived, killed
from sluice.core.progress import on_stderr

PAGE = """# Streams that are killed

Written by `make kills`; do not edit. On {made_on}, {cores} cores: a producer sent 2,000 messages a second to four partitions
of Apache Kafka, one in fifty of them against the contract, while the loop of `sluice stream` landed a batch every 0.1 s. It
was killed by SIGKILL {kills} times, and started again each time; {inside} of the kills fell inside reading, writing or
committing. One in seven kills came at any moment, the others at a moment of a phase that was drawn; of the streams that
had to undo what the one before them had left, some were killed while they did. It took {seconds:,} seconds, with seed {seed}.

| phase in which the stream was killed | kills |
| --- | ---: |
{phases}

| messages | with sluice | control: offsets committed apart |
| --- | ---: | ---: |
| streams killed | {kills:,} | {control[kills]:,} |
| sent | {sent:,} | {control[sent]:,} |
| in the raw table | {landed:,} | {control[landed]:,} |
| in quarantine | {quarantined:,} | {control[quarantined]:,} |
| **lost** | **{lost:,}** | {control[lost]:,} |
| **there more than once** | **{doubled:,}** | {control[doubled]:,} |
| not in the records of batches, or there too often | {wrong_records:,} | {control[wrong_records]:,} |

The control is the same program, but for one thing: it commits its offsets to the broker after the batch, instead of in the
commit of the batch, a moment later. It is killed between the two. That it doubles messages shows that the comparison can see it.

What SIGKILL does not show: a machine that loses power, and a disk that loses what it said it had written.
"""


def page(report: dict[str, Any]) -> str:
    """The page of a report."""
    phases = "\n".join(f"| {name} | {count} |" for name, count in report["phases"].items())
    return PAGE.format(**{**report, "phases": phases})


def main() -> None:
    """Run it and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--control", type=int, default=8, help="kills of the control")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, on_stderr("kills") as tell:
        root = Path(folder)
        with broker.running(root / "broker") as running:
            arrived = killed(running, root, options.kills, options.seed, tell=tell)
            control = killed(running, root, options.control, options.seed, apart=True, tell=tell)
    report = {
        "made_on": f"{datetime.now(UTC):%Y-%m-%d}", "cores": os.cpu_count(), "seed": options.seed, **asdict(arrived),
        "inside": arrived.inside, "control": asdict(control), "seconds": round(time.monotonic() - started),
    }  # fmt: skip
    (options.out / "streaming-proof.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (options.out / "streaming-proof.md").write_text(page(report), encoding="utf-8")
    print(page(report))
    sys.exit(0 if proves(arrived, control) else 1)


def proves(arrived: Arrived, control: Arrived) -> bool:
    """Whether nothing was lost or doubled where half of the kills were inside, and the control shows that it would be seen."""
    return arrived.is_exact and 2 * arrived.inside >= arrived.kills and control.doubled > 0


if __name__ == "__main__":
    main()
