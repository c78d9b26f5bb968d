"""Copies a warehouse file: at once where the file system can share blocks (reflink), else byte by byte, without its holes."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent

# Linux: the ioctl FICLONE makes a file share all blocks of another until one of the two is written to.
_FICLONE = 0x40049409
_CHUNK = 16 * 1024 * 1024


def copy(source: Path, target: Path, tell: Tell = silent) -> bool:
    """Copy a file to a path that does not exist yet; whether it was done by reflink. Holes stay holes.

    Raises SluiceError if there is no room: before the first byte is written, if that can be known.
    """
    try:
        with source.open("rb") as original, target.open("xb") as fresh:
            if _reflinked(original.fileno(), fresh.fileno()):
                return True
            size = os.fstat(original.fileno()).st_size
            _enough_room(target.parent, size)
            _copy_data(original.fileno(), fresh.fileno(), size, tell)
    except OSError as error:
        hint = "make room (sluice prune shows what can go), or check the folder's permissions"
        raise SluiceError(f"the file cannot be copied: {error.strerror}", where=str(target), hint=hint) from error
    return False


def _reflinked(original: int, fresh: int) -> bool:
    try:
        fcntl.ioctl(fresh, _FICLONE, original)
    except OSError:
        return False
    return True


def _enough_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        needed = f"{size / 1e9:,.2f} GB are needed for a copy of the release, {free / 1e9:,.2f} GB are free"
        raise SluiceError(f"not enough room: {needed}", where=str(folder), hint="make room: sluice prune shows what can go")


def _copy_data(original: int, fresh: int, size: int, tell: Tell) -> None:
    buffer = memoryview(bytearray(_CHUNK))
    for start, end in _data(original, size):
        position = start
        while position < end:
            read = os.preadv(original, [buffer[: min(_CHUNK, end - position)]], position)
            if not read:
                break
            written = 0
            while written < read:
                written += os.pwrite(fresh, buffer[written:read], position + written)
            position += read
            tell("copying the release", position / size)
    os.ftruncate(fresh, size)


def _data(original: int, size: int) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch of data; the whole file if the system does not report holes."""
    if not hasattr(os, "SEEK_DATA"):
        yield 0, size
        return
    end = 0
    while end < size:
        try:
            start = os.lseek(original, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole from here on
                return
            raise
        end = os.lseek(original, start, os.SEEK_HOLE)
        yield start, end
