"""The pointers of all environments, also where some of them, or of their moves, cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.core.errors import SluiceError
from sluice.store.store import Pointer, Store


@dataclass(frozen=True)
class Pointers:
    """The pointers that can be read, and what is wrong with the others and with the entries of a history.

    If anything is damaged, a release that none of them names may still be needed.
    """

    readable: tuple[Pointer, ...]
    damaged: tuple[str, ...]


def all_of(store: Store) -> Pointers:
    """Every pointer of a store."""
    readable, damaged = list[Pointer](), list[str]()
    for name in store.pointers():
        try:
            found = store.pointer(name)
        except SluiceError as error:
            damaged.append(f"the pointer of {name} cannot be read: {error.what} ({error.where}): {error.hint}")
        else:
            readable.append(found)
            damaged += found.damaged
    return Pointers(tuple(readable), tuple(damaged))
