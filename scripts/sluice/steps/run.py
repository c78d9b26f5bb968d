"""Run: the scheduled job, from new deliveries to a published release."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sluice.alerts.after import Told, after_run
from sluice.candidate.build import Candidate
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import is_interrupt
from sluice.core.progress import Tell, quiet
from sluice.environments.context import here
from sluice.gate.publish import MoveResult
from sluice.history import recording
from sluice.steps.audit import Audited, audit
from sluice.steps.build import BuildReport, build
from sluice.steps.ingest import IngestReport, ingest
from sluice.steps.release import publish

StepReport = IngestReport | BuildReport | Audited | MoveResult | Told


def run(
    feeds: Sequence[Path] = (),
    *,
    environment: str = "prod",
    full_refresh: bool = False,
    force: bool = False,
    why: str | None = None,
    memory_limit: str = MEMORY_LIMIT,
    progress: Callable[[str], AbstractContextManager[Tell]] = quiet,
) -> Generator[StepReport]:
    """Ingest (where there are `feeds`), build a candidate, audit it, publish it; yield each step's report as it ends.

    No candidate is built that would not differ from the current release, unless by `force` or `full_refresh`. No step
    follows a report whose exit code is not 0; the last report is of the incidents, however the steps ended. Raises SluiceError
    and RefusedError as the steps do, and before anything is landed where the environment takes no releases.
    """
    with recording.run("run") as whole:
        whole.environment = environment
        here().policy.pointing(environment)
        yield from _told(_steps(feeds, environment, full_refresh, force, why, memory_limit, progress), environment, feeds)


def _told(reports: Iterator[StepReport], environment: str, feeds: Sequence[Path]) -> Iterator[StepReport]:
    """The reports; then the incidents of the environment, also where a step raised, but not after Ctrl-C."""
    looked: list[str] | None = None
    failure: Exception | None = None
    try:
        for report in reports:
            if isinstance(report, IngestReport):
                looked = [feed.feed for feed in report.feeds]
            yield report
    except Exception as error:
        if is_interrupt(error):
            raise
        failure = error
    yield after_run(here().lake, environment, [path.name if path.is_absolute() else str(path) for path in feeds], looked)
    if failure is not None:
        raise failure


def _steps(
    feeds: Sequence[Path],
    environment: str,
    full_refresh: bool,
    force: bool,
    why: str | None,
    memory_limit: str,
    progress: Callable[[str], AbstractContextManager[Tell]],
) -> Iterator[StepReport]:
    if feeds:
        with progress("ingest") as tell:
            ingested = ingest(feeds, memory_limit=memory_limit, tell=tell)
        yield ingested
        if ingested.exit_code:
            return
    with progress(f"candidate for {environment}") as tell:
        built = build(environment, full_refresh=full_refresh, only_news=not force, tell=tell)
    yield built
    if built.exit_code or not isinstance(built.made, Candidate):
        return
    candidate = built.made.record.release_id
    with progress("audit") as tell:
        audited = audit(candidate, memory_limit=memory_limit, tell=tell)
    yield audited
    if audited.exit_code:
        return
    with progress("publish") as tell:
        published = publish(candidate, environment=environment, why=why, tell=tell)
    yield published
