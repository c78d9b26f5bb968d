"""A diff from start to end: both files attached read only, one relation after the other, then what is downstream."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded
from sluice.core.progress import Tell, silent
from sluice.diff.attached import opened
from sluice.diff.compare import compare
from sluice.diff.downstream import of_diff
from sluice.diff.result import Diff, RelationDiff, SideInfo
from sluice.diff.side import Side, chosen
from sluice.environments.resolve import whole
from sluice.lineage.downstream import Downstream


def diff(
    a: Side,
    b: Side,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    *,
    samples: int = 5,
    drawn: bool = True,
    memory_limit: str = MEMORY_LIMIT,
    tell: Tell = silent,
) -> Diff:
    """Compare two sides; `drawn` also counts the distributions of what changed.

    Raises SluiceError if a file cannot be opened, or nothing is selected.
    """
    started = time.monotonic()
    _refuse_others_models(a, b)
    relations = chosen(a, b, select, exclude)
    if not relations:
        raise SluiceError("nothing to compare", where=f"{a.name}, {b.name}", hint="select models of either side")
    a, b = (_holding(one, relations, tell) for one in (a, b))
    if a.file.resolve() == b.file.resolve():
        same = [_same(relation, a, b) for relation in relations]
        return Diff(_info(a), _info(b), tuple(same), Downstream((), (), ()), 0.0)
    found = []
    with TemporaryDirectory(prefix="sluice-diff-") as spill, opened(a, b, memory_limit, Path(spill)) as files:
        for number, relation in enumerate(relations):
            tell(relation, number / len(relations))
            found.append(compare(files, relation, a, b, samples, drawn=drawn))
            files.clear()
    downstream = of_diff(a, b, found)
    return Diff(_info(a), _info(b), tuple(found), downstream, round(time.monotonic() - started, 3))


def _refuse_others_models(a: Side, b: Side) -> None:
    """A release has none of the models of an environment that is built of selected nodes."""
    for one, other in ((a, b), (b, a)):
        if one.located and one.located.selected and other.release_id:
            what = f"{one.name} holds other models than {other.name}: there is nothing to compare"
            raise SluiceError(
                what, where="environments.yml, select", hint="compare two releases, or two files of one environment"
            )


def _holding(side: Side, relations: Sequence[str], tell: Tell) -> Side:
    """The side with the file that has these relations: of a release its work file, unless all of them are public."""
    if side.located is None or side.located.record is None:
        return side
    there = {*side.digests, *map(folded, side.located.record.left_out)}
    private = [one for one in relations if folded(one) in side.models and folded(one) not in there]
    if not private:
        return side
    work = whole(side.located, tell)
    if work is None:
        what = f"{private[0]} is not public, and the work file of {side.release_id} is gone, or not yours to read"
        raise SluiceError(what, where=str(side.file), hint="compare what is public, or releases whose work files are kept")
    return replace(side, file=work)


def _same(relation: str, a: Side, b: Side) -> RelationDiff:
    """Both names mean the same file, as staging and prod often do."""
    model = b.models.get(folded(relation)) or a.models[folded(relation)]
    return RelationDiff(relation, model.name, model.owner, "same", "file", (), None)


def _info(side: Side) -> SideInfo:
    return SideInfo(side.name, str(side.file), side.commit, side.built_at, side.acknowledged, side.base or None)
