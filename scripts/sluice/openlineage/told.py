"""The runs that events report for a command: the command itself, its steps, and below them feeds, models and checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sluice.core.errors import INTERRUPTED
from sluice.history.kinds import RunEntry, StepEntry
from sluice.openlineage import facets, of_build, of_ingest, of_release
from sluice.openlineage.event import Job, Told
from sluice.openlineage.gathered import Left
from sluice.openlineage.names import Names
from sluice.openlineage.source_code import Code


@dataclass(frozen=True)
class Telling:
    """What all events of a command share: `outer` is the run that started the command, where a scheduler names one."""

    left: Left
    names: Names
    code: Code
    outer: Job | None = None


def told(telling: Telling) -> list[Told]:
    """Every run, the command's own and those of its steps."""
    found: list[Told] = []
    for number, step in enumerate(telling.left.steps):
        command = telling.left.command_of(step)
        parent = _command_job(command, telling) if command and _is_several(command, telling.left) else telling.outer
        job = Job(telling.names.namespace, name_of(step.environment, step.step), _id(step, telling.names), parent)
        found += _of_step(step, number, job, telling)
    commands = [one for one in telling.left.runs if _is_several(one, telling.left)]
    return [_of_command(one, telling) for one in commands] + found


def name_of(environment: str | None, *words: str) -> str:
    """The name of a job: what it is about, then what is done."""
    return ".".join(word for word in (environment, *words) if word)


def _is_several(command: RunEntry, left: Left) -> bool:
    """Whether a command is more than its only step."""
    return [one.step for one in left.steps if left.command_of(one) is command] != [command.command]


def _id(step: StepEntry, names: Names) -> str:
    return names.run(step.run_id, step.step, step.started_at.isoformat())


def _command_job(command: RunEntry, telling: Telling) -> Job:
    run_id = telling.names.run(command.run_id, command.started_at.isoformat())
    return Job(telling.names.namespace, name_of(command.environment, command.command), run_id, telling.outer)


def _of_command(command: RunEntry, telling: Telling) -> Told:
    steps = [one for one in telling.left.steps if telling.left.command_of(one) is command]
    ended = max([_end(command), *map(_end, steps)])
    state, of_run = ending(command.exit_code, command.detail)
    of_job = {"jobType": facets.job_type("SLUICE", "COMMAND"), **telling.code.of_project()}
    return Told(_command_job(command, telling), command.started_at, ended, state, of_job=of_job, of_run=of_run)


def _end(entry: RunEntry | StepEntry) -> datetime:
    return entry.started_at + timedelta(seconds=entry.seconds)


def ending(exit_code: int, detail: str | None) -> tuple[str, dict[str, facets.Facet]]:
    """How a run ended in OpenLineage's word, and why it did not succeed."""
    if not exit_code:
        return "COMPLETE", {}
    error = {"errorMessage": facets.error(detail or f"it ended with exit code {exit_code}", "SQL")}
    return ("ABORT" if exit_code == INTERRUPTED else "FAIL"), error


def _of_step(step: StepEntry, number: int, job: Job, telling: Telling) -> Iterator[Told]:
    """A step and what is below it."""
    state, of_run = ending(step.exit_code, step.detail)
    engine = facets.facet("ProcessingEngineRunFacet", name="Sluice", version=facets.PRODUCER.rpartition(":")[2])
    below = list(_below(step, number, job, telling))
    parts = list(_datasets(step, number, telling))
    yield Told(
        job,
        step.started_at,
        max([_end(step), *(one.ended_at for one in below)]),
        state,
        inputs=[one for reads, _ in parts for one in reads],
        outputs=[one for _, writes in parts for one in writes],
        of_job={"jobType": facets.job_type("SLUICE", "STEP"), **telling.code.of_project()},
        of_run={"processing_engine": engine, **of_run},
    )
    yield from below


def _below(step: StepEntry, number: int, job: Job, telling: Telling) -> Iterable[Told]:
    left, artifacts = telling.left, telling.left.artifacts.get(number)
    if step.step in ("ingest", "stream"):
        return of_ingest.feeds(step, job, left, telling.names)
    if step.step == "build" and artifacts and artifacts.invocation_id == step.invocation_id:
        return of_build.models(step, job, artifacts, telling.names, telling.code)
    return ()


def _datasets(step: StepEntry, number: int, telling: Telling) -> Iterator[tuple[list[Any], list[Any]]]:
    """The datasets of a step itself: what was audited, what was published."""
    artifacts = telling.left.artifacts.get(number)
    if artifacts is None:
        return
    if step.step == "audit":
        yield of_release.audited(step, artifacts, telling.left, telling.names), []
    elif step.step in of_release.MOVES and not step.exit_code:
        yield of_release.moved(step, artifacts, telling.names)
