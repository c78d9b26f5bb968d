"""The corpus: a folder of Python files whose functions each spoil one table's deliveries in one way."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from lab.faults.day import Day
from sluice.core.errors import SluiceError

Kind = Literal["shape", "values", "keys", "volume", "time", "meaning", "drift"]
# Where a fault can be caught, the earliest place first. `harmless`: it must be accepted, and the marts must be the
# same as without it. `none`: nothing detects it today.
Place = Literal["ingest", "quarantine", "test", "expectation", "chart", "none"]
Aim = Literal["ingest", "quarantine", "test", "expectation", "chart", "none", "harmless"]


@dataclass(frozen=True)
class Fault:
    """One entry. `spoil` is called once for each of the last `days` days; `but` says why it is not (wholly) caught."""

    id: str
    kind: Kind
    table: str
    says: str
    caught_by: Aim
    spoil: Callable[[Day], None]
    days: int = 1
    but: str = ""


@dataclass(frozen=True)
class Corpus:
    """All entries of a folder, in order of kind and file, and the version that the folder gives itself."""

    version: str
    faults: tuple[Fault, ...]


_registered: list[Fault] = []


def fault(
    kind: Kind, table: str, says: str, *, caught_by: Aim, days: int = 1, but: str = ""
) -> Callable[[Callable[[Day], None]], Callable[[Day], None]]:
    """Decorator: register the function, under its own name, as a fault. Raises SluiceError for an incomplete entry."""

    def register(spoil: Callable[[Day], None]) -> Callable[[Day], None]:
        entry = Fault(spoil.__name__, kind, table, says, caught_by, spoil, days, but)
        _check(entry)
        _registered.append(entry)
        return spoil

    return register


def _check(entry: Fault) -> None:
    where = f"fault {entry.id}"
    if entry.kind not in get_args(Kind) or entry.caught_by not in get_args(Aim):
        raise SluiceError("unknown kind or caught_by", where=where, hint=f"kinds: {', '.join(get_args(Kind))}")
    if not entry.says.endswith("."):
        raise SluiceError("`says` must be a sentence that ends with a full stop", where=where)
    if entry.caught_by == "none" and not entry.but:
        raise SluiceError("an entry that is not caught needs a reason: but=...", where=where)


def load(folder: Path) -> Corpus:
    """Run the folder's files and collect what they register.

    Raises SluiceError if there is no folder or no fault, a file cannot be run, or two faults share a name.
    """
    init = folder / "__init__.py"
    if not init.is_file():
        raise SluiceError("not a fault corpus", where=str(folder), hint="name its folder: --corpus <folder>")
    _registered.clear()
    version = str(getattr(_module(init, folder), "VERSION", ""))
    for path in sorted(folder.glob("*.py")):
        if path != init:
            _module(path, folder)
    found = tuple(sorted(_registered, key=lambda entry: get_args(Kind).index(entry.kind)))
    names = [entry.id for entry in found]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or not found or not version:
        raise SluiceError(f"duplicate faults: {', '.join(doubled)}" if doubled else "no faults or no VERSION", where=str(folder))
    return Corpus(version, found)


def _module(path: Path, folder: Path) -> object:
    name = f"sluice_fault_corpus_{folder.name}_{path.stem.strip('_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SluiceError:
        raise
    except Exception as error:
        raise SluiceError(f"cannot be run: {type(error).__name__}: {error}", where=str(path)) from error
    return module


def select(faults: Sequence[Fault], words: Iterable[str]) -> list[Fault]:
    """The faults whose id, kind, table or aim is one of the words; all without words.

    Raises SluiceError for a word that fits none.
    """
    wanted = set(words)
    unknown = sorted(wanted - {label for entry in faults for label in _labels(entry)})
    if unknown:
        raise SluiceError(f"unknown fault: {', '.join(unknown)}", hint="--select takes ids, kinds, tables and caught_by")
    return [entry for entry in faults if not wanted or wanted & _labels(entry)]


def _labels(entry: Fault) -> set[str]:
    return {entry.id, entry.kind, entry.table, entry.caught_by}
