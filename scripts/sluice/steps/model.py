"""Steps on models: train, let the challenger serve, drop; and what serves where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sluice.candidate.inherited import described
from sluice.candidate.same_data import Base, new_on_same_data
from sluice.core import dbt, log
from sluice.core.duck import MEMORY_LIMIT
from sluice.core.errors import RefusedError, SluiceError, did_you_mean
from sluice.core.progress import Tell, part, silent
from sluice.environments import trail
from sluice.environments.context import Context, here
from sluice.environments.resolve import Located, recorded
from sluice.history.recording import as_step
from sluice.model import artifact, learn
from sluice.model.declared import declared
from sluice.model.facts import keep
from sluice.model.train import train as trained_on
from sluice.quality.profiles import candidate as profiles
from sluice.store import models
from sluice.store.record import Model, Record

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Made:
    """A candidate with other models than `base` has, whose data it has; `version` is None where the model was dropped.

    `metrics` are those of model.json, of a model that was trained.
    """

    release_id: str
    base: str
    parent: str
    environment: str
    name: str
    role: str
    version: str | None
    folder: Path
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """A model of a release that an environment points to."""

    environment: str
    release_id: str
    name: str
    role: str
    version: str
    trained_on: str | None
    as_of: str
    threshold: float
    average_precision: float | None


@dataclass(frozen=True)
class Shown:
    """A model of one release: model.json, and the card."""

    release_id: str
    role: str
    facts: Mapping[str, Any]
    card: str


@as_step("model train")
def train(
    name: str,
    *,
    environment: str = "prod",
    on: str | None = None,
    challenger: bool = False,
    memory_limit: str = MEMORY_LIMIT,
    tell: Tell = silent,
) -> Made:
    """Train a declared model on the release of an environment, or `on` a candidate for it; a candidate has the same data and it.

    Raises SluiceError where it cannot be trained, RefusedError where environments.yml does not allow it.
    """
    learn.installed()
    role = CHALLENGER if challenger else CHAMPION

    def fill(base: Base, folder: Path, first: Record) -> Record:
        declaration = declared(dbt.artifact(_folder(base), "manifest.json"), name)
        trained = trained_on(base.located.file, declaration, part(tell, 0.1, 1), memory_limit)
        place = models.folder_of(folder, name, is_challenger=challenger)
        release = {"release_id": base.record.release_id, "commit": base.record.code.commit, "data": base.record.digest}
        model = described(place, keep(trained, place, release))
        return _with(first, base, folder, name, {role: model})

    return _made("model train", name, environment, on, role, fill)


@as_step("model promote")
def promote(name: str, *, environment: str = "prod", on: str | None = None) -> Made:
    """Let the challenger of a model serve: a candidate on the same data, in which it is the champion.

    Raises SluiceError where there is none, RefusedError where environments.yml does not allow it.
    """

    def fill(base: Base, folder: Path, first: Record) -> Record:
        model = base.record.challengers.get(name)
        if model is None:
            hint = f"train one: sluice model train {name} --challenger"
            raise SluiceError(f"{base.record.release_id} has no challenger of {name}", hint=hint)
        place = models.folder_of(folder, name)
        place.mkdir(parents=True)
        for file in model.files:
            models.link(models.folder_of(_folder(base), name, is_challenger=True) / file, place / file)
        return _with(first, base, folder, name, {CHAMPION: model, CHALLENGER: None})

    return _made("model promote", name, environment, on, CHAMPION, fill)


@as_step("model drop")
def drop(name: str, *, environment: str = "prod", on: str | None = None, challenger: bool = False) -> Made:
    """A candidate on the same data without a model, or without its challenger.

    Raises SluiceError where there is none, RefusedError where environments.yml does not allow it.
    """
    role = CHALLENGER if challenger else CHAMPION

    def fill(base: Base, folder: Path, first: Record) -> Record:
        if role not in dict(models.of(base.record, name)):
            raise SluiceError(f"{base.record.release_id} has no {role} of {name}", hint="see: sluice model list")
        return _with(first, base, folder, name, {role: None})

    return _made("model drop", name, environment, on, role, fill)


def _made(
    action: str,
    name: str,
    environment: str,
    on: str | None,
    role: str,
    fill: Callable[[Base, Path, Record], Record],
) -> Made:
    context = here()
    with trail.attempt(context.lake, context.actor, action, environment=environment) as tried:
        context.policy.allow(environment, "build", context.actor)
        base = _base(context, environment, on)
        tried.from_release_id = base.record.release_id
        folder, record = new_on_same_data(
            context, base, environment, f"{action} {name}", lambda place, first: fill(base, place, first)
        )
        tried.release_id = record.release_id
        # The next build is compared with it. It is not compared with its own base: the rows are the same.
        profiles.append(folder, replace(record, parent=None), base.record, context.lake)
        model = dict(models.of(record, name)).get(role)
        tried.detail = f"{name}, {role}{f', {model.version}' if model else ''}"
    facts = artifact.facts_in(models.folder_of(folder, name, is_challenger=role == CHALLENGER)) if model else {}
    return Made(
        release_id=record.release_id,
        base=base.record.release_id,
        parent=base.parent,
        environment=environment,
        name=name,
        role=role,
        version=model.version if model else None,
        folder=folder,
        metrics=facts.get("metrics", {}),
    )


def _folder(base: Base) -> Path:
    assert base.located.folder is not None
    return base.located.folder


def _base(context: Context, environment: str, on: str | None) -> Base:
    """The release of an environment or, where one is named, a candidate that follows it. Raises RefusedError for another."""
    if context.policy.environment(environment).kind != "pointer":
        raise SluiceError(f"{environment} is a file and has no releases", where="--env", hint="name one such as prod")
    located, record = recorded(on or environment, "to train a model on")
    if record.digest is None:
        hint = "fix what failed, and build again"
        raise RefusedError(f"{record.release_id} is not whole: dbt could not build all of it", where=str(located.file), hint=hint)
    current = context.store.pointer(environment).release_id
    if record.release_id == current:
        return Base(located, record, record.release_id)
    if record.environment == environment and record.parent == current and current is not None:
        return Base(located, record, current)
    what = f"{record.release_id} is neither the release of {environment} nor a candidate that follows it"
    hint = f"leave out --on, or build a candidate first: sluice build --env {environment}"
    raise RefusedError(what, where="--on", hint=hint)


def _with(first: Record, base: Base, folder: Path, name: str, said: Mapping[str, Model | None]) -> Record:
    """The record with the models of the base, whose files go into the folder; what is `said` of `name` takes their place."""
    found = {}
    for role, before in ((CHAMPION, base.record.models), (CHALLENGER, base.record.challengers)):
        others = {one: model for one, model in before.items() if one != name or role not in said}
        models.take_over(_folder(base), others, folder, is_challenger=role == CHALLENGER)
        new = said.get(role)
        found[role] = {**others, **({name: new} if new else {})}
    return replace(first, models=found[CHAMPION], challengers=found[CHALLENGER])


def served(name: str | None = None, environment: str | None = None) -> list[Served]:
    """What each environment that points to a release serves, champions first; of one model or environment, or of all."""
    context = here()
    known = [context.policy.environment(environment)] if environment else context.policy.environments
    found = []
    for one in known:
        record = _pointed(context, one.name) if one.kind == "pointer" else None
        names = sorted({*record.models, *record.challengers}) if record else []
        for model in names:
            if record and name in (None, model):
                found += [_served(context, one.name, record, model, role) for role, _ in models.of(record, model)]
    return found


def _pointed(context: Context, environment: str) -> Record | None:
    release_id = context.store.pointer(environment).release_id
    try:
        return context.store.record(release_id) if release_id else None
    except SluiceError as error:
        log.note(f"{environment} is left out: {error.what}")
        return None


def _served(context: Context, environment: str, record: Record, name: str, role: str) -> Served:
    facts = artifact.parsed(_text(context, record.release_id, name, role, artifact.FACTS), f"{record.release_id}, model {name}")
    return Served(
        environment=environment,
        release_id=record.release_id,
        name=name,
        role=role,
        version=facts["version"],
        trained_on=facts["trained_on"].get("release_id"),
        as_of=facts["trained_on"]["held_out_since"],
        threshold=facts["threshold"],
        average_precision=facts["metrics"]["average_precision"]["value"],
    )


def show(name: str, release: str, *, challenger: bool = False) -> Shown:
    """A model of a release or candidate. Raises SluiceError, with the models that there are, where it has none of this name."""
    located, record = recorded(release, "of models")
    role = CHALLENGER if challenger else CHAMPION
    if role not in dict(models.of(record, name)):
        known = sorted(record.challengers if challenger else record.models)
        hint = did_you_mean(name, known, f"it has: {', '.join(known)}" if known else f"train it: sluice model train {name}")
        raise SluiceError(f"{record.release_id} has no {role} called {name}", where=release, hint=hint)
    folder = _place(located, name, role)
    facts, card = artifact.facts_in(folder), (folder / artifact.CARD).read_text(encoding="utf-8")
    return Shown(record.release_id, role, facts, card)


def _place(located: Located, name: str, role: str) -> Path:
    assert located.folder is not None
    return models.folder_of(located.folder, name, is_challenger=role == CHALLENGER)


def _text(context: Context, release_id: str, name: str, role: str, file: str) -> str:
    place = models.folder_of(Path(), name, is_challenger=role == CHALLENGER) / file
    try:
        return context.store.text(release_id, place.as_posix())
    except FileNotFoundError:
        raise SluiceError(f"{place} of {release_id} is gone", where=context.store.address, hint="see: sluice verify") from None
