"""What a query may read: the relations of a project, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from sluice.lineage.relation import Key

# The schema under which a source that is not a table is put into SQL, named by its unique id.
INLINE = "__source"


@dataclass(frozen=True)
class Tables:
    """Relations that a query may read.

    `ids` has the unique id of each `schema, name` in lower case, `columns` the columns of a unique id as far as they are known,
    `open` those that may have more, `keys` the sets of columns in which the rows of a relation differ. `inline` has the text that
    stands for a source which is not a table, such as `delta_scan(...)`.
    """

    ids: Mapping[tuple[str, str], str]
    columns: Mapping[str, Sequence[str]]
    inline: Mapping[str, str] = field(default_factory=dict)
    open: Set[str] = frozenset()
    keys: Mapping[str, Sequence[Key]] = field(default_factory=dict)

    def id_of(self, schema: str, name: str) -> str | None:
        """The unique id of a relation, if it is known."""
        return name if schema == INLINE else self.ids.get((schema.lower(), name.lower()))

    def put_in(self, sql: str) -> str:
        """The SQL with a name instead of each text that stands for a source."""
        for unique_id, text in self.inline.items():
            sql = sql.replace(text, f'"{INLINE}"."{unique_id}"')
        return sql
