"""Locks on files. The operating system releases a lock when the last process that holds it ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sluice.core.errors import SluiceError

LOCK = ".lock"


@contextmanager
def locked(path: Path, doing: str, patience: float = 0.0) -> Iterator[int]:
    """Hold the lock of a file, and give its descriptor, for child processes that are to hold it too.

    Raises SluiceError, which names the holder and what it is doing, where another process still holds it after `patience`
    seconds; OSError where the file cannot be opened.
    """
    until = time.monotonic() + patience
    with path.open("ab+", buffering=0) as file:
        while not _taken(file.fileno()):
            if time.monotonic() >= until:
                file.seek(0)
                holder = file.read().decode() or "is using it"
                raise SluiceError(f"another command {holder}", where=str(path.parent), hint="wait until it has ended")
            time.sleep(0.01)
        with suppress(OSError):  # the disk is full: only the holder's name is missing
            file.truncate(0)
            file.write(f"(process {os.getpid()}) is {doing}".encode())
        yield file.fileno()


@contextmanager
def holding(folder: Path, doing: str) -> Iterator[int]:
    """As `locked`, for a folder. It waits for a moment, because is_held takes the lock for a moment as well."""
    with locked(folder / LOCK, doing, patience=0.7) as descriptor:
        yield descriptor


def is_held(folder: Path) -> bool:
    """Whether a process holds a folder; of one that this user may not read, that has to be assumed."""
    try:
        with (folder / LOCK).open("rb") as file:
            return not _taken(file.fileno())
    except FileNotFoundError:
        return False
    except PermissionError:
        return True


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
