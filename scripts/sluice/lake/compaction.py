"""Small files of a raw table made one. The old ones stay: versions that releases pin, and readers at work, still have them."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from deltalake import PostCommitHookProperties
from deltalake.exceptions import DeltaError

from sluice.lake.opening import open_table
from sluice.lake.raw import RawTable

# A file of this size is left as it is.
FILE_BYTES = 64 * 2**20
# What a version has given up stays for so long all the same: somebody may be reading it, or building from it.
SUPERSEDED_HOURS = 7 * 24
_NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


def compact(table: RawTable) -> None:
    """Write the rows of small files into one, in a commit that changes no row. The caller holds the lake's lock."""
    with suppress(DeltaError):  # the next one does what this one could not
        delta = table.open()
        delta.optimize.compact(target_size=FILE_BYTES, max_concurrent_tasks=1, post_commithook_properties=_NO_HOOKS)
        delta.create_checkpoint()


def superseded(table: Path, pinned: Collection[int], *, remove: bool = False) -> int:
    """Bytes of files that neither the newest version of a table has nor one in `pinned`, given up more than a week ago.

    With `remove`, they are gone afterwards; the caller then holds the lake's lock. Raises SluiceError for a damaged table, and
    DeltaError where a pinned version cannot be read: then nothing is removed.
    """
    delta, keep = open_table(table), sorted(pinned)

    def found(*, is_trial: bool) -> list[str]:
        return delta.vacuum(
            SUPERSEDED_HOURS, dry_run=is_trial, enforce_retention_duration=False, full=True, keep_versions=keep,
            post_commithook_properties=_NO_HOOKS,
        )  # fmt: skip

    files = [table / name for name in found(is_trial=True)]
    size = sum(file.stat().st_size for file in files if file.exists())
    if remove and files:
        found(is_trial=False)
    return size
