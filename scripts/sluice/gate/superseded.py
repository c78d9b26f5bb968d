"""Files of the lake that compaction has replaced: which of them no release reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from deltalake.exceptions import DeltaError

from sluice.core.errors import SluiceError
from sluice.environments import candidates
from sluice.environments.context import Context
from sluice.lake.compaction import superseded
from sluice.lake.lock import writing
from sluice.lake.opening import first_line

# Folders of the lake whose tables are compacted.
_FOLDERS = ("raw", "quarantine")
PATIENCE = 60.0


def found(context: Context) -> Iterator[tuple[str, int, str]]:
    """Tables with such files: the path in the lake, their bytes, and why they cannot be removed (empty if they can)."""
    try:
        pins, why = _pins(context), ""
    except SluiceError as error:
        pins, why = {}, f"what releases read is not known: {error.what}"
    for folder in _FOLDERS:
        for log in sorted((context.lake / folder).glob("*/*/_delta_log")):
            name = log.parent.relative_to(context.lake).as_posix()
            try:
                size = superseded(log.parent, pins.get(name, ()))
            except (SluiceError, DeltaError) as error:
                yield name, 0, f"a version that a release reads cannot be read: {first_line(error)}"
                continue
            if size:
                yield name, size, why


def remove(context: Context, name: str) -> None:
    """Remove such files of a table. Raises SluiceError where the lake is in use, or what releases read is not known."""
    with writing(context.lake, PATIENCE):
        superseded(context.lake / name, _pins(context).get(name, ()), remove=True)


def _pins(context: Context) -> Mapping[str, set[int]]:
    """The versions of each table that releases and candidates read. Raises SluiceError for a record that cannot be read."""
    records = [context.store.record(release_id) for release_id in context.store.releases()]
    pins: dict[str, set[int]] = defaultdict(set)
    for record in [*records, *candidates.all_of(context)]:
        for name, version in record.lake.items():
            pins[name].add(version)
    return pins
