"""A diff from start to end: both files attached read only, one relation after the other, then what is downstream."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from sluice.core.duck import MEMORY_LIMIT, connect, literal, unreadable
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent
from sluice.diff.compare import compare
from sluice.diff.downstream import of_diff
from sluice.diff.result import Diff, RelationDiff, SideInfo
from sluice.diff.side import Side, chosen
from sluice.lineage.downstream import Downstream


def diff(
    a: Side,
    b: Side,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    *,
    samples: int = 5,
    memory_limit: str = MEMORY_LIMIT,
    tell: Tell = silent,
) -> Diff:
    """Compare two sides. Raises SluiceError if a file cannot be opened, or nothing is selected."""
    started = time.monotonic()
    relations = chosen(a, b, select, exclude)
    if not relations:
        raise SluiceError("nothing to compare", where=f"{a.name}, {b.name}", hint="select models of either side")
    if a.file.resolve() == b.file.resolve():
        same = [_same(relation, a, b) for relation in relations]
        return Diff(_info(a), _info(b), tuple(same), Downstream((), (), ()), 0.0)
    found = []
    with TemporaryDirectory(prefix="sluice-diff-") as spill, opened(a.file, b.file, memory_limit, Path(spill)) as connection:
        for number, relation in enumerate(relations):
            tell(relation, number / len(relations))
            found.append(compare(connection, relation, a, b, samples))
            for name in "dghp":
                connection.execute(f"drop table if exists {name}")
    downstream = of_diff(a, b, found)
    return Diff(_info(a), _info(b), tuple(found), downstream, round(time.monotonic() - started, 3))


def _same(relation: str, a: Side, b: Side) -> RelationDiff:
    """Both names mean the same file, as staging and prod often do."""
    model = b.models.get(relation) or a.models[relation]
    return RelationDiff(relation, model.name, model.owner, "same", "file", (), None)


def _info(side: Side) -> SideInfo:
    return SideInfo(side.name, str(side.file), side.commit, side.built_at, side.acknowledged)


@contextmanager
def opened(a: Path, b: Path, memory_limit: str, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with the files attached as `a` and `b`, read only; beyond the limit it spills into `spill`."""
    with connect(memory_limit=memory_limit, temp_directory=spill) as connection:
        connection.execute("set preserve_insertion_order = false")
        for name, file in (("a", a), ("b", b)):
            _attach(connection, name, file)
        yield connection


def _attach(connection: duckdb.DuckDBPyConnection, name: str, file: Path) -> None:
    try:
        connection.execute(f"attach {literal(str(file.resolve()))} as {name} (read_only)")
    except duckdb.Error as error:
        raise unreadable(error, file) from error
