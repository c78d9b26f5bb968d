"""The models of a candidate that are taken over from the release that it follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sluice.core import log
from sluice.core.errors import SluiceError
from sluice.model import artifact, fits
from sluice.store import models
from sluice.store.record import Model, Record


@dataclass(frozen=True)
class Kept:
    """The folder of a release, and its record: where models are taken from."""

    folder: Path
    record: Record


def described(folder: Path, facts: Mapping[str, Any]) -> Model:
    """A trained model, as a record has it."""
    return Model(
        version=str(facts["version"]),
        relation=str(facts["reads"]["features"]),
        features=tuple(facts["features"]),
        trained_on=facts["trained_on"].get("release_id"),
        files=models.files_in(folder),
    )


def taken_over(record: Record, folder: Path, kept: Kept, manifest: Mapping[str, Any]) -> Record:
    """The record with the models of the release before, whose files are put into the folder.

    A model that the project does not declare any more is left out; one that does not fit says so in the record.
    """
    return replace(
        record,
        models=_fitting(kept.record.models, folder, kept.folder, manifest, is_challenger=False),
        challengers=_fitting(kept.record.challengers, folder, kept.folder, manifest, is_challenger=True),
    )


def _fitting(
    known: Mapping[str, Model], folder: Path, source: Path, manifest: Mapping[str, Any], *, is_challenger: bool
) -> dict[str, Model]:
    for name in (one for one in known if not fits.is_declared(one, manifest)):
        log.note(f"the project does not declare the model {name} any more: this candidate is without it")
    there = {name: model for name, model in known.items() if fits.is_declared(name, manifest)}
    try:
        models.take_over(source, there, folder, is_challenger=is_challenger)
    except SluiceError as error:
        raise SluiceError(f"a model of the release before cannot be taken over: {error.what}", where=error.where) from error
    return {
        name: replace(model, misfit=_misfit(name, models.folder_of(folder, name, is_challenger=is_challenger), manifest))
        for name, model in there.items()
    }


def _misfit(name: str, folder: Path, manifest: Mapping[str, Any]) -> str:
    return fits.misfit(name, artifact.facts_in(folder), manifest)
