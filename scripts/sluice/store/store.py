"""What a store of releases can do: the protocol that a folder and an S3 bucket fulfil, and what it speaks of."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sluice.core.progress import Tell, silent
from sluice.store.moves import Move
from sluice.store.record import Record


class MovedError(Exception):
    """The pointer is not where it was when it was read: somebody else has moved it."""


@dataclass(frozen=True)
class Pointer:
    """Where an environment points (None: nowhere). `tag` changes with every move; `history` is what took effect, oldest first.

    `void` are moves that were begun by somebody who died before they happened.
    """

    environment: str
    release_id: str | None
    tag: str
    history: tuple[Move, ...] = ()
    void: tuple[Move, ...] = ()


@dataclass(frozen=True)
class FileSummary:
    """What is seen of a warehouse file without reading its rows.

    `relations` are its tables and views (None where looking would mean a download), `unanswered` those that can't be
    bound when the file is alone, with the reason.
    """

    bytes: int
    relations: frozenset[str] | None = None
    unanswered: dict[str, str] = field(default_factory=dict)
    has_log: bool = False


class Store(Protocol):
    """Releases, whole ones only, and the pointers of environments."""

    @property
    def address(self) -> str:
        """How a person names it."""

    def releases(self) -> list[str]:
        """Ids of the releases."""

    def text(self, release_id: str, name: str) -> str:
        """A small file of a release. Raises FileNotFoundError where there is none."""

    def record(self, release_id: str) -> Record:
        """The record of a release. Raises SluiceError where there is no such release, or its record is damaged."""

    def see(self, release_id: str) -> FileSummary:
        """What is seen of the release's file without reading it."""

    def add(self, release_id: str, folder: Path, tell: Tell = silent) -> None:
        """Take over a candidate's folder: afterwards the release is there whole, or not at all. Again does no harm."""

    def tidy(self, release_id: str, folder: Path) -> None:
        """What is left to do with the candidate's folder once a pointer stands on the release."""

    def pointers(self) -> list[str]:
        """Environments that have a pointer or the history of one."""

    def pointer(self, environment: str) -> Pointer:
        """Where an environment points."""

    def move(self, pointer: Pointer, move: Move) -> None:
        """Move the pointer, if it still is what was read. Raises MovedError where it is not."""

    def remove(self, release_id: str) -> None:
        """Remove a release."""

    def link(self, environment: str) -> Path | None:
        """What readers of an environment open on this machine: it follows the pointer. None where there is no such path."""

    def url(self, release_id: str) -> str:
        """Path or address that DuckDB opens."""

    def fetch(self, release_id: str, tell: Tell = silent) -> Path:
        """A folder on this machine with the whole release."""

    def holders(self) -> dict[str, int]:
        """Releases that somebody has open, as far as can be seen, with a process's id."""

    def changing(self) -> AbstractContextManager[None]:
        """Hold the place while several steps belong together, where it can be held."""

    def clean(self) -> list[str]:
        """Remove what processes that died have left behind; say what that was."""
