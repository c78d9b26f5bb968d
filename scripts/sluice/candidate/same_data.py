"""A candidate that has the data of another, and other models."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sluice.candidate.build import clean_up, new_id
from sluice.core.locks import LOCK, holding, locked
from sluice.environments.context import Context
from sluice.environments.resolve import Located, whole
from sluice.store import models
from sluice.store.moves import moment
from sluice.store.record import NAME, Record, dump

# What a candidate on the same data does not share with the one that it is made of.
_OWN = (NAME, LOCK, "audit", models.MODELS, models.CHALLENGERS)


@dataclass(frozen=True)
class Base:
    """A release or candidate whose data a new candidate has, too, and the release that the new one follows."""

    located: Located
    record: Record
    parent: str


def new_on_same_data(
    context: Context, base: Base, environment: str, doing: str, fill: Callable[[Path, Record], Record]
) -> tuple[Path, Record]:
    """A candidate with the files of another, under second names; `fill` puts its models there and gives its record.

    It is removed where `fill` fails, and by the next build where this process is killed.
    """
    clean_up(context.candidates)
    with _begun(context, base, environment, doing) as (folder, first):
        record = replace(fill(folder, first), built_at=moment())
        dump(record, folder)
        folder.chmod(context.candidates.stat().st_mode)
    return folder, record


@contextmanager
def _begun(context: Context, base: Base, environment: str, doing: str) -> Iterator[tuple[Path, Record]]:
    folder = context.candidates / new_id()
    with ExitStack() as stack:
        with locked(context.candidates / LOCK, "starting a candidate", math.inf):
            folder.mkdir(mode=0o700)
            stack.enter_context(holding(folder, f"{doing} for {environment}"))
        try:
            first = replace(
                base.record,
                release_id=folder.name,
                parent=base.parent,
                environment=environment,
                built_by=context.actor,
                started_at=moment(),
                built_at=None,
                seconds={},
                audit=None,
            )
            dump(first, folder)
            _link_files(base.located, folder)
            yield folder, first
        except BaseException:
            shutil.rmtree(folder)
            raise


def _link_files(base: Located, folder: Path) -> None:
    """All files but the record, the audit and the models; the work file is fetched first where it is elsewhere."""
    whole(base)
    assert base.folder is not None
    for path in sorted(base.folder.iterdir()):
        if path.is_file() and path.name not in _OWN:
            models.link(path, folder / path.name)
