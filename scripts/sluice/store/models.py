"""The trained models of a release: models/<name>/ for those that serve, challengers/<name>/ for those that run beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sluice.store import digest
from sluice.store.copying import copy
from sluice.store.record import File, Model, Record

MODELS, CHALLENGERS = "models", "challengers"


def folder_of(root: Path, name: str, *, is_challenger: bool = False) -> Path:
    """Where a model is in the folder of a release or candidate."""
    return root / (CHALLENGERS if is_challenger else MODELS) / name


def files_in(folder: Path) -> dict[str, File]:
    """The files of a model's folder, as a record has them."""
    return {path.name: File(path.stat().st_size, digest.of_file(path)) for path in sorted(folder.iterdir()) if path.is_file()}


def files(record: Record) -> dict[str, File]:
    """All files of all models of a record, by their path in the folder of its release."""
    both = ((MODELS, record.models), (CHALLENGERS, record.challengers))
    return {
        f"{kind}/{name}/{file}": made
        for kind, models in both
        for name, model in models.items()
        for file, made in model.files.items()
    }


def changed(record: Record, folder: Path) -> tuple[str, ...]:
    """The files of models that are not those of the record, or are gone."""
    return tuple(name for name, made in files(record).items() if not _is_as_made(folder / name, made))


def _is_as_made(path: Path, made: File) -> bool:
    return path.is_file() and path.stat().st_size == made.bytes and digest.of_file(path) == made.sha256


def take_over(source: Path, models: Mapping[str, Model], target: Path, *, is_challenger: bool = False) -> None:
    """Put the files of these models into another folder: linked where the file system can, else copied."""
    for name, model in models.items():
        there = folder_of(target, name, is_challenger=is_challenger)
        there.mkdir(parents=True, exist_ok=True)
        for file in model.files:
            link(folder_of(source, name, is_challenger=is_challenger) / file, there / file)


def link(source: Path, target: Path) -> None:
    """Give a file, which is never written again, a second name; copy it where that is another disk or another user's file."""
    try:
        os.link(source, target)
    except OSError:
        copy(source, target)


def of(record: Record, name: str) -> Iterator[tuple[str, Model]]:
    """The role and the model, for each one of this name that a record has."""
    if name in record.models:
        yield "champion", record.models[name]
    if name in record.challengers:
        yield "challenger", record.challengers[name]
