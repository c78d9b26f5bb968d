"""`make stream`: from an empty machine with Java to alerts in the marts, with the scorer killed twice; --bench measures latency.

The demo is made, ingested, built, its model trained and published; with --folder, what is there already is taken as it is.
Exit code 1 if a payment was lost or scored twice, or the stolen card was not flagged within a second of its second payment.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from lab.places import REPOSITORY
from lab.stream import bench, story
from lab.stream.shop import DemoShop
from sluice.core.progress import on_stderr

SITE = REPOSITORY / "target" / "stream-site"


def main() -> None:
    """Make the shop if need be, then play or measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep everything here, and begin with what is there")
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=240)
    parser.add_argument("--kept-back", type=int, default=1, help="days whose payments come as a stream")
    parser.add_argument("--rate", type=float, default=50, help="payments a second in the story")
    parser.add_argument("--bench", type=int, nargs="*", metavar="RATE", help="measure latency at these rates instead")
    parser.add_argument("--seconds", type=int, default=60, help="with --bench: how long each run is measured")
    given = parser.parse_args()
    with ExitStack() as stack:
        root = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stream-")))
        root.mkdir(parents=True, exist_ok=True)
        tell = stack.enter_context(on_stderr("stream"))
        shop = DemoShop(root.resolve())
        if not shop.is_published:
            shop.make(given.orders, given.days, given.kept_back, tell)
        if given.bench is not None:
            print(bench.table(list(bench.measure(shop, given.bench or [500, 1000], given.seconds, tell))))
            return
        told = story.play(shop, given.rate, tell)
        shop.sluice("report", "--out", str(SITE))
    print(story.text(told))
    print(f"the page Risk of its site: {SITE.relative_to(REPOSITORY)}/shop-risk.html")
    sys.exit(0 if told.is_well else 1)


if __name__ == "__main__":
    main()
