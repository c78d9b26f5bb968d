"""What the rows of staging models look like: judged on a trial, by the common columns and by what marts promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sluice.core.duck import connect, identifier, literal, parse_type
from sluice.core.text import plural
from sluice.ingest.casts import cast_typed
from sluice.source.mapping import own_id
from sluice.source.project import DbtProject
from sluice.source.vocabulary import vocabulary

# The common column that says which source a row is from.
SOURCE = "source_system"
_MOST = 5


@dataclass(frozen=True)
class Judgement:
    """Something that is wrong with the rows of an entity, or, where it does not `block`, worth knowing."""

    entity: str
    what: str
    hint: str
    blocks: bool = True


def judge(source: str, entities: Sequence[str], relations: Mapping[str, str], file: str, project: DbtProject) -> list[Judgement]:
    """What is wrong with the staging models of a source in a warehouse file, entity by entity."""
    with connect(file, read_only=True, extensions=["delta"]) as connection:
        names = {entity: f"stg_{source}__{entity}" for entity in entities}
        models = [
            _Model(connection, source, entity, relations[name], project) for entity, name in names.items() if name in relations
        ]
        found = [one for model in models for one in model.judgements()]
        complete = {model.entity: model.relation for model in models if not model.missing()}
        return [*found, *_references(connection, complete, project)]


@dataclass(frozen=True)
class _Model:
    """A staging model that was built on a trial's rows."""

    connection: duckdb.DuckDBPyConnection
    source: str
    entity: str
    relation: str
    project: DbtProject

    def missing(self) -> list[str]:
        """Common columns that it does not end in."""
        return [name for name in self._expected() if name not in self._described()]

    def judgements(self) -> Iterator[Judgement]:
        """What is missing; else what does not fit its type, is null, or is a value that is not allowed."""
        if missing := self.missing():
            yield Judgement(self.entity, f"columns are missing: {', '.join(missing)}", "end in all common columns of vars.yml")
            return
        found = self._described()
        for name, kind in self._expected().items():
            yield from self._misfits(name, found[name], kind)
        yield from self._nulls()
        yield from self._not_allowed()
        yield from self._of_another_source()
        yield from self._refused()

    def _expected(self) -> dict[str, str]:
        return {**self.project.common[self.entity], **self.project.lineage}

    def _described(self) -> dict[str, str]:
        return {name: kind for name, kind, *_ in self.connection.execute(f"describe {self.relation}").fetchall()}

    def _count(self, condition: str) -> int:
        row = self.connection.execute(f"select count(*) from {self.relation} where {condition}").fetchone()
        assert row is not None
        return int(row[0])

    def _values(self, name: str, condition: str) -> str:
        """The most frequent values under a condition, with their counts."""
        rows = self.connection.execute(
            f"select {identifier(name)}::varchar, count(*) from {self.relation} where {condition}"
            f" group by 1 order by 2 desc, 1 limit {_MOST}"
        ).fetchall()
        return ", ".join(f"{value} ({count:,})" for value, count in rows)

    def _misfits(self, name: str, found: str, kind: str) -> Iterator[Judgement]:
        column = identifier(name)
        cast = cast_typed(column, parse_type(found), parse_type(kind))
        misfit = cast.misfit if cast else f"{column} is not null and try_cast({column} as {kind}) is null"
        if count := 0 if misfit == "false" else self._count(misfit):
            what = f"{name}: {plural(count, 'value')} of type {found} not fitting {kind}: {self._values(name, misfit)}"
            yield Judgement(self.entity, what, f"cast it to {kind} without loss")

    def _nulls(self) -> Iterator[Judgement]:
        promised = [name for name in self.project.common[self.entity] if name in self.project.promised[self.entity]]
        own = [name for name in (own_id(self.entity),) if name in self.project.common[self.entity] and name not in promised]
        for name in own + promised:
            instead = vocabulary().instead.get(name, "")
            both = f" and {identifier(instead)} is null" if instead in self.project.common[self.entity] else ""
            if count := self._count(f"{identifier(name)} is null{both}"):
                yield Judgement(self.entity, f"{name}: null in {plural(count, 'row')}", "a mart promises that it is never null")

    def _not_allowed(self) -> Iterator[Judgement]:
        for name in self.project.common[self.entity]:
            allowed = self.project.allowed.get(name)
            if allowed is None:
                continue
            others = f"{identifier(name)} not in ({', '.join(map(literal, allowed.values))})"
            if count := self._count(others):
                what = f"{name}: other values in {plural(count, 'row')}: {self._values(name, others)}"
                yield Judgement(self.entity, what, f"one of {', '.join(allowed.values)}", allowed.blocks)

    def _of_another_source(self) -> Iterator[Judgement]:
        others = f"{SOURCE} is distinct from {literal(self.source)}"
        if SOURCE in self.project.common[self.entity] and self._count(others):
            yield Judgement(self.entity, f"{SOURCE}: {self._values(SOURCE, others)}", f"it is {self.source}")

    def _refused(self) -> Iterator[Judgement]:
        """Rows that a business rule would refuse. A rule that also looks at another table is not tried."""
        for rule in self.project.rules.get(self.entity, ()):
            try:
                count = self._count(f"({rule.broken_when})")
            except duckdb.BinderException:
                continue
            if count:
                yield Judgement(self.entity, f"{rule.name}: {plural(count, 'row')} would be refused", rule.says, blocks=False)


def _references(connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], project: DbtProject) -> Iterator[Judgement]:
    """Ids of another entity of the same source that it does not have; if none is known, the ids are made differently."""
    for entity, relation in relations.items():
        for other, known in relations.items():
            column = own_id(other)
            if other != entity and column in project.common[entity]:
                row = connection.execute(f"""
                    select count(*), count(*) filter ({column} not in (select {column} from {known} where {column} is not null))
                    from {relation} where {column} is not null
                """).fetchone()
                assert row is not None
                if row[1]:
                    what = f"{column}: {row[1]:,} of {row[0]:,} rows name one that {other} do not have"
                    yield Judgement(entity, what, f"make it as in {known}", blocks=row[0] == row[1])
