"""Progress on stderr: a bar on a terminal, otherwise a plain line now and then. It never goes backwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sluice.core import log

# Takes what is being done, and the share of the whole that is done (0 to 1).
Tell = Callable[[str, float], None]
SECONDS_BETWEEN_LINES = 10.0


def silent(label: str, share: float) -> None:
    """Show nothing."""


@contextmanager
def quiet(title: str) -> Iterator[Tell]:  # noqa: ARG001  (as on_stderr)
    """As on_stderr, but nothing is shown."""
    yield silent


def part(tell: Tell, start: float, end: float) -> Tell:
    """Progress of one step of several: its 0 is `start` of the whole, its 1 is `end`."""
    return lambda label, share: tell(label, start + share * (end - start))


def forward(tell: Tell) -> Tell:
    """The same, but a share that falls behind an earlier one is shown as the earlier one."""
    furthest = 0.0

    def onwards(label: str, share: float) -> None:
        nonlocal furthest
        furthest = max(furthest, min(share, 1.0))
        tell(label, furthest)

    return onwards


@contextmanager
def on_stderr(title: str) -> Iterator[Tell]:
    """Give a function that shows progress of the work called `title`; in the log, `title` is the step."""
    with log.step(title), _logged() if log.is_json() else _shown(title) as tell:
        yield tell


@contextmanager
def _logged() -> Iterator[Tell]:
    started = time.monotonic()
    log.say("begins")
    ended = "stops before its end"
    try:
        yield forward(_lines(""))
        ended = "ends"
    finally:
        log.say(ended, seconds=round(time.monotonic() - started, 3))


@contextmanager
def _shown(title: str) -> Iterator[Tell]:
    if not sys.stderr.isatty():
        yield forward(_lines(title))
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    label = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True))
    columns = (BarColumn(20), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), label)
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield forward(lambda label, share: bar.update(task, description=f"{title}: {label}", completed=share))


def _lines(title: str) -> Tell:
    last = time.monotonic()

    def tell(label: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            log.say(label if log.is_json() else f"{title}: {share:4.0%} {label}", share=round(share, 4))

    return tell
