"""Features, labels and what goes with them, read from a warehouse file by SQL. Arrays are in the order of time, then key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sluice.core.duck import connect, identifier, unreadable
from sluice.core.errors import SluiceError
from sluice.model.declared import Declaration
from sluice.model.settings import Reference

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rows:
    """The rows of the features' mart: `at` in microseconds, `features` as float32 (nan: null), columns beside them, segments.

    `is_judged` says which rows are judged, where others are known already.
    """

    at: Array
    key: Array
    features: Array
    beside: dict[str, Array]
    segments: dict[str, Array]
    is_judged: Array

    def between(self, since: datetime | None, until: datetime) -> slice:
        """The rows of [since, until)."""
        import numpy as np

        start = 0 if since is None else int(np.searchsorted(self.at, np.datetime64(since)))
        return slice(start, int(np.searchsorted(self.at, np.datetime64(until))))

    def judged(self, since: datetime, until: datetime) -> Array:
        """The places of the rows of [since, until) that are judged."""
        import numpy as np

        here = self.between(since, until)
        places: Array = np.flatnonzero(self.is_judged[here]) + here.start
        return places

    @property
    def last(self) -> datetime:
        """The newest time."""
        moment: datetime = self.at[-1].astype("datetime64[us]").item()
        return moment

    @property
    def first(self) -> datetime:
        """The oldest time."""
        moment: datetime = self.at[0].astype("datetime64[us]").item()
        return moment


@dataclass(frozen=True)
class Reader:
    """Reads what a declaration names from a file that is open."""

    connection: duckdb.DuckDBPyConnection
    declaration: Declaration

    def rows(self) -> Rows:
        """All rows of the features' mart. Raises SluiceError where it has none."""
        import numpy as np

        declaration = self.declaration
        columns = [f'features.{identifier(name)}::double as "f{number}"' for number, name in enumerate(declaration.features)]
        columns += [f'{_column(name)} as "b{number}"' for number, name in enumerate(declaration.settings.columns)]
        columns += [f'features."s{number}"' for number in range(len(declaration.settings.segments))]
        found = self._asked("rows", columns="".join(f",\n    {one}" for one in columns)).fetchnumpy()
        if not len(found["at"]):
            hint = "build it with data, then train again"
            raise SluiceError(f"{declaration.features_relation} has no rows to learn from", hint=hint)
        matrix = np.empty((len(found["at"]), len(declaration.features)), dtype=np.float32)
        for number in range(len(declaration.features)):
            matrix[:, number] = np.ma.filled(found[f"f{number}"], np.nan)
        beside = {name: found[f"b{number}"] for number, name in enumerate(declaration.settings.columns)}
        segments = {name: found[f"s{number}"] for number, name in enumerate(declaration.settings.segments)}
        return Rows(found["at"].astype("datetime64[us]"), found["key"], matrix, beside, segments, found["is_judged"].astype(bool))

    def labels(self, moment: datetime) -> Array:
        """The label of each row as it was known at `moment`; what nobody knew is false."""
        return self._asked("labels", {"moment": moment}).fetchnumpy()["label"].astype(bool)

    def _asked(self, name: str, values: dict[str, Any] | None = None, columns: str = "") -> duckdb.DuckDBPyConnection:
        settings = self.declaration.settings
        query = files("sluice.model").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
        text = query.format(
            at=f"features.{identifier(settings.at)}",
            key=f"features.{identifier(settings.key)}",
            features=_relation(self.declaration.features_relation),
            labels=_relation(self.declaration.labels_relation),
            label_key=identifier(settings.key),
            label=identifier(settings.label.column),
            known_at=identifier(settings.label.known_at),
            columns=columns,
            judged=f"({settings.split.judged or 'true'})::boolean",
            segments="".join(f', {said} as "s{number}"' for number, said in enumerate(settings.segments.values())),
            joins="\n".join(self._joins()),
        )
        try:
            return self.connection.execute(text, values or {})
        except duckdb.Error as error:
            where = f"model {self.declaration.name}, relation {self.declaration.features_relation}"
            hint = "does the declaration fit the release? sluice build --env <environment> makes one of the project as it is now"
            raise SluiceError(f"features cannot be read: {str(error).splitlines()[0]}", where=where, hint=hint) from error

    def _joins(self) -> Iterator[str]:
        key = identifier(self.declaration.settings.key)
        named = {Reference.of(one).model for one in self.declaration.settings.columns}
        for model in sorted(one for one in named if one):
            yield f"left join {_relation(self.declaration.relations[model])} as {identifier(model)}"
            yield f"    on features.{key} = {identifier(model)}.{key}"


@contextmanager
def reading(file: Path, declaration: Declaration, memory_limit: str | None = None) -> Iterator[Reader]:
    """A reader of a warehouse file. Raises SluiceError where it cannot be opened."""
    try:
        connection = connect(str(file), read_only=True, memory_limit=memory_limit)
    except duckdb.Error as error:
        raise unreadable(error, file) from error
    with connection:
        yield Reader(connection, declaration)


def _relation(name: str) -> str:
    return ".".join(identifier(part) for part in name.split("."))


def _column(text: str) -> str:
    reference = Reference.of(text)
    return f"{identifier(reference.model or 'features')}.{identifier(reference.column)}"
