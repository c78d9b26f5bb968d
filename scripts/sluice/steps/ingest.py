"""Ingest: new data of each feed into the lake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.paths import lake_root
from sluice.core.progress import Tell, silent
from sluice.core.run_id import run_id
from sluice.history.recording import as_step, learn
from sluice.ingest.feeds import load_feeds
from sluice.ingest.landing import FeedReport
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.run import run
from sluice.lake.contracts import load_contracts
from sluice.lake.lock import writing


@dataclass(frozen=True)
class IngestReport:
    """What one run of ingest did with each feed."""

    run_id: str
    feeds: tuple[FeedReport, ...]

    @property
    def exit_code(self) -> int:
        """1 where a file or a feed was refused as a whole."""
        return int(any(feed.refused for feed in self.feeds))


@as_step("ingest")
def ingest(
    files: Sequence[Path], *, select: Sequence[str] = (), memory_limit: str = MEMORY_LIMIT, tell: Tell = silent
) -> IngestReport:
    """Ingest the feeds that `files` define, or those of them in `select` (source or source.table).

    Raises SluiceError where nothing can be ingested; a feed that is refused does not stop the others.
    """
    lake, contracts = lake_root(), load_contracts(Path())
    wanted = chosen(load_feeds(files, contracts=contracts), select, files)
    with writing(lake):
        reports = tuple(run(wanted, contracts, lake, run_id=run_id(), memory_limit=memory_limit, tell=tell))
    refused = [why for report in reports for _, why in report.refused]
    learn(detail="; ".join(refused) or None)
    return IngestReport(run_id(), reports)


def chosen(feeds: Sequence[Feed], select: Sequence[str], files: Sequence[Path]) -> list[Feed]:
    """Those of the feeds that `select` names (source or source.table), or all. Raises SluiceError where there is none."""
    known = {name for feed in feeds for name in (feed.name, feed.source)}
    for name in select:
        if name not in known:
            hint = did_you_mean(name, known, f"feeds: {', '.join(feed.name for feed in feeds)}")
            raise SluiceError(f"there is no feed {name} to ingest", where=", ".join(map(str, files)), hint=hint)
    found = [feed for feed in feeds if not select or {feed.name, feed.source} & set(select)]
    if not found:
        raise SluiceError("there is no feed to ingest", where=", ".join(map(str, files)), hint="list some under `feeds:`")
    return found
