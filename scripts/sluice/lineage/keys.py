"""Columns in which no two rows of a query are equal: with them a left join adds no row and drops none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from sluice.lineage.relation import Frame, Key, Relation

# A column of a source of the frame: its alias and name.
Place = tuple[str, str]


def place_of(frame: Frame, node: exp.Expr | None) -> Place | None:
    """The source and name of a column that stands alone, if it is certain."""
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        return None
    name, alias = node.name.lower(), node.table.lower()
    if alias:
        return (alias, name) if alias in frame.sources and len(node.parts) == 2 else None
    owners = frame.owners(name)
    return (owners[0], name) if len(owners) == 1 or (owners and name in frame.merged) else None


def conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """The parts of a condition that all have to be true."""
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.this)
        yield from conjuncts(condition.expression)
    elif isinstance(condition, exp.Paren | exp.Where | exp.Qualify):
        yield from conjuncts(condition.this)
    elif condition is not None:
        yield condition


def matched_columns(frame: Frame, alias: str, condition: exp.Expr | None, using: Iterable[str] = ()) -> Key:
    """The columns of a source that a join sets equal to something of another source."""
    found = set(using)
    for part in conjuncts(condition):
        if isinstance(part, exp.EQ):
            for one, other in ((part.this, part.expression), (part.expression, part.this)):
                place = place_of(frame, one)
                if place and place[0] == alias and not _reads(frame, other, alias):
                    found.add(place[1])
    return frozenset(found)


def _reads(frame: Frame, node: exp.Expr, alias: str) -> bool:
    return any(alias == (place_of(frame, column) or (alias,))[0] for column in node.find_all(exp.Column))


def is_unique(relation: Relation, columns: Key) -> bool:
    """Whether no two rows are equal in these columns."""
    return any(key <= columns for key in relation.keys)


def ranked(frame: Frame, node: exp.Expr) -> frozenset[Place] | None:
    """What `row_number()` is partitioned by, if the expression is that and all of it is columns."""
    node = node.unalias()
    if not isinstance(node, exp.Window) or not isinstance(node.this, exp.RowNumber):
        return None
    named = frame.windows.get(str(node.args["alias"].name).lower()) if node.args.get("alias") else None
    partition = (named or node).args.get("partition_by") or []
    places = [place_of(frame, part) for part in partition]
    return frozenset(place for place in places if place) if all(places) else None


def _is_first(part: exp.Expr) -> exp.Expr | None:
    """What is 1 by a condition `x = 1`."""
    if isinstance(part, exp.EQ) and isinstance(part.expression, exp.Literal) and part.expression.this == "1":
        found: exp.Expr = part.this
        return found
    return None


def chosen(frame: Frame, select: exp.Select) -> list[frozenset[Place]]:
    """Keys that a row has because only the first of its kind is kept, by `where` or `qualify`."""
    found = []
    for clause in ("where", "qualify"):
        for part in conjuncts(select.args.get(clause)):
            first = _is_first(part)
            if first is None:
                continue
            own = frame.selected.get(first.name.lower()) if isinstance(first, exp.Column) and not first.table else None
            partition = ranked(frame, own if own is not None else first)
            place = place_of(frame, first)
            if partition is None and place and place[1] in frame.sources[place[0]].ranks:
                partition = frozenset((place[0], name) for name in frame.sources[place[0]].ranks[place[1]])
            if partition is not None and len(frame.sources) == 1:
                found.append(partition)
    return found


def renamed(key: Iterable[Place], names: Mapping[Place, str]) -> Key | None:
    """A key by the names that its columns have in the select list, if all are there."""
    places = list(key)
    return frozenset(names[place] for place in places) if all(place in names for place in places) else None
