"""Who works on a candidate holds it: a lock on a file in its folder, which ends with the processes that hold it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice.core.errors import SluiceError

LOCK = ".lock"


@contextmanager
def holding(folder: Path, doing: str) -> Iterator[int]:
    """Hold a folder and give the lock's file descriptor, for child processes that shall hold it too.

    Raises SluiceError, naming what the holder does, where another process has it.
    """
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        if not any(_taken(file.fileno(), wait) for wait in (0, 0.2, 0.5)):
            file.seek(0)
            said = file.read().strip() or "another command is at work on it"
            raise SluiceError(f"{folder.name} is held: {said}", where=str(folder), hint="wait until it has ended")
        file.truncate(0)
        file.write(f"{doing} (process {os.getpid()})")
        file.flush()
        yield file.fileno()


def is_held(folder: Path) -> bool:
    """Whether somebody holds a folder."""
    try:
        with (folder / LOCK).open("rb") as file:
            return not _taken(file.fileno())
    except FileNotFoundError:
        return False


@contextmanager
def alone_at(folder: Path) -> Iterator[None]:
    """Be the only one who begins or removes something in a folder; wait for whoever is."""
    with (folder / LOCK).open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _taken(descriptor: int, wait: float = 0) -> bool:
    """Try, after a wait: who only asks whether something is held has the lock for a moment, too."""
    time.sleep(wait)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
