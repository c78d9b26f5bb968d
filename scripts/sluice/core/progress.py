"""Progress on stderr: a bar on a terminal, otherwise a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Takes what is being done, and the share of the whole that is done (0 to 1).
Tell = Callable[[str, float], None]
SECONDS_BETWEEN_LINES = 10.0


def silent(label: str, share: float) -> None:
    """Say nothing."""


@contextmanager
def on_stderr(title: str) -> Iterator[Tell]:
    """Give a function that shows progress of the work called `title`."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda label, share: bar.update(task, description=f"{title}: {label}", completed=share)


def _lines(title: str) -> Tell:
    last = time.monotonic()

    def tell(label: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"{title}: {share:4.0%} {label}", file=sys.stderr, flush=True)

    return tell
