"""The series that models declare: `config: meta: follow` of dbt's manifest, read strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from sluice.core import public
from sluice.core.errors import SluiceError
from sluice.core.manifest import ManifestModel, fields_of, folded, is_relation, owners_of_groups, personal_columns
from sluice.core.yaml_model import tried
from sluice.quality.personal import NOTHING_PERSONAL, Personal, of_nodes

Kind = Literal["value", "amount", "count", "u", "p", "t", "g"]
Severity = Literal["error", "warn"]
Direction = Literal["both", "up", "down"]
Sql = Annotated[str, Field(min_length=1)]
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PART_OF = ("p", "u")


class _Strict:
    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Measure(_Strict):
    """What is measured of the rows of a day: how many, how many of them meet a `condition`, or an SQL aggregate (`value`).

    `denominator` is the aggregate that a rate or share is of. What is None is as in the follow that has it.
    """

    kind: Kind | None = None
    condition: Sql | None = None
    value: Sql | None = None
    denominator: Sql | None = None
    severity: Severity | None = None
    direction: Direction | None = None
    least_rows: Annotated[int, Field(ge=0)] | None = None

    def __post_init__(self) -> None:
        if self.value and self.condition:
            raise ValueError("say either value or condition: a condition counts the rows that meet it")
        if self.denominator and not self.value:
            raise ValueError("a denominator needs a value; of a condition, the denominator is the number of rows")
        if self.denominator and self.kind not in (*_PART_OF, None):
            raise ValueError(f"the kind {self.kind} has no denominator; kinds that have one: p (a share) and u (a rate)")
        if self.kind in _PART_OF and not (self.denominator or (self.kind == "p" and self.condition)):
            raise ValueError(f"the kind {self.kind} needs a value and a denominator" + (", or a condition" * (self.kind == "p")))
        if not self.value and self.kind not in ("count", "p" if self.condition else "count", None):
            raise ValueError(f"the kind {self.kind} needs a value: an SQL aggregate such as median(amount)")
        if not self.value and not self.condition and self.kind is None:
            raise ValueError("say what is measured: count, condition or value")

    @property
    def chart(self) -> str:
        """The kind of its chart: as declared, else a share for a condition, a rate with a denominator, an amount for a value."""
        return self.kind or ("p" if self.condition else "u" if self.denominator else "amount")

    @property
    def figures(self) -> tuple[str, str]:
        """Its value and its denominator as SQL aggregates."""
        if self.condition:
            return f"count(*) filter (where {self.condition}\n)", "count(*)" if self.chart == "p" else "null"
        return self.value or "count(*)", self.denominator or "null"


@dataclass(frozen=True)
class Phase(_Strict):
    """From this day on the series are another thing, for a known reason: they are judged by the days since then only."""

    since: date
    reason: Annotated[str, Field(min_length=1)]


def _measure(given: Any) -> Any:
    """`count` is the number of rows; any other text is an SQL aggregate."""
    if given == "count":
        return {"kind": "count"}
    return {"value": given} if isinstance(given, str) and given else given


def _several(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


@dataclass(frozen=True)
class Follow(_Strict):
    """One entry: what is measured (`measures`) of the rows `where` a condition holds, by day of `at`, for each value of `by`.

    With `total`, all rows are a series, too.
    Judged are the last `days` days; a day is judged when it is over, and `wait` more days are. Of a dimension, the `most`
    frequent values are followed. A new series is judged on its last `new_days` days.
    """

    at: Sql | None = None
    where: Sql | None = None
    by: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    total: bool = True
    measures: Mapping[str, Annotated[Measure, BeforeValidator(_measure)]] | None = None
    severity: Severity = "warn"
    direction: Direction = "both"
    owner: str | None = None
    least_rows: Annotated[int, Field(ge=0)] = 0
    days: Annotated[int, Field(ge=30)] = 400
    new_days: Annotated[int, Field(ge=1)] = 3
    wait: Annotated[int, Field(ge=0)] = 0
    most: Annotated[int, Field(ge=1)] = 50
    memory: Annotated[int, Field(ge=30)] | None = None
    phases: tuple[Phase, ...] = ()

    def __post_init__(self) -> None:
        if self.measures is not None and not self.measures:
            raise ValueError("measures is empty; leave it out to follow the number of rows")
        for name in self.measures or ():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot name a measure; use a-z, 0-9 and _")

    @property
    def measured(self) -> Mapping[str, Measure]:
        """Its measures, each with everything that it takes from the follow; by default the number of rows."""
        given = self.measures or {"rows": Measure(kind="count")}
        return {name: self._whole(measure) for name, measure in given.items()}

    def _whole(self, one: Measure) -> Measure:
        least = self.least_rows if one.least_rows is None else one.least_rows
        return replace(one, severity=one.severity or self.severity, direction=one.direction or self.direction, least_rows=least)


@dataclass(frozen=True)
class FollowedModel(ManifestModel):
    """A model whose series are followed. `is_declared` is false where nothing but its event_time says so."""

    owner: str | None
    is_declared: bool
    follows: tuple[Follow, ...]
    personal: Personal = NOTHING_PERSONAL


def declared(manifest: Mapping[str, Any], select: Sequence[str] = ()) -> list[FollowedModel]:
    """The selected models with series, by relation: those that declare some, and public ones that have an event_time.

    Raises SluiceError, naming every fault, if a declaration is not valid, also in models that are not selected.
    """
    owners, known = owners_of_groups(manifest), public.nodes(manifest)
    found, faults = [], []
    for name, node in {**manifest["nodes"], **(manifest.get("sources") or {})}.items():
        given = _given(node)
        if given is None and (name not in known or not _event_time(node)):
            continue
        entries = [{}] if given in (None, True) else given if isinstance(given, list) else [given]
        follows, wrong = _follows(node, [] if given is False else entries)
        faults += [f"{_place(node)}, {fault}" for fault in wrong]
        if follows and not wrong:
            owner = owners.get(node.get("group") or "")
            fields = {**fields_of(node), "name": _name(node)}
            found.append(
                FollowedModel(
                    **fields,
                    owner=owner,
                    is_declared=given is not None,
                    follows=tuple(follows),
                    personal=of_nodes([node]),
                )
            )
    if faults:
        head = f"what is followed is not valid in {len(faults)} place{'s' * (len(faults) > 1)}; nothing was judged"
        raise SluiceError("\n  ".join([f"{head}:", *faults]), hint="docs/quality.md has the keys of follow")
    found.sort(key=lambda model: model.relation)
    return [model for model in found if not select or any(model.is_selected_by(word) for word in select)]


def _given(node: Mapping[str, Any]) -> Any:
    return ((node.get("config") or {}).get("meta") or {}).get("follow")


def _event_time(node: Mapping[str, Any]) -> str | None:
    found = (node.get("config") or {}).get("event_time")
    return found if isinstance(found, str) and found and is_relation(node) else None


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['name']}.v{node['version']}" if node.get("version") else str(node["name"])


def _place(node: Mapping[str, Any]) -> str:
    """The file that declares it, and its name."""
    file = str(node.get("patch_path") or node.get("original_file_path") or "").partition("://")
    return " ".join(filter(None, [file[2] or file[0], _name(node)]))


def _follows(node: Mapping[str, Any], entries: Sequence[Any]) -> tuple[list[Follow], list[str]]:
    """The entries of a node as data, and what is wrong with them."""
    if not is_relation(node):
        return [], [f"follow: this {_what(node)} is not in the warehouse file; declare it on a model that reads it"]
    follows, faults = [], []
    for number, entry in enumerate(entries, 1):
        where = "follow" if len(entries) == 1 else f"follow, entry {number}"
        found, wrong = tried(Follow, entry)
        if found is not None:
            found = replace(found, at=found.at or _event_time(node))
            wrong = list(_faults(found, node))
            follows.append(found)
        faults += [f"{where}: {fault}" for fault in wrong]
    return follows, faults + [f"follow: {fault}" for fault in _twice(follows)]


def _what(node: Mapping[str, Any]) -> str:
    return "source" if node["resource_type"] == "source" else f"{node['config'].get('materialized', '')} model".strip()


def _faults(follow: Follow, node: Mapping[str, Any]) -> Iterator[str]:
    if not follow.at:
        yield "`at` is missing: name a column with dates or times, or set event_time in the model's config"
    for column in follow.by:
        if folded(column) in personal_columns(node):
            yield f"`by`: {column} holds personal data (meta: pii), which would become the name of a series"


def _twice(follows: Sequence[Follow]) -> Iterator[str]:
    """A measure's name means one thing in a model, and each series of it is measured once."""
    meanings: dict[str, tuple[Any, ...]] = {}
    taken: set[tuple[str, tuple[str, ...]]] = set()
    for follow in follows:
        for name, measure in follow.measured.items():
            meaning = (follow.at, follow.where, measure.figures, measure.chart)
            if meanings.setdefault(name, meaning) != meaning:
                yield f"{name} is measured in two ways; give one of them another name"
            elif (name, follow.by) in taken:
                yield f"{name} is measured twice by {', '.join(follow.by) or 'day'}"
            taken.add((name, follow.by))
