"""The whole score: a history, every fault injected into it, clean days, distributed over several processes."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from lab.faults import registry
from lab.faults.history import Size, make_history, tally, together, watch_clean_days
from lab.faults.kept import Kept
from lab.faults.slot import Slot, parsed
from lab.faults.trial import History, try_fault
from lab.faults.verdict import CleanDays, FaultVerdict
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent

# A stretch of clean days: longer ones keep one process busy to the end, shorter ones build more histories.
STRETCH = 30


@dataclass(frozen=True)
class ScoreOptions:
    """What to try: the project, its feeds, the corpus and its chosen faults, the demo's size, the number of workers.

    `kept` is a file with what an earlier run has found, which is not tried again.
    """

    project: Path
    feeds: Path
    corpus: Path
    select: tuple[str, ...]
    size: Size
    clean_days: int
    workers: int
    kept: Path | None = None


@dataclass(frozen=True)
class Score:
    """The result: verdicts in the corpus' order, and the false alarms."""

    version: str
    size: Size
    verdicts: tuple[FaultVerdict, ...]
    clean: CleanDays
    seconds: float


def score(options: ScoreOptions, tell: Tell = silent) -> Score:
    """Try the chosen faults. Everything is in one temporary folder, which is removed.

    Raises SluiceError if a word of `select` matches no fault, or the project cannot be built.
    """
    started = time.monotonic()
    entries = registry.load(options.corpus)
    chosen = registry.select(entries.faults, options.select)
    if options.size.days <= max(entry.days for entry in chosen) + 7:
        raise SluiceError("too few days to learn what is usual", where="--days", hint="use 21 days or more")
    kept = Kept(options.kept, entries.version, options.size)
    with _temporary() as root, _pool(options, root) as pool:
        last = max(entry.days for entry in chosen)
        tell("clean history", 0.0)
        history = _wait(pool.submit(_history, root, options.size, last))
        _collect(_submit(pool, options, root, history, chosen, kept), kept, tell)
    in_order = tuple(kept.verdicts[entry.id] for entry in chosen)
    clean = together([tally(history.facts), *kept.clean.values()])
    return Score(entries.version, options.size, in_order, clean, round(time.monotonic() - started, 1))


@contextmanager
def _temporary() -> Iterator[Path]:
    root = Path(mkdtemp(prefix="sluice-faults-"))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _pool(options: ScoreOptions, root: Path) -> Iterator[ProcessPoolExecutor]:
    # Forks have at once what this process has imported, but forks of a process with threads (a progress bar has one) may hang.
    context = multiprocessing.get_context("fork" if threading.active_count() == 1 else "spawn")
    arguments = (options.project.absolute(), options.feeds, options.corpus.absolute(), root)
    pool = ProcessPoolExecutor(options.workers, context, _start, arguments)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(
    pool: ProcessPoolExecutor,
    options: ScoreOptions,
    root: Path,
    history: History,
    chosen: Sequence[registry.Fault],
    kept: Kept,
) -> dict[Future[Any], int]:
    """What is left to try, with the seed of its demo. The longest work first, so that no process is left alone with it."""
    clean = [each for each in stretches(options.size, options.clean_days) if each[0].seed not in kept.clean]
    jobs = {pool.submit(_clean_days, root, size, count): size.seed for size, count in clean}
    by_length = sorted((entry for entry in chosen if entry.id not in kept.verdicts), key=lambda entry: -entry.days)
    return jobs | {pool.submit(_try, history, entry.id): options.size.seed for entry in by_length}


def stretches(size: Size, clean_days: int) -> list[tuple[Size, int]]:
    """Demos for clean days: each as busy as the faults' demo, with that many days on top, and a seed of its own."""
    counts = [min(STRETCH, clean_days - begun) for begun in range(0, clean_days, STRETCH)]
    return [
        (Size(size.orders * (size.days + count) // size.days, size.days + count, size.seed + number), count)
        for number, count in enumerate(counts, 1)
    ]


def _collect(jobs: Mapping[Future[Any], int], kept: Kept, tell: Tell) -> None:
    for number, job in enumerate(as_completed(jobs), 1):
        result = _wait(job)
        kept.add(result, jobs[job])
        what = f"{result.days} clean days" if isinstance(result, CleanDays) else f"{result.id}: {result.place}"
        tell(what, number / len(jobs))


def _wait(job: Future[Any]) -> Any:
    try:
        return job.result()
    except BrokenProcessPool as error:
        raise SluiceError("a worker could not start or was killed", hint="see above; is there enough memory?") from error


# in a worker


def _start(project: Path, feeds: Path, corpus_folder: Path, root: Path) -> None:
    # Results go through a pipe. DuckDB draws progress bars on stdout here: a process spawned by `python -m` looks interactive.
    os.dup2(2, 1)
    os.environ["SLUICE_FAULTS_SLOT"] = str(root / f"slot-{os.getpid()}")
    os.environ.setdefault("SLUICE_MEMORY", "1GB")
    os.chdir(project)
    os.environ["SLUICE_FAULTS_FEEDS"], os.environ["SLUICE_FAULTS_CORPUS"] = str(feeds), str(corpus_folder)


@lru_cache(maxsize=1)
def _slot() -> Slot:
    """The slot of this process, parsed once."""
    root = Path(os.environ["SLUICE_FAULTS_SLOT"])
    return parsed(Slot(root, Path.cwd(), Path(os.environ["SLUICE_FAULTS_FEEDS"])))


@lru_cache(maxsize=1)
def _faults() -> dict[str, registry.Fault]:
    return {entry.id: entry for entry in registry.load(Path(os.environ["SLUICE_FAULTS_CORPUS"])).faults}


def _history(root: Path, size: Size, last: int) -> History:
    return make_history(_slot(), root / "history", size, last)


def _try(history: History, fault_id: str) -> FaultVerdict:
    try:
        return try_fault(_slot(), history, _faults()[fault_id])
    except SluiceError as error:
        raise SluiceError(f"{fault_id}: {error.what}", where=error.where, hint=error.hint) from None


def _clean_days(root: Path, size: Size, count: int) -> CleanDays:
    return watch_clean_days(_slot(), root / f"clean-{size.seed}", size, count)
