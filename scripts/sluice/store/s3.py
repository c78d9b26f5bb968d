"""Releases on S3: <prefix>/releases/<id>/..., and one object <prefix>/<environment>.json with the release and the history.

The pointer is moved by a conditional write: it succeeds only if the object is still the one that was read. A release
exists once its record does: the record is written last. Credentials, region and endpoint come from the AWS_ variables.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.core.locks import LOCK as CANDIDATE_LOCK
from sluice.core.progress import Tell, silent
from sluice.store import digest, models, moves
from sluice.store.moves import Move
from sluice.store.record import FILE, NAME, WORK, File, Record, dumps, load, work_in
from sluice.store.store import FileSummary, MovedError, Pointer, Store

if TYPE_CHECKING:
    from obstore.store import S3Store

PART = 8 * 1024 * 1024
# Moves that a pointer object remembers; older ones are in lake/ops/releases.
REMEMBERED = 1000
# An upload that is not finished by then was interrupted.
UPLOAD_LIVES = timedelta(days=1)
_HINT = "check the network, AWS_ENDPOINT_URL, AWS_REGION and the credentials; then run it again"


class Bucket(Store):
    """A store on S3. `cache` is a folder on this machine for releases that were fetched or published from here."""

    address = ""

    def __init__(self, address: str, cache: Path) -> None:
        bucket, _, prefix = address.removeprefix("s3://").strip("/").partition("/")
        if not bucket:
            raise SluiceError(f"{address} names no bucket", where="SLUICE_RELEASES", hint="s3://bucket/prefix")
        self.address = f"s3://{bucket}/{prefix}".rstrip("/")
        self.cache = cache
        self._store = _store(bucket, prefix)

    def releases(self) -> list[str]:
        return sorted(path.split("/")[1] for path in self._objects("releases/") if path.endswith(f"/{NAME}"))

    def text(self, release_id: str, name: str) -> str:
        return self._get(f"releases/{release_id}/{name}")[0].decode()

    def summary(self, release_id: str) -> FileSummary:
        """The size only: relations were checked before the upload, the digest after it."""
        import obstore

        with self._trouble("the release cannot be read"):
            return FileSummary(int(obstore.head(self._store, f"releases/{release_id}/{FILE}")["size"]))

    def add(self, release_id: str, folder: Path, tell: Tell = silent) -> None:
        """Upload the folder, read the warehouse file back, compare its digest; last, write the record."""
        if self._is_there(release_id):
            return
        record = load(folder)
        sent = {name: digest.of_file(folder / name) for name in (FILE, WORK) if (folder / name).is_file()}
        self._refuse_changed(record, sent, folder)
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        for number, name in enumerate(name for name in names if name not in (NAME, CANDIDATE_LOCK)):
            tell(f"uploading {name}", number / len(names))
            self._put(f"releases/{release_id}/{name}", folder / name)
        tell("reading it back", 0.9)
        of_models = {name: str(made.sha256) for name, made in models.files(record).items()}
        for name, digested in {**sent, **of_models}.items():
            self._compare(release_id, name, digested)
        sealed = replace(record, file=File((folder / FILE).stat().st_size, sent[FILE]))
        self._put(f"releases/{release_id}/{NAME}", dumps(sealed).encode())

    def _refuse_changed(self, record: Record, sent: Mapping[str, str], folder: Path) -> None:
        for name, made in ((FILE, record.file), (WORK, record.work)):
            if made and made.sha256 and sent.get(name, made.sha256) != made.sha256:
                hint = "build and audit a new candidate"
                raise SluiceError(f"{name} is not what was built: its sha256 differs", where=str(folder / name), hint=hint)

    def _compare(self, release_id: str, name: str, sent: str) -> None:
        came = hashlib.sha256()
        for part in self._stream(f"releases/{release_id}/{name}"):
            came.update(part)
        if came.hexdigest() != sent:
            hint = "nothing was published; check the disk and the network, then run it again"
            raise SluiceError("the file read back from S3 is not the one that was sent", where=self.url(release_id), hint=hint)

    def tidy(self, release_id: str, folder: Path) -> None:
        """Keep the candidate's folder as the cached copy of the release, so that the next build does not download it."""
        kept = self.cache / release_id
        if folder.exists() and folder.resolve() != kept.resolve():
            shutil.rmtree(kept, ignore_errors=True)
            (folder / NAME).unlink(missing_ok=True)
            (folder / NAME).write_text(self.text(release_id, NAME), encoding="utf-8")
            self.cache.mkdir(parents=True, exist_ok=True)
            folder.rename(kept)

    def fetch(self, release_id: str, tell: Tell = silent) -> Path:
        """The cached copy; if there is none it is downloaded, and kept only if it has the recorded digest."""
        kept = self.cache / release_id
        if (kept / NAME).exists():
            return kept
        record = self.record(release_id)
        if record.file is None:
            raise SluiceError("the record of the release does not describe its file", where=self.url(release_id))
        known = {FILE: record.file, **models.files(record)}
        coming = self.cache / f".coming-{release_id}-{os.getpid()}"
        shutil.rmtree(coming, ignore_errors=True)
        try:
            for name in sorted(self._objects(f"releases/{release_id}/")):
                own = name.removeprefix(f"releases/{release_id}/")
                if own != WORK:
                    self._download(name, coming / own, known.get(own), tell)
            coming.rename(kept)
        finally:
            shutil.rmtree(coming, ignore_errors=True)
        return kept

    def works(self) -> dict[str, int]:
        import obstore

        with self._trouble("the releases cannot be listed"):
            found = [one for chunk in obstore.list(self._store, "releases") for one in chunk]
        return {str(one["path"]).split("/")[1]: int(one["size"]) for one in found if str(one["path"]).endswith(f"/{WORK}")}

    def work(self, release_id: str, tell: Tell = silent) -> Path | None:
        """The cached file; if there is none, it is downloaded to where `fetch` puts the rest."""
        record = self.record(release_id)
        cached = work_in(self.cache / release_id, record)
        if record.work is None:
            return self.fetch(release_id, tell) / FILE
        if cached is not None or release_id not in self.works():
            return cached
        coming = self.cache / f".coming-{release_id}-{os.getpid()}.work"
        try:
            self._download(f"releases/{release_id}/{WORK}", coming, record.work, tell)
            return coming.rename(self.fetch(release_id, tell) / WORK)
        finally:
            coming.unlink(missing_ok=True)

    def remove_work(self, release_id: str) -> None:
        import obstore

        with self._trouble("the work file cannot be removed"):
            obstore.delete(self._store, f"releases/{release_id}/{WORK}")
        (self.cache / release_id / WORK).unlink(missing_ok=True)

    def _download(self, name: str, path: Path, made: File | None, tell: Tell) -> None:
        """Download an object; raise SluiceError if it is to be as it was `made`, and is not."""
        path.parent.mkdir(parents=True, exist_ok=True)
        came = hashlib.sha256()
        with path.open("wb") as file:
            path.chmod(0o600)
            for part in self._stream(name):
                file.write(part)
                came.update(part)
                tell(f"downloading {path.name}", min(file.tell() / max(made.bytes, 1), 1.0) if made else 1.0)
        if made is not None and came.hexdigest() != made.sha256:
            raise SluiceError("the downloaded file is not the one described in its record", where=f"{self.address}/{name}")
        path.chmod(0o400 if name.endswith(f"/{WORK}") else 0o444)

    def pointers(self) -> list[str]:
        return sorted(path.removesuffix(".json") for path in self._objects("") if "/" not in path and path.endswith(".json"))

    def pointer(self, environment: str) -> Pointer:
        """The content of the pointer object; the tag is its ETag."""
        try:
            text, tag = self._get(f"{environment}.json")
        except FileNotFoundError:
            return Pointer(environment, None, "")
        where = f"{self.address}/{environment}.json"
        try:
            document = json.loads(text)
            history, damaged = moves.listed(document["history"], where)
            return Pointer(environment, str(document["release_id"]), tag, history, damaged=damaged)
        except (ValueError, KeyError, TypeError) as error:
            hint = "put back an older version of this object, or remove it, then: sluice rollback --to <id>"
            raise SluiceError(f"the pointer is damaged: {error}", where=where, hint=hint) from error

    def move(self, pointer: Pointer, move: Move) -> None:
        """Write the pointer object if it is still the one that was read; then check that its release still exists.

        A prune that runs at the same moment removes the record first and checks the pointers afterwards, so one of the two
        notices the other.
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
            what = f"{pointer.environment} points to {move.release_id}, which was removed at the same moment"
            hint = f"run: sluice rollback {pointer.environment} --why 'removed by a prune'"
            raise SluiceError(what, where=self.address, hint=hint)

    def _lost_or_answered_twice(self, pointer: Pointer, move: Move) -> None:
        """A write whose answer was lost is retried and then rejected, although the first one succeeded."""
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

        with self._trouble("the release cannot be read"):
            try:
                obstore.head(self._store, f"releases/{release_id}/{NAME}")
            except FileNotFoundError:
                return False
        return True

    def remove(self, release_id: str) -> None:
        """Remove a release; put its record back if a pointer has moved to it at the same moment."""
        import obstore

        record = self.text(release_id, NAME).encode()
        with self._trouble("the release cannot be removed"):
            obstore.delete(self._store, f"releases/{release_id}/{NAME}")
            if any(self.pointer(environment).release_id == release_id for environment in self.pointers()):
                self._put(f"releases/{release_id}/{NAME}", record)
                raise SluiceError(f"an environment points to {release_id} now", where=self.address, hint="the release is kept")
            obstore.delete(self._store, list(self._objects(f"releases/{release_id}/")))

    def clean(self) -> list[str]:
        """Remove uploads that were interrupted a day ago or earlier; later ones may still be running on another machine."""
        import obstore

        objects = self._objects("releases/")
        whole = {path.split("/")[1] for path in objects if path.endswith(f"/{NAME}")}
        old = datetime.now(UTC) - UPLOAD_LIVES
        dead = sorted(path for path, modified in objects.items() if path.split("/")[1] not in whole and modified < old)
        if dead:
            with self._trouble("an interrupted upload cannot be removed"):
                obstore.delete(self._store, dead)
        return [f"removed {self.address}/{path}, left behind by an interrupted upload" for path in dead]

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
        """Turn an error of S3 into one that a person can act on. FileNotFoundError passes: callers handle it."""
        from obstore.exceptions import BaseError

        try:
            yield
        except BaseError as error:
            said = " ".join(str(error).split("Debug source:")[0].split())[:300]
            raise SluiceError(f"{what}: {said}", where=self.address, hint=_HINT) from error


def _store(bucket: str, prefix: str) -> S3Store:
    need("obstore", "s3", "a store on S3")
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL", os.environ.get("AWS_ENDPOINT", ""))
    return S3Store(
        bucket,
        prefix=prefix or None,
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": "300s", "connect_timeout": "10s"},
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=60)},
    )
