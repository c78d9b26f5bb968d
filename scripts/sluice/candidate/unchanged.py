"""Whether a candidate would be what its environment has already: the same code, lake and tools, and nothing that moves by itself.

Nothing is parsed and nothing is built. Every doubt is a reason to build.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sluice.candidate import inputs, pins
from sluice.candidate.inputs import Inputs
from sluice.candidate.moving import moving
from sluice.candidate.plan import code_of
from sluice.candidate.sources import Sources, changed_in, read_directly, sources_of, state_of
from sluice.core.duck import connect, identifier, literal
from sluice.core.errors import SluiceError
from sluice.environments.context import Context
from sluice.store.record import FILE, Code, Record


@dataclass(frozen=True)
class Unchanged:
    """The release that an environment points to, from which a new one would not differ."""

    environment: str
    release_id: str


@dataclass(frozen=True)
class State:
    """What a candidate would be made of: the checkout, the versions of the lake's tables, and the other inputs."""

    code: Code
    lake: Mapping[str, int]
    inputs: Inputs


def whats_new(environment: str, context: Context, project: Path = Path()) -> tuple[str | None, list[str]]:
    """The environment's current release, and what is new since: why a candidate has to be built. None: there is no release."""
    release_id = context.store.pointer(environment).release_id
    if release_id is None:
        return None, [f"{environment} points to no release"]
    try:
        record = context.store.record(release_id)
        manifest, results = (_document(context, release_id, name) for name in ("manifest.json", "run_results.json"))
        made_of = inputs.parse(context.store.text(release_id, inputs.NAME))
    except (OSError, ValueError, SluiceError):
        return release_id, ["it does not say what it was made of"]
    if made_of is None:
        return release_id, ["another version of sluice noted what it was made of"]
    versions = pins.taken(context.lake)
    choice = context.policy.environment(environment).choice
    now = State(code_of(project), versions, inputs.taken(project, context.lake, versions, choice))
    new = [*differences(State(record.code, record.lake, made_of), now, manifest)]
    if not new:  # else the manifest may not be that of the project, and why look
        new = [*_of_sources(sources_of(project, choice, context.policy.environment(environment).sources), made_of, manifest)]
    return release_id, new or [*_moved(context, record, manifest, results)]


def _of_sources(sources: Sources | None, then: Inputs, manifest: Mapping[str, Any]) -> Iterator[str]:
    """What is new in DuckDB files that are read as sources."""
    if sources is None:
        return
    yield from read_directly(manifest, sources)
    try:
        now = state_of(manifest, sources)
    except SluiceError as error:
        yield error.what
        return
    yield from changed_in(then.sources, now)


def _document(context: Context, release_id: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(context.store.text(release_id, name))
    return found


def differences(then: State, now: State, manifest: Mapping[str, Any]) -> Iterator[str]:
    """What differs between the state that a release was made of and the present one; `manifest` is the release's."""
    yield from (f"it was built from {why}" for why in _unsaid(then.code))
    yield from (f"the project has {why}" for why in _unsaid(now.code))
    yield from now.inputs.untold
    if now.inputs.project != then.inputs.project:
        yield "the dbt project changed"
    if now.inputs.tools != then.inputs.tools:
        yield "sluice, Python or one of its packages (dbt, DuckDB, ...) changed"
    if now.inputs.variables != then.inputs.variables:
        yield "an environment variable that the project reads changed"
    read = (pins.read_by(manifest, side.lake) for side in (then, now))
    yield from (f"lake/{path} changed" for path in _other_tables(then, now, *read))


def _unsaid(code: Code) -> list[str]:
    if code.commit is None:
        return ["files that are not in git"]
    return ["files that were not committed"] if code.is_dirty else []


def _other_tables(then: State, now: State, before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """The tables that models read and that have another version, or were made again."""
    ids = then.inputs.tables, now.inputs.tables
    return sorted(
        path
        for path in {**before, **after}
        if before.get(path) != after.get(path) or ids[0].get(path) is None or ids[0].get(path) != ids[1].get(path)
    )


def _moved(context: Context, record: Record, manifest: Mapping[str, Any], results: Mapping[str, Any]) -> Iterator[str]:
    """Nodes that may give another result now. A data test that passed is asked again, on the release itself."""
    found = moving(manifest)
    passed = {one["unique_id"] for one in results["results"] if one["status"] == "pass" and one["failures"] == 0}
    tests = [manifest["nodes"][name] for name in found if name in passed and manifest["nodes"].get(name, {}).get("compiled_code")]
    asked = {test["unique_id"] for test in tests}
    yield from (f"{name}: {why}" for name, why in found.items() if name not in asked)
    if tests and len(tests) == len(found):
        work = context.store.work(record.release_id) or context.store.fetch(record.release_id) / FILE
        yield from _failing(work, tests)


def _failing(file: Path, tests: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The tests that do not pass any more, or cannot be asked on the file alone."""
    for test in tests:
        count = (test.get("config") or {}).get("fail_calc") or "count(*)"
        try:
            with connect() as connection:
                connection.execute(f"attach {literal(str(file))} as {identifier(test['database'])} (read_only)")
                row = connection.execute(f"select {count} from (\n{test['compiled_code']}\n) as failing").fetchone()
        except duckdb.Error:
            yield f"{test['unique_id']}: it depends on the clock, and on more than the release has"
            continue
        if row != (0,):
            yield f"{test['unique_id']}: it depends on the clock, and fails now"
