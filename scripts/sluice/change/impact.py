"""What a change would affect, before anything is built: modified nodes with reasons, and what is downstream by column lineage."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from sluice.candidate import packages
from sluice.change.checkout import Parsed, Place, compiled_aside, compiled_in, listed_in
from sluice.change.modified import Modified, changed_keys, is_visible, modified
from sluice.core import dbt, git
from sluice.core.dbt_profile import Choice
from sluice.core.paths import lake_root
from sluice.core.progress import Tell, silent
from sluice.core.text import plural
from sluice.lineage.downstream import Change, Downstream, downstream, united
from sluice.lineage.graph import Graph, graph_of


@dataclass(frozen=True)
class Start:
    """What changes in a modified node itself: its rows, or only these columns."""

    unique_id: str
    name: str
    rows: bool
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Impact:
    """Everything that a change would affect. `remarks` say what could not be followed."""

    base: str
    commit: str
    modified: tuple[Modified, ...]
    starts: tuple[Start, ...]
    downstream: Downstream
    remarks: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Changes:
    """A commit and the working tree, as dbt sees them, and every node that differs."""

    old: Parsed
    new: Parsed
    modified: tuple[Modified, ...]


def changes_since(commit: str, scratch: Path, place: Place, tell: Tell = silent) -> Changes:
    """Compare the project in the current folder, where the place's session works, with a commit, in an empty folder `scratch`.

    Raises SluiceError if one of them cannot be parsed.
    """
    project = packages.lay_out(commit, scratch / "project")
    tell("dbt compiles the base and the working tree", 0.1)
    with ThreadPoolExecutor(1) as at_once:
        base = at_once.submit(compiled_aside, project, scratch / "base", place.lake, place.pinned, place.choice)
        new = compiled_in(place, Path().absolute())
        old = base.result()
    tell("dbt's own selection", 0.7)
    return compared(old, new, listed_in(place, old))


def compared(old: Parsed, new: Parsed, by_dbt: frozenset[str] = frozenset()) -> Changes:
    """What differs between two projects; `by_dbt` is what dbt itself calls modified."""
    names = {name.split(".")[1] for side in (old, new) for name in side.manifest["macros"]}
    variables = set(changed_variables(variables_of(old.folder), variables_of(new.folder), names))
    for name in names:
        before, after = (variables_of(packages.folder_of(side.folder) / name) for side in (old, new))
        variables.update(changed_variables(before, after, names))
    found = modified(old.manifest, new.manifest, sorted(variables), partial(_differs, old, new), by_dbt)
    return Changes(old, new, tuple(found))


def impact(base: str, choice: Choice | None = None, tell: Tell = silent) -> Impact:
    """Compare the project in the current folder with the commit at which its branch left another one, or with that commit.

    `choice` is how dbt is called. Raises SluiceError if one of both cannot be parsed.
    """
    started = time.monotonic()
    start = git.start_of_branch(base)
    with TemporaryDirectory(prefix="sluice-impact-") as name, dbt.session() as session:
        place = Place(session, Path(name) / "head", lake_root().absolute(), None, choice or Choice())
        found = changes_since(start.commit, Path(name), place, tell)
    tell("lineage", 0.9)
    starts, reached = reach(found.old.manifest, found.new.manifest, found.modified)
    remarks = (*_about_the_start(base, start), *_about_the_sql(found))
    return Impact(base, start.commit, found.modified, tuple(starts), reached, remarks, round(time.monotonic() - started, 3))


def _about_the_start(base: str, start: git.Start) -> Iterator[str]:
    if start.commits:
        since = f"{plural(start.commits, 'commit')} since {start.commit[:12]}, where this branch left it"
        yield f"{base} has had {since}; what they change is not part of this comparison"
    if start.commits is None:
        why = f" in this clone, which is shallow ({git.how_to_deepen(base)})" if git.is_shallow() else ""
        yield f"this branch and {base} have no commit in common{why}: compared with the last commit of {base}"


def _about_the_sql(found: Changes) -> Iterator[str]:
    sides = {"the base": found.old, "the working tree": found.new}
    for word, side in sides.items():
        if not side.is_compiled:
            yield f"{word} could not be compiled, so that only models were followed: {side.said}"
    hidden = {node["name"] for side in sides.values() if side.is_compiled for node in _without_sql(side.manifest)}
    if hidden:
        yield f"compared by their code, because dbt can't compile them on an empty warehouse: {', '.join(sorted(hidden))}"


def _without_sql(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "snapshot") and not node.get("compiled_code"):
            yield node


def _differs(old: Parsed, new: Parsed, node: Mapping[str, Any]) -> bool:
    files = [_file_of(node, side) for side in (old, new)]
    return not all(file.is_file() for file in files) or files[0].read_bytes() != files[1].read_bytes()


def _file_of(node: Mapping[str, Any], side: Parsed) -> Path:
    """The file of a node, which is perhaps that of a package."""
    package = str(node["package_name"])
    is_own = package == side.manifest["metadata"].get("project_name")
    return (side.folder if is_own else packages.folder_of(side.folder) / package) / str(node["original_file_path"])


def variables_of(project: Path) -> dict[str, Any]:
    """The variables of a project: those in vars.yml beside dbt_project.yml, and under `vars` there."""
    found: dict[str, Any] = {}
    for name in ("dbt_project.yml", "vars.yml"):
        file = project / name
        document = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
        found |= (document or {}).get("vars") or {}
    return found


def changed_variables(old: Mapping[str, Any], new: Mapping[str, Any], packages: Collection[str] = ()) -> list[str]:
    """Names of variables whose values differ, also of those under the name of a package."""
    names = set(changed_keys(old, new))
    for name in list(names):
        before, after = old.get(name), new.get(name)
        if name in packages:
            names.update(changed_keys(*(side if isinstance(side, dict) else {} for side in (before, after))))
    return sorted(names)


def reach(old: Mapping[str, Any], new: Mapping[str, Any], changed: Sequence[Modified]) -> tuple[list[Start], Downstream]:
    """What changes in each modified node, and all that is downstream, now or before."""
    before, after = graph_of(old), graph_of(new)
    changes: dict[str, Change] = {}
    gone: dict[str, Change] = {}
    for node in changed:
        if node.touches_data and node.kind != "operation":
            change, lost = _change(before, after, node, new)
            if change:
                changes[node.unique_id] = change
            if lost:
                gone[node.unique_id] = lost
    starts = [_start(after if name in after.nodes else before, name, change) for name, change in {**gone, **changes}.items()]
    parts = [downstream(after, {name: change for name, change in changes.items() if name in after.nodes})]
    if gone:
        parts.append(downstream(before, gone))
    return starts, united(parts)


def _start(graph: Graph, unique_id: str, change: Change) -> Start:
    return Start(unique_id, graph.label(unique_id), change.rows, tuple(sorted(change.columns)))


def _change(before: Graph, after: Graph, node: Modified, manifest: Mapping[str, Any]) -> tuple[Change, Change]:
    """What changes in the new project, and what the readers in the old one lose."""
    kinds = {reason.kind for reason in node.reasons if reason.touches_data}
    name = node.unique_id
    if kinds == {"removed"}:
        return Change(), Change(rows=True)
    old, new = before.with_texts(name), after.with_texts(name)
    traceable = kinds <= {"body", "macro", "variables", "sql", "contract", "dbt"}
    if old is None or new is None or not traceable or not is_visible(before.nodes[name], after.nodes[name], kinds, manifest):
        return Change(rows=True), Change()
    lost = {column for column in old.columns if column not in new.columns}
    if (old.rows.texts, old.rows.leaves) != (new.rows.texts, new.rows.leaves):
        return Change(rows=True), Change(lost)
    columns = {column for column, made in new.columns.items() if made != old.columns.get(column)}
    promised = {part for reason in node.reasons if reason.kind == "contract" for part in reason.detail.lower().split(", ")}
    return Change(columns | (promised & set(new.columns))), Change(lost)
