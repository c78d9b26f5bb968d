"""A look at the whole state: every part on its own, so that what is damaged hides nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from sluice.core.duck import without_backtrace
from sluice.core.errors import SluiceError
from sluice.environments.context import Context
from sluice.metrics import history, state
from sluice.metrics.families import DISK, FRESHNESS, MOST, OF_HISTORY, PARTS, REFUSED, RELEASE_INFO, RELEASES, Part
from sluice.metrics.sample import Measured, Row
from sluice.store.store import Pointer

Look = Callable[[], list[Row]]


def measure(context: Context) -> Measured:
    """Everything that is measured, in the project's folder. What cannot be read is missing, and among the troubles."""
    now = datetime.now(UTC)
    pointers, lost = _pointers(context)
    names = [one.name for one in context.policy.environments if not one.is_family]
    pointed = {name: pointer.release_id for name, pointer in pointers.items() if pointer.release_id}
    folders = {"lake": context.lake, "warehouse": context.warehouse}
    with history.opened(names, pointed) as connection:
        looks: dict[Part, Look] = {part: partial(history.rows, connection, context.lake, part) for part in OF_HISTORY}
        looks |= {
            RELEASES: partial(state.releases, context, pointers),
            RELEASE_INFO: partial(state.release_info, context, pointers),
            FRESHNESS: partial(state.freshness, Path()),
            REFUSED: partial(state.quarantine, context, pointers, now.replace(tzinfo=None)),
            DISK: partial(state.disk, folders),
        }
        rows, troubles = _looked(looks)
    # An environment whose pointer cannot be read is missing among the releases.
    return Measured(now, rows, {**{part.name: lost for part in (RELEASES, RELEASE_INFO) if lost}, **troubles})


def _pointers(context: Context) -> tuple[Mapping[str, Pointer], str]:
    """The pointers of the environments, and what is wrong with those that are missing."""
    found, lost = dict[str, Pointer](), list[str]()
    for one in context.policy.environments:
        if one.kind == "pointer":
            try:
                found[one.name] = context.store.pointer(one.name)
            except (SluiceError, OSError) as error:
                lost.append(_said(error))
    return found, "; ".join(lost)


def _looked(looks: Mapping[Part, Look]) -> tuple[dict[str, list[Row]], dict[str, str]]:
    rows, troubles = dict[str, list[Row]](), dict[str, str]()
    for part, look in looks.items():
        try:
            found = look()
        except (SluiceError, duckdb.Error, OSError) as error:
            troubles[part.name] = _said(error)
            continue
        rows[part.name] = found[:MOST]
        if len(found) > MOST:
            troubles[part.name] = f"there are more than {MOST} of {', '.join(part.labels)}: the rest is left out"
    assert len(looks) == len(PARTS)
    return rows, troubles


def _said(error: Exception) -> str:
    if isinstance(error, SluiceError):
        return f"{error.what} ({error.where})" if error.where else error.what
    return without_backtrace(str(error)).partition("\n")[0]
