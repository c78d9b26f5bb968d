"""`make campaign`: 8 readers, 200 publishes, 20 rollbacks, 20 killed publishers; the figures go to docs/campaign.md and .json.

Exit code 1 if a reader met anything that it must not meet. For a trial, use fewer publishes and another --out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.campaign.page import page
from lab.campaign.reader import Reading
from lab.campaign.readers import FOR_EVER, judge, quantiles, reading
from lab.campaign.story import ROWS, CampaignPlan, Story
from lab.tiny_releases import Killer, shop_in
from sluice.core.progress import on_stderr

# Seconds that a connection lives; 0: one query. Four readers reconnect, three stay a while, one stays to the end.
LIVES = (0.0, 0.0, 0.0, 0.0, 1.0, 5.0, 30.0, FOR_EVER)


def carry_out(plan: CampaignPlan, root: Path) -> dict[str, Any]:
    """The whole campaign; its figures."""
    killer = Killer()
    story, steps = Story(shop_in(root), plan, killer), plan.steps()
    story.prepare(steps)
    story.tell(steps[:1])
    started = time.monotonic()
    with reading(root / "warehouse" / "prod.duckdb", LIVES, plan.seed) as readings, on_stderr("campaign") as tell:
        story.tell(steps[1:], tell)
    seconds = time.monotonic() - started
    killer.end()
    return figures(story, readings, seconds)


def figures(story: Story, readings: Sequence[Reading], seconds: float) -> dict[str, Any]:
    """What docs/campaign.json keeps."""
    found = judge(readings, story.truth)
    return {
        "made_on": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count(),
        "load_1_minute": round(os.getloadavg()[0], 1),
        "plan": asdict(story.plan),
        "rows": ROWS,
        "seconds": round(seconds),
        "done": dict(sorted(story.done.items())),
        "took": {
            way: {"times": len(took), "median_ms": round(statistics.median(took) * 1000), "max_ms": round(max(took) * 1000)}
            for way, took in sorted(story.seconds.items())
        },
        "readers": [_reader(one) for one in readings],
        "findings": asdict(found),
    }


def _reader(one: Reading) -> dict[str, Any]:
    return {
        "life_seconds": None if one.life == FOR_EVER else one.life,
        "queries": one.queries,
        "connections": one.connections,
        "releases_seen": len(one.first_seen),
        "errors": len(one.errors),
        "mixtures": len(one.mixtures),
        **quantiles(one.milliseconds),
    }


def main() -> None:
    """Run it and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publishes", type=int, default=200)
    parser.add_argument("--rollbacks", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--refusals", type=int, default=40)
    parser.add_argument("--commands", type=float, default=0.1, help="share of moves that run as commands")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--note", default="", help="a note for the page, e.g. other load")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = vars(parser.parse_args())
    out, note = options.pop("out"), options.pop("note")
    with tempfile.TemporaryDirectory() as root:
        report = carry_out(CampaignPlan(**options), Path(root)) | {"note": note}
    (out / "campaign.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (out / "campaign.md").write_text(page(report), encoding="utf-8")
    print(page(report))
    sys.exit(1 if any(report["findings"].values()) else 0)


if __name__ == "__main__":
    main()
