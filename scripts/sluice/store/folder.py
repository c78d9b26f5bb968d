"""Releases in a folder: <folder>/releases/<id>/, and a link <folder>/<environment>.duckdb that is moved by a rename."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.core.locks import LOCK as CANDIDATE_LOCK
from sluice.core.locks import locked
from sluice.core.progress import Tell, silent
from sluice.core.system import said_by
from sluice.store import moves, readers
from sluice.store.moves import Move
from sluice.store.record import FILE, WORK, folders, work_in
from sluice.store.standalone import look
from sluice.store.store import FileSummary, MovedError, Pointer, Readers, Store

# Publishes take milliseconds; only a copy from another disk takes longer.
SECONDS_TO_WAIT = 30.0
# The modes of a release's files and folders, by who may read it.
_MODES = {"owner": (0o400, 0o700), "group": (0o440, 0o750), "all": (0o444, 0o755)}
_COMING, _GOING = ".coming-", ".going-"


class Folder(Store):
    """A store on a file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._depth = 0

    @property
    def address(self) -> str:
        return str(self.root)

    @property
    def _releases(self) -> Path:
        return self.root / "releases"

    def _folder(self, release_id: str) -> Path:
        return self._releases / release_id

    def link(self, environment: str) -> Path:
        """The path that readers of an environment open; it is the pointer itself."""
        return self.root / f"{environment}.duckdb"

    def _history(self, environment: str) -> Path:
        return self.root / f"{environment}.history.jsonl"

    def releases(self) -> list[str]:
        return [folder.name for folder in folders(self._releases)]

    def text(self, release_id: str, name: str) -> str:
        return (self._folder(release_id) / name).read_text(encoding="utf-8", errors="replace")

    def size(self, release_id: str) -> int:
        file = self._folder(release_id) / FILE
        with _trouble(file, "the release's file cannot be read", "see: sluice releases"):
            return file.stat().st_size

    def summary(self, release_id: str) -> FileSummary:
        return look(self._folder(release_id) / FILE)

    def fetch(self, release_id: str, tell: Tell = silent) -> Path:  # noqa: ARG002  (nothing to do, nothing to tell)
        return self._folder(release_id)

    def works(self) -> dict[str, int]:
        return {path.parent.name: path.stat().st_size for path in self._releases.glob(f"[!.]*/{WORK}")}

    def work(self, release_id: str, tell: Tell = silent) -> Path | None:  # noqa: ARG002  (nothing to do, nothing to tell)
        return work_in(self._folder(release_id), self.record(release_id))

    def remove_work(self, release_id: str) -> None:
        file = self._folder(release_id) / WORK
        with self.changing(), _trouble(file, "the work file cannot be removed", "check its permissions"):
            file.unlink(missing_ok=True)

    def holders(self, name: str = FILE) -> dict[str, int]:
        """Only processes of this machine are seen."""
        found = readers.holders(self._folder(release_id) / name for release_id in self.releases())
        return {path.parent.name: process for path, process in found.items()}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the folder; waits for others. Raises SluiceError, naming the holder, when that takes too long."""
        if self._depth:
            yield
            return
        with ExitStack() as stack:
            with _trouble(self.root, "the folder of releases cannot be used", "check SLUICE_RELEASES and its permissions"):
                self._releases.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(self.root / ".releases.lock", "changing the releases", SECONDS_TO_WAIT))
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def add(self, release_id: str, folder: Path, tell: Tell = silent) -> None:
        """Move the folder in; from another file system by a copy beside, which is renamed when it is whole."""
        with (
            self.changing(),
            _trouble(folder, "the release cannot be put in place", "fix that, then publish again"),
        ):
            if self._folder(release_id).exists():
                return
            (folder / CANDIDATE_LOCK).unlink(missing_ok=True)
            _seal(folder)
            try:
                folder.rename(self._folder(release_id))
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy_in(release_id, folder, tell)
            _sync(self._releases)

    def _copy_in(self, release_id: str, folder: Path, tell: Tell) -> None:
        coming = self._releases / f"{_COMING}{release_id}"
        shutil.rmtree(coming, ignore_errors=True)
        tell("copying to the folder of releases", 0.0)
        hint = "the candidate is kept; make room there, or fix that, then publish again"
        with _trouble(self._releases, "the release cannot be put in place", hint):
            try:
                shutil.copytree(folder, coming)
                _seal(coming)
                coming.rename(self._folder(release_id))
            except OSError:
                shutil.rmtree(coming, ignore_errors=True)
                raise

    def tidy(self, release_id: str, folder: Path) -> None:
        """Remove the candidate if it was copied."""
        if folder.exists() and folder.resolve() != self._folder(release_id).resolve():
            shutil.rmtree(folder, ignore_errors=True)

    def let_read(self, release_id: str, readers: Readers, *, only: bool) -> None:
        folder, group = self._folder(release_id), self._releases.stat().st_gid
        hint = "publish as the user who owns the release, who has to be in the group of the folder of releases"
        with self.changing(), _trouble(folder, f"the release cannot be made readable for {readers}", hint):
            for path in (*folder.rglob("*"), folder):
                found = path.stat()
                wanted = _MODES[readers][path.is_dir()] | (0 if only else stat.S_IMODE(found.st_mode))
                if path.name == WORK:  # it is not for readers, whoever they are
                    wanted = _MODES["owner"][False]
                if readers == "group" and found.st_gid != group:
                    os.chown(path, -1, group)
                if stat.S_IMODE(found.st_mode) != wanted:
                    path.chmod(wanted)

    def pointers(self) -> list[str]:
        linked = {path.stem for path in self.root.glob("[!.]*.duckdb") if path.is_symlink()}
        return sorted(linked | {path.name.partition(".")[0] for path in self.root.glob("[!.]*.history.jsonl")})

    def pointer(self, environment: str) -> Pointer:
        """Where the link leads: that is what readers see. The history is interpreted accordingly."""
        current, (begun, damaged) = self._target(environment), self._moves(environment)
        happened, void = moves.split(begun, current)
        last = begun[-1].move_id if begun and begun[-1] else f"{len(begun)} lines" if begun else "nothing"
        return Pointer(environment, current, f"{current} after {last}", happened, void, damaged)

    def _target(self, environment: str) -> str | None:
        link = self.link(environment)
        try:
            parts = link.readlink().parts
        except FileNotFoundError:
            return None
        except OSError:
            parts = ()
        if len(parts) != 3 or parts[0] != "releases" or parts[2] != FILE:
            hint = "move that file away, then: sluice rollback, which sets the pointer again"
            raise SluiceError(f"{link.name} is not a pointer to a release", where=str(link), hint=hint)
        return parts[1]

    def _moves(self, environment: str) -> tuple[list[Move | None], tuple[str, ...]]:
        path = self._history(environment)
        try:
            return moves.read(path.read_bytes(), str(path))
        except FileNotFoundError:
            return [], ()
        except OSError as error:
            hint = "the pointer itself is not affected: check the file and its permissions"
            raise SluiceError(f"the history cannot be read: {error.strerror}", where=str(path), hint=hint) from error

    def move(self, pointer: Pointer, move: Move) -> None:
        """Write the move down, then move the link. The link names a complete release at every moment."""
        failed = f"{pointer.environment} cannot be moved"
        with self.changing(), _trouble(self.root, failed, "it points where it pointed before; fix that, then run it again"):
            if self.pointer(pointer.environment).tag != pointer.tag:
                raise MovedError(pointer.environment)
            if not (self._folder(move.release_id) / FILE).is_file():
                raise SluiceError(f"the release {move.release_id} does not exist", where=self.address)
            _append(self._history(pointer.environment), move.as_line().encode())
            self._swing(pointer.environment, move.release_id)

    def _swing(self, environment: str, release_id: str) -> None:
        fresh = self.root / f".{environment}.duckdb.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("releases") / release_id / FILE)
        fresh.rename(self.link(environment))
        _sync(self.root)

    def remove(self, release_id: str) -> None:
        """Remove a release: first its name, then its files."""
        with self.changing(), _trouble(self._folder(release_id), "the release cannot be removed", "check its permissions"):
            going = self._releases / f"{_GOING}{release_id}"
            self._folder(release_id).rename(going)
            shutil.rmtree(going)

    def clean(self) -> list[str]:
        with self.changing():
            found = [*self._releases.glob(f"{_COMING}*"), *self._releases.glob(f"{_GOING}*"), *self.root.glob(".*.duckdb.new")]
            for path in found:
                if path.is_symlink():
                    path.unlink()
                else:
                    shutil.rmtree(path, ignore_errors=True)
            return [f"removed {path}, left behind by an interrupted command" for path in sorted(found)]


def _seal(folder: Path) -> None:
    """Make every file read only, the work file for its owner alone; and see that it is on the disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.chmod(0o400 if path.name == WORK else 0o444)
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _append(path: Path, line: bytes) -> None:
    """Append a line, whole or not at all; a torn line before it is cut off."""
    is_new = not path.exists()
    with path.open("ab+", buffering=0) as file:
        size = _whole_size(path)
        file.truncate(size)
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
    if is_new:
        _sync(path.parent)


def _whole_size(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


@contextmanager
def _trouble(where: Path, what: str, hint: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SluiceError(f"{what}: {said_by(error)}", where=str(error.filename or where), hint=hint) from error
