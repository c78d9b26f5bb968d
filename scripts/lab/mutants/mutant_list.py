"""The written list of mutations, read strictly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sluice.core.errors import SluiceError

KEYS = {"id", "file", "find", "occurrence", "replace", "models", "breaks"}


@dataclass(frozen=True)
class Mutant:
    """One place of the project, what to put there, and the models whose tests must notice."""

    id: str
    file: str
    find: str
    replace: str
    breaks: str
    models: tuple[str, ...]
    occurrence: int | None = None

    def applied(self, text: str) -> str:
        """`text` with the mutation. Raises SluiceError unless `find` occurs once (or `occurrence` names one)."""
        found = text.count(self.find)
        number = self.occurrence or 1
        if number > found or (self.occurrence is None and found > 1):
            hint = "correct `find`" if found < number else "make `find` longer, or say which one with `occurrence`"
            raise SluiceError(f"mutant {self.id}: `find` occurs {found} times", where=self.file, hint=hint)
        before = self.find.join(text.split(self.find)[:number])
        return before + self.replace + text[len(before) + len(self.find) :]


def read(path: Path) -> list[Mutant]:
    """Every mutation of a file, or of the files of a folder. Raises SluiceError for an incomplete entry, or a duplicate id."""
    files = sorted(path.glob("*.yml")) if path.is_dir() else [path]
    mutants = [_mutant(entry, file) for file in files for entry in _entries(file)]
    ids = [mutant.id for mutant in mutants]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise SluiceError(f"mutant {id_} is defined twice", where=str(path), hint="give each its own id")
    return mutants


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["mutants"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise SluiceError(f"cannot read the list: {error}", where=str(path), hint="it is a list under `mutants:`") from None
    return entries


def _mutant(entry: dict[str, Any], path: Path) -> Mutant:
    missing = sorted({"id", "file", "find", "replace", "breaks"} - set(entry))
    unknown = sorted(set(entry) - KEYS)
    if missing or unknown or entry["find"] == entry["replace"]:
        told = f"missing: {', '.join(missing)}" if missing else f"unknown: {', '.join(unknown)}" if unknown else "no change"
        raise SluiceError(f"mutant {entry.get('id', '?')}: {told}", where=str(path), hint=f"keys: {', '.join(sorted(KEYS))}")
    file = Path(entry["file"])
    models = tuple(entry.get("models", [file.stem] if file.parts[0] == "models" else []))
    if not models:
        raise SluiceError(f"mutant {entry['id']}: no model named", where=str(path), hint="list under `models` what it touches")
    texts = {key: str(entry[key]) for key in ("id", "file", "find", "replace", "breaks")}
    return Mutant(**texts, models=models, occurrence=entry.get("occurrence"))


def selected(mutants: Sequence[Mutant], ids: Sequence[str]) -> list[Mutant]:
    """Those with the ids, or all. Raises SluiceError for an id that is not in the list."""
    known = {mutant.id for mutant in mutants}
    for id_ in ids:
        if id_ not in known:
            raise SluiceError(f"there is no mutant {id_}", hint=f"there are: {', '.join(sorted(known))}")
    return [mutant for mutant in mutants if not ids or mutant.id in ids]
