"""What of rows and figures may be shown where columns hold personal data (`meta: {pii: ...}`): their values never."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.core.manifest import folded, personal_columns

MASK = "(masked)"


@dataclass(frozen=True)
class Personal:
    """Names of columns, folded: those that hold personal data, and the others that the models describe."""

    columns: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def is_named_in(self, text: str) -> bool:
        """Whether a text, of SQL or of arguments, names a column that holds personal data."""
        return any(folded(word) in self.columns for word in re.findall(r"\w+", text)) or any(
            name in folded(text) for name in self.columns if not re.fullmatch(r"\w+", name)
        )

    def row(self, columns: Sequence[str], values: Sequence[Any], made_by: str = "") -> tuple[Any, ...]:
        """A row of what a query gives, as it may be shown.

        Other columns of the models are shown. So are numbers and flags that a query makes, unless it names personal data:
        `count(*)` tells of nobody, `max(phone)` does.
        """
        if not self.columns:
            return tuple(values)
        is_open = not self.is_named_in(made_by)
        return tuple(
            value if value is None or self._is_shown(folded(name), value, is_open) else MASK
            for name, value in zip(columns, values, strict=True)
        )

    def _is_shown(self, name: str, value: Any, is_open: bool) -> bool:
        return name in self.others or (is_open and name not in self.columns and isinstance(value, bool | int | float))

    def message(self, text: str) -> str:
        """An error as it may be shown: only its kind, if the rest may quote a value."""
        if not self.columns or not text:
            return text
        kind = re.search(r"\b[A-Z]\w+ Error\b", text)
        if kind and kind[0] in ("Binder Error", "Catalog Error", "Parser Error"):
            return text
        return f"{kind[0] if kind else 'an error'} (the rest may quote personal data)"


NOTHING_PERSONAL = Personal()


def of_nodes(nodes: Iterable[Mapping[str, Any]]) -> Personal:
    """The columns of nodes of dbt's manifest. What one of them marks is not shown of any."""
    several = list(nodes)
    marked = frozenset().union(*(personal_columns(node) for node in several))
    described = {folded(name) for node in several for name in node.get("columns") or {}}
    return Personal(marked, frozenset(described - marked))
