"""The lake's write lock: one command writes at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.core.locks import LOCK, locked


@contextmanager
def writing(lake: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the lake's write lock. Raises SluiceError, naming the holder, where it is not free within `patience` s."""
    try:
        lake.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SluiceError(f"cannot create the lake's folder: {error}", where=str(lake), hint="check SLUICE_LAKE") from error
    with locked(lake / LOCK, "writing to the lake", patience):
        yield
