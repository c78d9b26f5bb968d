"""Small files of a raw table made one. The old ones stay: versions that releases pin, and readers at work, still have them."""

from __future__ import annotations

from contextlib import suppress

from deltalake import PostCommitHookProperties
from deltalake.exceptions import DeltaError

from sluice.lake.raw import RawTable

# A file of this size is left as it is.
FILE_BYTES = 64 * 2**20
_NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


def compact(table: RawTable) -> None:
    """Write the rows of small files into one, in a commit that changes no row. The caller holds the lake's lock."""
    with suppress(DeltaError):  # the next one does what this one could not
        delta = table.open()
        delta.optimize.compact(target_size=FILE_BYTES, max_concurrent_tasks=1, post_commithook_properties=_NO_HOOKS)
        delta.create_checkpoint()
