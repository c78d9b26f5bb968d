"""One writer at a time: a lock on the lake that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice.core.errors import SluiceError


@contextmanager
def writing(lake: Path) -> Iterator[None]:
    """Hold the lake's write lock. Raises SluiceError, naming the holder, where another process has it."""
    try:
        lake.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SluiceError(f"the lake's folder cannot be made: {error}", where=str(lake), hint="check SLUICE_LAKE") from error
    path = lake / ".lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise SluiceError(
                f"another command (process {holder}) is writing", where=str(lake), hint="wait until it has ended"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
