"""Releases on S3: <prefix>/releases/<id>/..., and one object <prefix>/<environment>.json that names the release and its past.

The pointer is moved by a conditional write: it succeeds only if the object is still the one that was read. A release is
there when its record is: the record is written last. Credentials, region and endpoint come from the AWS_ variables.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.core.errors import SluiceError
from sluice.core.locks import LOCK as CANDIDATE_LOCK
from sluice.core.progress import Tell, silent
from sluice.store import moves
from sluice.store.moves import Move
from sluice.store.record import FILE, NAME, File, Record, dumps, load, loads
from sluice.store.store import FileSummary, MovedError, Pointer

if TYPE_CHECKING:
    from obstore.store import S3Store

PART = 8 * 1024 * 1024
# Moves that a pointer object remembers; older ones are in lake/ops/releases.
REMEMBERED = 1000
# An upload that is not finished after that is nobody's any more.
UPLOAD_LIVES = timedelta(days=1)
_HINT = "check the network, AWS_ENDPOINT_URL, AWS_REGION and the credentials; then run it again"


class Bucket:
    """A place on S3. `cache` is a folder on this machine for releases that were fetched or came from here."""

    def __init__(self, address: str, cache: Path) -> None:
        bucket, _, prefix = address.removeprefix("s3://").strip("/").partition("/")
        if not bucket:
            raise SluiceError(f"{address} names no bucket", where="SLUICE_RELEASES", hint="s3://bucket/prefix")
        self.address = f"s3://{bucket}/{prefix}".rstrip("/")
        self.cache = cache
        self._store = _store(bucket, prefix)

    def releases(self) -> list[str]:
        """Ids of the releases that are whole."""
        return sorted(path.split("/")[1] for path in self._objects("releases/") if path.endswith(f"/{NAME}"))

    def text(self, release_id: str, name: str) -> str:
        """A small file of a release."""
        return self._get(f"releases/{release_id}/{name}")[0].decode()

    def record(self, release_id: str) -> Record:
        """The record of a release."""
        where = f"{self.address}/releases/{release_id}/{NAME}"
        try:
            return loads(self.text(release_id, NAME), where)
        except FileNotFoundError:
            raise SluiceError(f"the release {release_id} is not there", where=where, hint="see: sluice releases") from None

    def see(self, release_id: str) -> FileSummary:
        """The size of the file; its inside was looked at before it was uploaded, and its digest after that."""
        import obstore

        with self._trouble("the release cannot be looked at"):
            return FileSummary(int(obstore.head(self._store, f"releases/{release_id}/{FILE}")["size"]))

    def link(self, environment: str) -> None:
        """None: an object can't lead to another."""

    def url(self, release_id: str) -> str:
        """The address that DuckDB's httpfs opens."""
        return f"{self.address}/releases/{release_id}/{FILE}"

    def holders(self) -> dict[str, int]:
        """Nobody: who reads an object can't be seen. The policy's days have to be longer than a reader stays."""
        return {}

    def changing(self) -> AbstractContextManager[None]:
        """S3 has no lock: the pointer's conditional write decides."""
        return nullcontext()

    def add(self, release_id: str, folder: Path, tell: Tell = silent) -> None:
        """Upload the folder, read the warehouse file back, compare its digest; last, write the record."""
        if self._is_there(release_id):
            return
        record = load(folder)
        digest = _sha256(folder / FILE)
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        for number, name in enumerate(name for name in names if name not in (NAME, CANDIDATE_LOCK)):
            tell(f"uploading {name}", number / len(names))
            self._put(f"releases/{release_id}/{name}", folder / name)
        tell("reading it back", 0.9)
        self._compare(release_id, digest)
        sealed = replace(record, file=File((folder / FILE).stat().st_size, digest))
        self._put(f"releases/{release_id}/{NAME}", dumps(sealed).encode())

    def _compare(self, release_id: str, digest: str) -> None:
        came = hashlib.sha256()
        for part in self._stream(f"releases/{release_id}/{FILE}"):
            came.update(part)
        if came.hexdigest() != digest:
            what = "the file that came back from S3 is not the one that was sent"
            raise SluiceError(
                what, where=self.url(release_id), hint="nothing was published; run it again, and look at the disk and the network"
            )

    def tidy(self, release_id: str, folder: Path) -> None:
        """Keep the candidate's folder as the cached copy of the release, so that the next build need not download it."""
        kept = self.cache / release_id
        if folder.exists() and folder.resolve() != kept.resolve():
            shutil.rmtree(kept, ignore_errors=True)
            (folder / NAME).unlink(missing_ok=True)
            (folder / NAME).write_text(self.text(release_id, NAME), encoding="utf-8")
            self.cache.mkdir(parents=True, exist_ok=True)
            folder.rename(kept)

    def fetch(self, release_id: str, tell: Tell = silent) -> Path:
        """The cached copy; downloaded where there is none, whole and of the recorded digest or not at all."""
        kept = self.cache / release_id
        if (kept / NAME).exists():
            return kept
        record = self.record(release_id)
        coming = self.cache / f".coming-{release_id}-{os.getpid()}"
        shutil.rmtree(coming, ignore_errors=True)
        try:
            for name in sorted(self._objects(f"releases/{release_id}/")):
                self._download(name, coming / name.removeprefix(f"releases/{release_id}/"), record, tell)
            if record.file is None or _sha256(coming / FILE) != record.file.sha256:
                raise SluiceError("the downloaded file is not the one that its record describes", where=self.url(release_id))
            coming.rename(kept)
        finally:
            shutil.rmtree(coming, ignore_errors=True)
        return kept

    def _download(self, name: str, path: Path, record: Record, tell: Tell) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for part in self._stream(name):
                file.write(part)
                tell(f"downloading {path.name}", min(file.tell() / (record.file.bytes if record.file else 1), 1.0))
        path.chmod(0o444)

    def pointers(self) -> list[str]:
        """Environments that have a pointer object."""
        return sorted(path.removesuffix(".json") for path in self._objects("") if "/" not in path and path.endswith(".json"))

    def pointer(self, environment: str) -> Pointer:
        """What the pointer object says; its tag is the object's ETag."""
        try:
            text, tag = self._get(f"{environment}.json")
        except FileNotFoundError:
            return Pointer(environment, None, "")
        where = f"{self.address}/{environment}.json"
        try:
            document = json.loads(text)
            history = tuple(moves.parse(move, where) for move in document["history"])
            return Pointer(environment, str(document["release_id"]), tag, history)
        except (ValueError, KeyError, TypeError) as error:
            hint = "put back an older version of this object, or remove it, then: sluice rollback --to <id>"
            raise SluiceError(f"the pointer is damaged: {error}", where=where, hint=hint) from error

    def move(self, pointer: Pointer, move: Move) -> None:
        """Write the pointer object, if it still is the one that was read; then see that its release is still there.

        A prune that runs at the same moment takes the record away first and looks at the pointers after that; so one of
        the two notices the other.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        document = self._document(pointer, move)
        mode: Any = {"e_tag": pointer.tag} if pointer.tag else "create"
        with self._trouble(f"{pointer.environment} cannot be moved"):
            try:
                obstore.put(self._store, f"{pointer.environment}.json", document, mode=mode)
            except (AlreadyExistsError, PreconditionError, FileNotFoundError):
                self._lost_or_answered_twice(pointer, move)
        if not self._is_there(move.release_id):
            what = f"{pointer.environment} points to {move.release_id}, which was removed in the same moment"
            raise SluiceError(
                what, where=self.address, hint=f"run: sluice rollback {pointer.environment} --why 'removed by a prune'"
            )

    def _lost_or_answered_twice(self, pointer: Pointer, move: Move) -> None:
        """A write whose answer was lost is tried again and then refused, although it was ours that won."""
        now = self.pointer(pointer.environment)
        if not now.history or now.history[-1].move_id != move.move_id:
            raise MovedError(pointer.environment)

    def _document(self, pointer: Pointer, move: Move) -> bytes:
        history = [*pointer.history, move][-REMEMBERED:]
        document = {
            "schema_version": 1,
            "environment": pointer.environment,
            "release_id": move.release_id,
            "file": self.url(move.release_id),
            "moved_at": move.at,
            "history": [asdict(one) for one in history],
        }
        return (json.dumps(document, indent=1) + "\n").encode()

    def _is_there(self, release_id: str) -> bool:
        import obstore

        with self._trouble("the release cannot be looked at"):
            try:
                obstore.head(self._store, f"releases/{release_id}/{NAME}")
            except FileNotFoundError:
                return False
        return True

    def remove(self, release_id: str) -> None:
        """Remove a release; put its record back where a pointer has moved to it in this moment."""
        import obstore

        record = self.text(release_id, NAME).encode()
        with self._trouble("the release cannot be removed"):
            obstore.delete(self._store, f"releases/{release_id}/{NAME}")
            if any(self.pointer(environment).release_id == release_id for environment in self.pointers()):
                self._put(f"releases/{release_id}/{NAME}", record)
                raise SluiceError(f"an environment points to {release_id} now", where=self.address, hint="it is kept")
            obstore.delete(self._store, list(self._objects(f"releases/{release_id}/")))

    def clean(self) -> list[str]:
        """Remove what uploads left that died a day ago or longer; younger ones may still be running, from another machine."""
        import obstore

        objects = self._objects("releases/")
        whole = {path.split("/")[1] for path in objects if path.endswith(f"/{NAME}")}
        old = datetime.now(UTC) - UPLOAD_LIVES
        dead = sorted(path for path, modified in objects.items() if path.split("/")[1] not in whole and modified < old)
        if dead:
            with self._trouble("what a dead upload has left cannot be removed"):
                obstore.delete(self._store, dead)
        return [f"removed {self.address}/{path}, left behind by an upload that died" for path in dead]

    def _objects(self, prefix: str) -> dict[str, datetime]:
        import obstore

        with self._trouble("the releases cannot be listed"):
            if not prefix:
                found = obstore.list_with_delimiter(self._store)["objects"]
            else:
                found = [one for chunk in obstore.list(self._store, prefix.rstrip("/")) for one in chunk]
        return {str(one["path"]): one["last_modified"] for one in found}

    def _get(self, path: str) -> tuple[bytes, str]:
        import obstore

        with self._trouble(f"{path} cannot be read"):
            got = obstore.get(self._store, path)
            return bytes(got.bytes()), str(got.meta["e_tag"])

    def _stream(self, path: str) -> Iterator[bytes]:
        import obstore

        with self._trouble(f"{path} cannot be read"):
            for part in obstore.get(self._store, path).stream(min_chunk_size=PART):
                yield bytes(part)

    def _put(self, path: str, content: Path | bytes) -> None:
        import obstore

        with self._trouble(f"{path} cannot be written"):
            obstore.put(self._store, path, content, chunk_size=PART)

    @contextmanager
    def _trouble(self, what: str) -> Iterator[None]:
        """What S3 says as an error that a person can act on. FileNotFoundError passes: callers know what it means."""
        from obstore.exceptions import BaseError

        try:
            yield
        except BaseError as error:
            said = " ".join(str(error).split("Debug source:")[0].split())[:300]
            raise SluiceError(f"{what}: {said}", where=self.address, hint=_HINT) from error


def _store(bucket: str, prefix: str) -> S3Store:
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL", os.environ.get("AWS_ENDPOINT", ""))
    return S3Store(
        bucket,
        prefix=prefix or None,
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": "300s", "connect_timeout": "10s"},
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=60)},
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
