"""Stream: feeds of topics into the lake, until SIGTERM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.paths import lake_root
from sluice.core.run_id import run_id
from sluice.history.recording import as_step, learn
from sluice.ingest.feeds import load_feeds
from sluice.ingest.readers.kafka.feed import KafkaFeed
from sluice.lake.contracts import load_contracts
from sluice.steps.ingest import IngestReport, chosen
from sluice.stream.run import run, until_stopped
from sluice.stream.running import Streamed


@as_step("stream")
def stream(
    files: Sequence[Path], *, select: Sequence[str] = (), memory_limit: str = MEMORY_LIMIT, accept_loss: bool = False
) -> IngestReport:
    """Stream the feeds of topics that `files` define, or those of them in `select`, until SIGTERM or Ctrl-C.

    `accept_loss`: go on where messages are gone that were never read. Raises SluiceError where nothing can be streamed.
    """
    lake, contracts = lake_root(), load_contracts(Path())
    feeds = [feed for feed in chosen(load_feeds(files, contracts=contracts), select, files) if isinstance(feed, KafkaFeed)]
    if not feeds:
        raise SluiceError("no feed can be streamed", where=", ".join(map(str, files)), hint="feeds of `format: kafka` stream")
    with until_stopped() as over:
        reports = run(feeds, contracts, Streamed(lake, run_id(), memory_limit, accept_loss), over.is_set)
    refused = [why for report in reports for _, why in report.refused]
    learn(detail="; ".join(refused) or None)
    return IngestReport(run_id(), reports)
