"""What a store of releases can do: the protocol that a folder and an S3 bucket implement, and the types it uses."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent
from sluice.store.moves import Move
from sluice.store.record import FILE, NAME, Record, loads

# Who may read the files of a release: the user who published it, the group of the folder of releases too, or everybody.
Readers = Literal["owner", "group", "all"]


class MovedError(Exception):
    """The pointer is not where it was when it was read: another command has moved it."""


@dataclass(frozen=True)
class Pointer:
    """Where an environment points (None: nowhere). `tag` changes with every move; `history` is what took effect, oldest first.

    `void` are moves that were begun by a command that was interrupted before they took effect, `damaged` says which entries
    of the history cannot be read: they are left out.
    """

    environment: str
    release_id: str | None
    tag: str
    history: tuple[Move, ...] = ()
    void: tuple[Move, ...] = ()
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileSummary:
    """What can be known of a warehouse file without reading its rows.

    `relations` are its tables and views (None where finding out needs a download), `unanswered` those that can't be bound
    when the file is opened alone, with the reason. `changed` names the files of a candidate whose sha256 is not the recorded one.
    """

    bytes: int
    relations: frozenset[str] | None = None
    unanswered: dict[str, str] = field(default_factory=dict)
    has_log: bool = False
    changed: tuple[str, ...] = ()


class Store(Protocol):
    """Releases, complete ones only, and the pointers of environments. `address` is how a person names it."""

    @property
    def address(self) -> str: ...

    def releases(self) -> list[str]:
        """Ids of the releases."""

    def text(self, release_id: str, name: str) -> str:
        """A small file of a release. Raises FileNotFoundError if it does not exist."""

    def record(self, release_id: str) -> Record:
        """The record of a release. Raises SluiceError if there is no such release, or its record is not valid."""
        where = f"{self.address}/releases/{release_id}/{NAME}"
        try:
            record = loads(self.text(release_id, NAME), where)
        except OSError as error:
            why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
            raise SluiceError(f"the release {release_id} {why}", where=where, hint="see: sluice releases") from None
        if record.release_id != release_id:
            hint = f"if the folder was renamed, name it {record.release_id} again"
            raise SluiceError(f"the record of {release_id} is that of {record.release_id}", where=where, hint=hint)
        return record

    def size(self, release_id: str) -> int | None:  # noqa: ARG002
        """Bytes of the file as it is now; None where that takes a request of its own. Raises SluiceError where it is lost."""
        return None

    def summary(self, release_id: str) -> FileSummary:
        """What can be known of the release's file without reading its rows."""

    def add(self, release_id: str, folder: Path, tell: Tell = silent) -> None:
        """Adopt a candidate's folder: all of it or nothing. Repeating it is safe."""

    def tidy(self, release_id: str, folder: Path) -> None:
        """What is left to do with the candidate's folder once a pointer names the release."""

    def pointers(self) -> list[str]:
        """Environments that have a pointer or the history of one."""

    def pointer(self, environment: str) -> Pointer:
        """Where an environment points."""

    def move(self, pointer: Pointer, move: Move) -> None:
        """Move the pointer, if it is still as it was read. Raises MovedError if it is not."""

    def remove(self, release_id: str) -> None:
        """Remove a release."""

    def url(self, release_id: str) -> str:
        """Path or address that DuckDB opens."""
        return f"{self.address}/releases/{release_id}/{FILE}"

    def fetch(self, release_id: str, tell: Tell = silent) -> Path:
        """A folder on this machine with the release; of its work file, see `work`."""

    def works(self) -> dict[str, int]:
        """The releases whose work file is kept, with its bytes."""

    def work(self, release_id: str, tell: Tell = silent) -> Path | None:
        """The whole file that dbt built, on this machine; None if it is not kept any more.

        In releases of older versions that is the file that readers open.
        """

    def remove_work(self, release_id: str) -> None:
        """Remove a release's work file, if it is there."""

    def clean(self) -> list[str]:
        """Remove what interrupted commands have left behind; say what that was."""

    # A bucket has none of these four: no object leads to another, readers cannot be seen, a conditional write decides, and
    # the bucket's own policy says who may read.

    def let_read(self, release_id: str, readers: Readers, *, only: bool) -> None:  # noqa: ARG002
        """Let these read the files of a release, and with `only` nobody else."""
        return

    def link(self, environment: str) -> Path | None:  # noqa: ARG002
        """The path that readers of an environment open on this machine; it follows the pointer. None if there is none."""
        return None

    def holders(self, name: str = FILE) -> dict[str, int]:  # noqa: ARG002
        """Releases whose file called `name` a process has open, as far as can be seen, with the process's id."""
        return {}

    def changing(self) -> AbstractContextManager[None]:
        """Hold the store while several steps belong together, if it can be held."""
        return nullcontext()
