"""Delta tables, opened: what is wrong with a damaged one, in words."""

from __future__ import annotations

from pathlib import Path

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from sluice.core.errors import SluiceError, is_interrupt

_HINT = "put this folder back as it was from a copy of the lake (docs/recover.md); other tables are not affected"


def open_table(path: Path) -> DeltaTable:
    """The Delta table in the folder `path` as it is now.

    Raises TableNotFoundError where there is none yet, and SluiceError for one whose log is damaged, lost while its data files
    are there, or written with features that this version of deltalake does not have.
    """
    try:
        return DeltaTable(str(path))
    except TableNotFoundError:
        if any(path.glob("*.parquet")):
            raise SluiceError(
                "the log of the Delta table is lost, its data files are there", where=str(path), hint=_HINT
            ) from None
        raise
    except BaseException as error:  # deltalake's own panics are not Exceptions
        if is_interrupt(error) or not _is_of_deltalake(error):
            raise
        raise damaged(error, path) from error


def damaged(error: BaseException, path: Path) -> SluiceError:
    """The error to raise where deltalake cannot read or write the table in the folder `path`."""
    line = first_line(error)
    if "unsupported" in line.lower():
        return SluiceError(
            f"the Delta table needs what this version of sluice cannot do: {line}",
            where=str(path),
            hint="another program has changed the table; " + _HINT,
        )
    return SluiceError(f"the Delta table is damaged: {line}", where=str(path), hint=_HINT)


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _is_of_deltalake(error: BaseException) -> bool:
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
