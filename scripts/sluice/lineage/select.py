"""One `select`: its sources and joins, its rows, its groups and windows, and its columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from sluice.lineage import keys
from sluice.lineage.expressions import Reader, aggregates_in
from sluice.lineage.influence import FILTER, GROUP_BY, IDENTITY, JOIN, SORT, Traced, united
from sluice.lineage.keys import Place
from sluice.lineage.relation import Frame, Key, NotTracedError, Relation

_UNNESTS = (exp.Explode, exp.Unnest, exp.Posexplode)


@dataclass(frozen=True)
class _Joined:
    """Sources that are joined so far, what decides about their rows, and sets of columns in which rows differ."""

    aliases: tuple[str, ...]
    rows: Traced
    keys: tuple[frozenset[Place], ...] = ()


class Select:
    """Follows one `select` in its frame."""

    def __init__(self, node: exp.Select, frame: Frame, *, texts: bool) -> None:
        self._node = node
        self._frame = frame
        self._texts = texts
        self._reader = Reader(frame)
        self._names: dict[Place, str] = {}  # the names of columns that are passed on as they are

    def relation(self) -> Relation:
        """What it gives."""
        node, frame = self._node, self._frame
        joined = self._from()
        frame.selected = {item.alias.lower(): item.this for item in node.expressions if isinstance(item, exp.Alias)}
        frame.windows = {window.name.lower(): window for window in node.args.get("windows") or ()}
        before = self._clause("where", FILTER, joined.rows)
        rows, is_grouped = self._grouped(before)
        rows = self._clause("having", FILTER, rows)
        frame.framed = rows
        rows = self._clause("qualify", FILTER, rows)
        found = Relation(rows=united(rows))
        self._select_list(found)
        self._fewer(found)
        found.keys = self._keys(joined, found, is_grouped)
        return found

    def _read(self, node: exp.Expr, how: int, own: str = "") -> Traced:
        found = self._reader.read(node, how, own)
        if self._texts:
            found.texts.add(node.sql(dialect="duckdb", comments=False))
        return found

    def _clause(self, name: str, how: int, rows: Traced) -> Traced:
        clause = self._node.args.get(name)
        return united(rows, self._read(clause, how)) if clause is not None else rows

    # Sources and joins

    def _from(self) -> _Joined:
        start = self._node.args.get("from_") or self._node.args.get("from")
        joined = self._member(start.this) if start is not None else _Joined((), Traced(), (frozenset(),))
        for join in self._node.args.get("joins") or ():
            joined = self._join(joined, join)
        for lateral in self._node.args.get("laterals") or ():
            more = self._member(lateral)
            joined = _Joined((*joined.aliases, *more.aliases), united(joined.rows, more.rows))
        return joined

    def _member(self, node: exp.Expr) -> _Joined:
        """What is in `from` or in a join: a source, or several in parentheses."""
        if isinstance(node, exp.Subquery) and not node.alias and isinstance(node.this, exp.Table | exp.Subquery):
            joined = self._member(node.this)
        else:
            source = self._frame.inner(node, self._frame)
            alias = node.alias_or_name.lower() or f"({len(self._frame.sources)})"
            self._frame.sources[alias] = source
            joined = _Joined((alias,), source.rows, tuple(frozenset((alias, name) for name in key) for key in source.keys))
        for join in node.args.get("joins") or ():
            joined = self._join(joined, join)
        return joined

    def _join(self, left: _Joined, join: exp.Join) -> _Joined:
        right = self._member(join.this)
        using = self._using(left, right, join)
        match = Traced(texts={f"{join.method} {join.side} {join.kind}"} if self._texts else set())
        match.add(right.rows, JOIN)
        if join.args.get("on") is not None:
            match.add(self._read(join.args["on"], JOIN))
        for name in using:
            for alias in (*left.aliases, *right.aliases):
                match.add(self._frame.sources[alias].column(name) or Traced(), JOIN)
        self._merge(left, right, join.side, using)
        return self._combined(left, right, join, match, using)

    def _combined(self, left: _Joined, right: _Joined, join: exp.Join, match: Traced, using: Key) -> _Joined:
        matches_once = len(right.aliases) == 1 and self._is_unique(right.aliases[0], join, using)
        is_outer = join.side in ("LEFT", "FULL")
        kept = left.keys if matches_once and join.side in ("", "LEFT") else ()
        if join.kind in ("SEMI", "ANTI"):
            for alias in right.aliases:
                del self._frame.sources[alias]
            return _Joined(left.aliases, united(left.rows, match), left.keys)
        if join.side in ("RIGHT", "FULL"):
            self._may_be_empty(left.aliases, united(left.rows, match))
        if is_outer:
            self._may_be_empty(right.aliases, match)
        rows = left.rows if join.side == "LEFT" and matches_once else united(left.rows, match)
        return _Joined((*left.aliases, *right.aliases), rows, kept)

    def _is_unique(self, alias: str, join: exp.Join, using: Key) -> bool:
        if join.method == "ASOF":
            return True
        columns = keys.matched_columns(self._frame, alias, join.args.get("on"), using)
        return keys.is_unique(self._frame.sources[alias], columns)

    def _may_be_empty(self, aliases: Iterable[str], match: Traced) -> None:
        for alias in aliases:
            source = self._frame.sources[alias]
            self._frame.sources[alias] = replace(source, unmatched=united(source.unmatched, match))

    def _using(self, left: _Joined, right: _Joined, join: exp.Join) -> Key:
        if join.method == "NATURAL":
            sides = [{name for alias in side.aliases for name in self._frame.sources[alias].columns} for side in (left, right)]
            return frozenset(sides[0] & sides[1])
        return frozenset(name.name.lower() for name in join.args.get("using") or ())

    def _merge(self, left: _Joined, right: _Joined, side: str, using: Iterable[str]) -> None:
        """Say which source a column of `using` is read from."""
        for name in using:
            known = self._frame.merged.get(name)
            owners = known or [alias for alias in left.aliases if self._frame.sources[alias].column(name) is not None][:1]
            self._frame.merged[name] = [
                *(owners if side != "RIGHT" else ()),
                *(right.aliases if side in ("RIGHT", "FULL") else ()),
            ]

    # Rows

    def _grouped(self, before: Traced) -> tuple[Traced, bool]:
        """What decides about the rows behind `group by`, and whether rows are aggregated."""
        group = self._node.args.get("group")
        clauses = (self._node.args.get(name) for name in ("having", "qualify"))
        parts = [*self._node.expressions, *(clause for clause in clauses if clause is not None)]
        if group is None and not any(True for part in parts for _ in aggregates_in(part)):
            return before, False
        found = united(before)
        for part in self._group_parts():
            found.add(self._read(part, GROUP_BY))
        if group is not None and self._texts:
            found.texts.add(group.sql(dialect="duckdb", comments=False))
        self._frame.grouped = found
        return (found if group is not None else Traced()), True

    def _group_parts(self) -> list[exp.Expr]:
        group = self._node.args.get("group")
        if group is None:
            return []
        if group.args.get("all"):
            return [item.unalias() for item in self._node.expressions if not any(True for _ in aggregates_in(item))]
        others = [part for name in ("grouping_sets", "cube", "rollup") for part in group.args.get(name) or ()]
        return [self._at_position(part) for part in (*group.expressions, *others)]

    def _at_position(self, part: exp.Expr) -> exp.Expr:
        """What `group by 1` means."""
        if isinstance(part, exp.Literal) and not part.is_string and 0 < int(part.this) <= len(self._node.expressions):
            part = self._node.expressions[int(part.this) - 1].unalias()
        return part

    def _fewer(self, found: Relation) -> None:
        """Add what drops rows at the end: distinct, and limit in its order."""
        distinct = self._node.args.get("distinct")
        if isinstance(distinct, exp.Distinct) and distinct.args.get("on") is not None:
            found.rows.add(self._read(distinct.args["on"], GROUP_BY))
        elif distinct is not None:
            found.rows.add(found.all_columns(), GROUP_BY)
        limits = [self._node.args[name] for name in ("limit", "offset") if self._node.args.get(name) is not None]
        for limit in limits:
            found.rows.add(self._read(limit, FILTER))
        order = self._node.args.get("order")
        if order is not None and (limits or (distinct is not None and distinct.args.get("on") is not None)):
            found.rows.add(self._read(order, SORT))

    # Columns

    def _select_list(self, found: Relation) -> None:
        for item in self._node.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                self._star(found, star, [item.table.lower()] if isinstance(item, exp.Column) else list(self._frame.sources))
                continue
            if item.find(exp.Columns):
                raise NotTracedError("columns(...) stands for columns whose names are not known here")
            name = (item.alias_or_name or item.sql(dialect="duckdb")).lower()
            place = keys.place_of(self._frame, item.unalias())
            self._put(found, name, self._read(item.unalias(), IDENTITY, name), place)
            self._rank(found, item, name)
            for unnest in item.find_all(*_UNNESTS):
                found.rows.add(self._read(unnest, FILTER))

    def _put(self, found: Relation, name: str, made: Traced, place: Place | None) -> None:
        at, free = 0, name
        while free in found.columns:
            at += 1
            free = f"{name}_{at}"
        found.columns[free] = made
        if place is not None:
            self._names.setdefault(place, free)

    def _star(self, found: Relation, star: exp.Star, aliases: Iterable[str]) -> None:
        without = {part.name.lower() for part in star.args.get("except_") or star.args.get("except") or ()}
        instead = {part.alias.lower(): part.this for part in star.args.get("replace") or ()}
        other = {part.this.name.lower(): part.alias.lower() for part in star.args.get("rename") or ()}
        merged: set[str] = set()
        for alias in aliases:
            source = self._frame.sources.get(alias)
            if source is None:
                raise NotTracedError(f"{alias}.* is of something that it does not read")
            for name in self._passed(source, without, merged):
                made = self._read(instead[name], IDENTITY) if name in instead else self._plain(alias, name)
                self._put(found, other.get(name, name), made, (alias, name) if name not in instead else None)
            if source.is_open:
                found.passes_on.append((source, frozenset({*without, *other, *source.columns})))

    def _passed(self, source: Relation, without: set[str], merged: set[str]) -> Iterator[str]:
        """The known columns of a source that a star passes on; a column of `using` once."""
        for name in source.columns:
            if name in without or (name in self._frame.merged and name in merged):
                continue
            if name in self._frame.merged:
                merged.add(name)
            yield name

    def _plain(self, alias: str, name: str) -> Traced:
        owners = self._frame.merged.get(name, [alias])
        return united(*(made for owner in owners if (made := self._frame.sources[owner].column(name)) is not None))

    # Keys

    def _rank(self, found: Relation, item: exp.Expr, name: str) -> None:
        partition = keys.ranked(self._frame, item)
        key = keys.renamed(partition, self._names) if partition is not None else None
        if key is not None:
            found.ranks[name] = key

    def _keys(self, joined: _Joined, found: Relation, is_grouped: bool) -> list[Key]:
        for alias, source in self._frame.sources.items():
            for name, columns in source.ranks.items():
                key = keys.renamed([(alias, column) for column in columns], self._names)
                if key is not None and (alias, name) in self._names and len(self._frame.sources) == 1:
                    found.ranks[self._names[alias, name]] = key
        distinct = self._node.args.get("distinct")
        extra = [frozenset(found.columns)] if distinct is not None and not found.is_open else []
        if is_grouped:
            own = self._group_key()
            return [*([own] if own is not None else []), *extra]
        places = [*joined.keys, *keys.chosen(self._frame, self._node)]
        if any(item.find(*_UNNESTS) for item in self._node.expressions):
            places = []
        return [*(key for place in places if (key := keys.renamed(place, self._names)) is not None), *extra]

    def _group_key(self) -> Key | None:
        group = self._node.args.get("group")
        if group is not None and any(isinstance(part, exp.GroupingSets | exp.Cube | exp.Rollup) for part in group.walk()):
            return None
        found = [self._name_of(part) for part in self._group_parts()]
        return frozenset(name for name in found if name) if all(found) else None

    def _name_of(self, part: exp.Expr) -> str | None:
        """The name that a part of `group by` has in the select list."""
        place = keys.place_of(self._frame, part)
        if place in self._names:
            return self._names[place] if place else None
        for item in self._node.expressions:
            if item.unalias() == part or (isinstance(part, exp.Column) and part.name.lower() == item.alias.lower() != ""):
                return str(item.alias_or_name).lower()
        return None
