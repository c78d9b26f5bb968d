"""The lake's write lock: one command writes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.core.locks import LOCK, locked

# A stream holds the lock for seconds at a time, and gives it up in between.
_STREAM, _STREAM_PATIENCE = "landing a batch of a stream", 60.0


@contextmanager
def writing(lake: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the lake's write lock. Raises SluiceError, naming the holder, where it is not free within `patience` s.

    A stream that holds it is waited for: it does so between batches only.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(_held(lake, "writing to the lake", patience))
        except SluiceError as error:
            if _STREAM not in error.what or patience >= _STREAM_PATIENCE:
                raise
            stack.enter_context(_held(lake, "writing to the lake", _STREAM_PATIENCE))
        yield


@contextmanager
def streaming(lake: Path, patience: float) -> Iterator[None]:
    """The same for a batch of a stream."""
    with _held(lake, _STREAM, patience):
        yield


@contextmanager
def _held(lake: Path, doing: str, patience: float) -> Iterator[None]:
    try:
        lake.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SluiceError(f"cannot create the lake's folder: {error}", where=str(lake), hint="check SLUICE_LAKE") from error
    with locked(lake / LOCK, doing, patience):
        yield
