"""What models declare to be shown: `config: meta: show` of dbt's manifest, read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from sluice.core import public
from sluice.core.errors import SluiceError
from sluice.core.manifest import folded, is_relation, owners_of_groups, personal_columns, relation_of
from sluice.core.yaml_model import tried

Kind = Literal["line", "bar", "funnel", "cohort", "table"]
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Show:
    """One chart or table of a model.

    `y` is an SQL aggregate, `x` the column (or SQL) that it is grouped by and `series` a second one; `unit` is written beside
    numbers, and `percent` shows a share as such. `order` puts bars and steps in an order, else the largest come first, and
    `most` limits them. A table has `columns`: names, or SQL with `as`; `note` is shown below the title. `page` is the title
    of a page of its own.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    title: Text
    kind: Kind
    x: Text | None = None
    y: Text | None = None
    series: Text | None = None
    unit: str = ""
    where: Text | None = None
    order: Text | None = None
    most: Annotated[int, Field(ge=1, le=500)] = 20
    columns: tuple[Text, ...] = ()
    note: str = ""
    page: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 ]*$", max_length=20)] = "The shop"

    def __post_init__(self) -> None:
        if self.kind == "table":
            if not self.columns:
                raise ValueError("a table needs columns: [name, ...]")
            if self.x or self.y or self.series:
                raise ValueError("a table has columns, and no x, y or series")
            return
        if self.columns:
            raise ValueError(f"columns are those of a table; a {self.kind} has x and y")
        if not self.x or not self.y:
            raise ValueError(f"a {self.kind} needs x (a column) and y (an SQL aggregate such as sum(amount))")
        if self.kind == "cohort" and not self.series:
            raise ValueError("a cohort needs series: the column that names the cohort; x is the time since then")
        if self.kind in ("bar", "funnel") and self.series:
            raise ValueError(f"a {self.kind} has no series")


@dataclass(frozen=True)
class Shown:
    """What is shown of a model, in the order of its YAML."""

    relation: str
    name: str
    owner: str | None
    place: str
    show: Show


def declared(manifest: Mapping[str, Any]) -> list[Shown]:
    """What the models of a project show, by folder and file. Raises SluiceError that names every fault."""
    known, owners = public.nodes(manifest), owners_of_groups(manifest)
    found: list[Shown] = []
    faults: list[str] = []
    for key, node in sorted(manifest["nodes"].items(), key=lambda item: str(item[1].get("original_file_path"))):
        given = (((node.get("config") or {}).get("meta")) or {}).get("show")
        if given is None:
            continue
        place = _place(node)
        shows, wrong = _read(given)
        wrong += [fault for show in shows for fault in _faults(show, node, is_public=key in known)]
        faults += [f"{place}, {fault}" for fault in wrong]
        owner = owners.get(node.get("group") or "")
        found += [Shown(relation_of(node), str(node["name"]), owner, place, show) for show in shows]
    if faults:
        head = f"what is shown is not valid in {len(faults)} place{'s' * (len(faults) > 1)}:"
        raise SluiceError("\n  ".join([head, *faults]), hint="docs/site.md has the keys of show")
    return found


def _place(node: Mapping[str, Any]) -> str:
    file = str(node.get("patch_path") or node.get("original_file_path") or "").partition("://")
    return f"{file[2] or file[0]} {node['name']}".strip()


def _read(given: Any) -> tuple[list[Show], list[str]]:
    entries: Sequence[Any] = given if isinstance(given, list) else [given]
    shows, faults = [], []
    for number, entry in enumerate(entries, 1):
        show, wrong = tried(Show, entry)
        where = "show" if len(entries) == 1 else f"show, entry {number}"
        faults += [f"{where}: {fault}" for fault in wrong]
        shows += [show] if show else []
    return shows, faults


def _faults(show: Show, node: Mapping[str, Any], *, is_public: bool) -> Iterator[str]:
    """What a site may not show: what is not in the release, and who somebody is."""
    if not is_relation(node) or not is_public:
        yield f"show: {show.title}: the model is not public, so that the release does not have it"
    secret = personal_columns(node)
    for name in (show.x, show.series, *show.columns):
        if name is not None and folded(name.split()[0]) in secret:
            yield f"show: {show.title}: {name} holds personal data (meta: pii), and is not shown"
