"""What the dbt project asks of a source: its common columns, which values they may have, what marts promise of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluice.core.errors import SluiceError
from sluice.core.yaml_model import read
from sluice.source.vocabulary import vocabulary

VARS = Path("vars.yml")
MODELS = Path("models")
# The layer of what readers see, and the prefixes of a table of one entity there: CONTRIBUTING.md has the names.
_MARTS, _STAGING = "marts", "staging"
_PREFIXES = ("fct_", "dim_")


@dataclass(frozen=True)
class Allowed:
    """The values that a column may have; `blocks` if another one stops a build, else it is a warning."""

    values: tuple[str, ...]
    blocks: bool


@dataclass(frozen=True)
class RowRule:
    """A business rule that needs nothing but the row: SQL that is true where it is broken, and what that means."""

    name: str
    broken_when: str
    says: str


@dataclass(frozen=True)
class DbtProject:
    """`common` has the types of the common columns by entity, without those that say where a row came from: `lineage`.

    `sources` are the entries of the variable of that name. `promised` has, by entity, the columns that are never null in
    its mart; `documented` are the names of doc blocks; `rules` are those of a row, by entity.
    """

    common: Mapping[str, Mapping[str, str]]
    lineage: Mapping[str, str]
    sources: tuple[Any, ...]
    allowed: Mapping[str, Allowed]
    promised: Mapping[str, frozenset[str]]
    documented: frozenset[str]
    owner: str
    rules: Mapping[str, tuple[RowRule, ...]] = field(default_factory=dict)

    def entities_of(self, source: str) -> tuple[str, ...] | None:
        """The entities that vars.yml says a source delivers; None for a bare word, whose entities only a macro knows.

        Raises KeyError for a source that is not in vars.yml.
        """
        for entry in self.sources:
            if entry == source:
                return None
            if isinstance(entry, Mapping) and source in entry:
                supplies = entry[source]
                found = supplies.get("entities") if isinstance(supplies, Mapping) else supplies
                return None if found is None else tuple(found)
        raise KeyError(source)


def load(root: Path = Path()) -> DbtProject:
    """The project in a folder. Raises SluiceError where vars.yml has no common columns."""
    variables = (read(root / VARS, hint="this command needs vars.yml") or {}).get("vars") or {}
    if not variables.get("common_columns"):
        raise SluiceError("vars.yml has no common_columns", where=str(root / VARS), hint="they are what staging ends in")
    documents = {path: read(path) or {} for path in sorted((root / MODELS).rglob("*.yml"))}
    models = [(path, model) for path, document in documents.items() for model in document.get("models") or []]
    sources = [source for document in documents.values() for source in document.get("sources") or []]
    return DbtProject(
        common=variables["common_columns"],
        lineage=variables.get("lineage_columns") or {},
        sources=tuple(variables.get("sources") or ()),
        allowed=_allowed(models),
        promised={entity: _promised(entity, models) for entity in variables["common_columns"]},
        documented=_documented(root),
        owner=_owner(sources),
        rules={entity: tuple(_row_rules(rules)) for entity, rules in (variables.get("business_rules") or {}).items()},
    )


def _row_rules(rules: Sequence[Mapping[str, Any]]) -> Iterator[RowRule]:
    for rule in rules:
        if rule.get("scope") == "row":
            yield RowRule(str(rule["rule"]), str(rule["broken_when"]), str(rule.get("says", "")))


Models = list[tuple[Path, dict[str, Any]]]


def _allowed(models: Models) -> dict[str, Allowed]:
    """Accepted values by column, as the tests of models behind staging say; what one of them accepts is accepted."""
    found: dict[str, Allowed] = {}
    for path, model in models:
        for column in (model.get("columns") or []) if _STAGING not in path.parts else []:
            for values, blocks in _accepted(column):
                known = found.get(column["name"], Allowed((), False))
                either = tuple(dict.fromkeys((*known.values, *values)))
                found[column["name"]] = Allowed(either, blocks or known.blocks)
    return found


def _accepted(column: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], bool]]:
    for test in column.get("data_tests") or column.get("tests") or []:
        declared = test.get("accepted_values") if isinstance(test, Mapping) else None
        if declared:
            values = (declared.get("arguments") or declared).get("values") or ()
            yield tuple(map(str, values)), (declared.get("config") or {}).get("severity", "error") == "error"


def _promised(entity: str, models: Models) -> frozenset[str]:
    """Columns with the constraint not_null in the entity's own table of the marts, but for those that it fills itself."""
    names = {prefix + entity for prefix in _PREFIXES}
    return (
        frozenset(
            column["name"]
            for path, model in models
            if _MARTS in path.parts and model["name"] in names
            for column in model.get("columns") or []
            if any(constraint.get("type") == "not_null" for constraint in column.get("constraints") or [])
        )
        - vocabulary().filled
    )


def _documented(root: Path) -> frozenset[str]:
    texts = (path.read_text(encoding="utf-8") for path in (root / MODELS).rglob("*.md"))
    return frozenset(name for text in texts for name in re.findall(r"\{% *docs +(\w+) *%\}", text))


def _owner(sources: list[dict[str, Any]]) -> str:
    """Who owns the sources that there are, the first named."""
    owners = (((source.get("config") or {}).get("meta") or {}).get("owner") for source in sources)
    return next((str(owner) for owner in owners if owner), "")
