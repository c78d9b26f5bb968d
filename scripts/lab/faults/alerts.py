"""How many people a fault would wake: the incidents that its findings become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sluice.core.dbt import artifact

if TYPE_CHECKING:
    from sluice.alerts.finding import Finding
    from sluice.alerts.kin import Kin
    from sluice.history.kinds import RefusalEntry
    from sluice.ingest.landing import FeedReport


def alerts(target: Path, findings: Sequence[Finding], reports: Sequence[FeedReport]) -> int:
    """The number of causes of the findings and of refused files, by the lineage in `target`/manifest.json."""
    from sluice.alerts import of_feeds
    from sluice.alerts.cause import causes

    now = datetime.now(UTC).replace(tzinfo=None)
    refused = list(_refused(reports, now))
    if not findings and not refused:
        return 0
    of_files = of_feeds.refused(refused, artifact(target, "manifest.json"), None, now).findings
    return len(causes([*findings, *of_files], _kin(target)))


def _refused(reports: Sequence[FeedReport], now: datetime) -> Iterator[RefusalEntry]:
    from sluice.history.kinds import RefusalEntry

    for report in reports:
        for file, why in report.refused:
            yield RefusalEntry(refused_at=now, run_id="", feed=report.feed, file=str(file), reason=str(why))


@lru_cache(maxsize=1)
def _kin(target: Path) -> Kin:
    """The lineage, which no trial changes."""
    from sluice.alerts.kin import Kin

    return Kin(artifact(target, "manifest.json"))
