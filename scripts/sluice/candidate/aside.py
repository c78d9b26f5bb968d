"""Builds an environment that is a file of its own: aside, from nothing, and then in one step in the place of the last one.

Who reads the last one keeps it until the connection is closed. A build that is killed, or that cannot build every model,
leaves it as it is.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.candidate import compiled, pins
from sluice.candidate.parsed import forget_unless_safe
from sluice.candidate.plan import code_of
from sluice.core import dbt
from sluice.core.dbt_profile import derived
from sluice.core.errors import SluiceError
from sluice.core.locks import LOCK, locked
from sluice.core.progress import Tell
from sluice.environments import origin, partial
from sluice.environments.context import Context
from sluice.store import standalone
from sluice.store.record import ARTIFACTS

# Readers use the same cores, and people wait for their queries.
_NICENESS = 10


@dataclass(frozen=True)
class BuiltAside:
    """A build of `file`: dbt's `artifacts` of it, whether it was put in place, and whether no test of it failed.

    Where data tests failed and nothing else did, it was put in place; where a model could not be built, it was not, and
    what there is of it is in `built`.
    """

    file: Path
    built: Path
    artifacts: Path
    is_in_place: bool
    is_good: bool


def build(environment: str, context: Context, tell: Tell, *, only: Sequence[str] = (), patience: float = math.inf) -> BuiltAside:
    """Build what the environment selects; `only` limits that further, in dbt's own options.

    Waits up to `patience` seconds for another build of it. Raises SluiceError where it could not be built at all.
    """
    file = context.file_of(environment)
    root = partial.workspace(context.warehouse, environment)
    root.mkdir(parents=True, exist_ok=True)
    with locked(root / LOCK, f"building {environment}", patience) as lock:
        versions = pins.versions(context.lake)
        begun = origin.begun(context.actor, code_of(Path()), lake=versions)
        fresh = root / "built" / file.name
        is_whole, is_good = _by_dbt(environment, context, fresh, root, versions, lock, only, tell)
        if is_whole:
            standalone.make(fresh)
            _put(fresh, file, root / "target")
            origin.keep(begun, context.warehouse, environment, file, is_good=is_good)
    return BuiltAside(file, file if is_whole else fresh, root / "target", is_whole, is_good)


def _by_dbt(
    environment: str,
    context: Context,
    fresh: Path,
    root: Path,
    versions: dict[str, int],
    lock: int,
    only: Sequence[str],
    tell: Tell,
) -> tuple[bool, bool]:
    """Run dbt in a new file; whether it built everything, and whether nothing failed."""
    entry, target = context.policy.environment(environment), root / "target"
    shutil.rmtree(fresh.parent, ignore_errors=True)
    fresh.parent.mkdir()
    options = derived(Path(), root / "profile", fresh, choice=entry.choice)
    forget_unless_safe(Path(), target)
    command = ["build", "--select", *(entry.select or ()), *only, *options]
    paths = ["--target-path", str(target), "--log-path", str(root / "logs")]
    places = compiled.places(context.lake, versions)
    done = dbt.invoke([*command, *paths], tell, environment=places, held=[lock], niceness=_NICENESS)
    results = dbt.results_of(done, target)
    if not results["results"]:
        selected = " ".join(entry.select or ())
        hint = "give the models that it selects, and enable them for its target"
        raise SluiceError(f"`select: {selected}` of {environment} selects nothing", where=context.policy.where, hint=hint)
    return not done.code or dbt.failed_tests(results["results"]) is not None, not done.code


def _put(fresh: Path, file: Path, target: Path) -> None:
    """The file first: it is what readers look at, and dbt's artifacts beside it only say how it was made."""
    fresh.replace(file)
    beside = file.with_suffix("")
    beside.mkdir(exist_ok=True)
    for name in ARTIFACTS:
        shutil.copyfile(target / name, beside / f".{name}")
        (beside / f".{name}").replace(beside / name)
