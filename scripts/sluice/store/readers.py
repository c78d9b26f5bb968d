"""Which files a process has open: from DuckDB's locks and, on Linux, from /proc. Only this machine is seen."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_LOCK = struct.Struct("hhqqi4x")


def holders(files: Iterable[Path]) -> dict[Path, int]:
    """The files that are open, each with the id of a process that has it open (0 or less: one outside this container).

    Looking at the lock of a file that this process has open with DuckDB would release it, so those are found by /proc.
    """
    if sys.platform != "linux":
        return {}
    wanted = {}
    for path in files:
        with suppress(OSError):  # it does not exist, or this user may not look there
            wanted[_identity(path)] = path
    found = {wanted[identity]: process for identity, process in _open_files() if identity in wanted}
    locked = {path: _locked_by(path) for path in wanted.values() if path not in found}
    return found | {path: process for path, process in locked.items() if process is not None}


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _open_files() -> Iterator[tuple[tuple[int, int], int]]:
    """What each process has open, as far as this one may see."""
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            opened = list(folder.iterdir())
        except OSError:
            continue
        for link in opened:
            try:
                yield _identity(link), int(folder.parent.name)
            except OSError:
                continue


def _locked_by(path: Path) -> int | None:
    """The process whose lock conflicts with a writer's: every DuckDB connection holds one, also a read-only one."""
    try:
        with path.open("rb") as file:
            asked = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, process = _LOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    except PermissionError:  # another user's, who then keeps it
        return 0
    return None if kind == fcntl.F_UNLCK else process
