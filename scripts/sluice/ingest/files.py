"""Delivered files: finding them, identifying them by content, and making them readable as UTF-8."""

from __future__ import annotations

import codecs
import glob
import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from sluice.core.errors import SluiceError

_BLOCK = 1 << 20
_UTF8 = {"utf-8", "utf-8-sig"}


def _gunzip(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb")  # type: ignore[return-value]  # a GzipFile reads like any binary file


# The suffix of a compressed file, in lower case -> how it is opened, and what is raised where it is broken. This is the only
# place that knows compressions; DuckDB's readers of text have to know the suffix, too, which they do in lower case only.
_OPENERS: dict[str, Callable[[Path], IO[bytes]]] = {".gz": _gunzip}
_BROKEN = (EOFError, zlib.error)


@dataclass(frozen=True)
class Content:
    """What a file holds: `digest` is the SHA-256 of its decompressed bytes, so another name or compression changes nothing."""

    digest: str
    bytes: int
    lines: int
    quotes: bool


@dataclass(frozen=True)
class Delivery:
    """A delivered file.

    `label` is its name below the feed's folder, `readable` where DuckDB reads it as UTF-8, and a new `stamp` means that it
    has changed since it was inspected. `shape` is what a format finds in it before it is read, its columns for example.
    """

    path: Path
    label: str
    content: Content
    readable: Path
    stamp: str
    shape: Any = ()


def find(pattern: str) -> list[Path]:
    """The files that a glob matches, by name. Raises SluiceError where its folder does not exist."""
    folder = fixed_folder(pattern)
    if not folder.is_dir():
        raise SluiceError("the feed's folder does not exist", where=str(folder), hint="fix `path` in the feeds file")
    below = Path(pattern).relative_to(folder)
    if any("**" in part and part != "**" for part in below.parts):
        raise SluiceError("`**` must be alone between slashes", where=pattern, hint="e.g. in/**/*.csv")
    return sorted(path for path in folder.glob(str(below)) if path.is_file())


def fixed_folder(pattern: str) -> Path:
    """The longest folder of a glob pattern that holds no wildcard."""
    path = Path(pattern)
    if not glob.has_magic(pattern):
        return path.parent
    parts = path.parts
    plain = next(position for position, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:plain]) if plain else Path()


def inspect(path: Path) -> Content:
    """Read a file once, in blocks: digest, size, lines, and whether a double quote occurs.

    Raises SluiceError for a file that cannot be read to its end, e.g. a truncated gzip.
    """
    digest, size, lines, quotes, last = hashlib.sha256(), 0, 0, False, b"\n"
    try:
        with opened(path) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
                lines += block.count(b"\n")
                quotes = quotes or b'"' in block
                last = block[-1:]
    except (OSError, *_BROKEN) as error:
        raise SluiceError(f"cannot be read to its end: {error}", where=str(path), hint="deliver it again") from error
    return Content(digest.hexdigest(), size, lines + (last != b"\n"), quotes)


def compression(path: Path) -> str:
    """The suffix that says how a file is compressed, in lower case; empty for a file that is not."""
    suffix = path.suffix.lower()
    return suffix if suffix in _OPENERS else ""


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, decompressed."""
    suffix = compression(path)
    return _OPENERS[suffix](path) if suffix else path.open("rb")


class Memory:
    """Results of `inspect` by path, size and time, so that a daily run reads only new files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._known: dict[str, list[object]] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._known = {}

    def inspect(self, path: Path) -> Content:
        """As the function `inspect`, from memory where the file's size and time are as they were."""
        name, now = str(path.absolute()), stamp(path)
        known = self._known.get(name)
        if known and known[0] == now:
            return Content(**known[1])  # type: ignore[arg-type]  # JSON: what asdict gave
        content = inspect(path)
        self._known[name] = [now, asdict(content)]
        return content

    def save(self) -> None:
        """Write it to disk, atomically."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(self._known), encoding="utf-8")
        fresh.replace(self._path)


def deliveries(pattern: str, paths: Sequence[Path], memory: Memory) -> Iterator[tuple[str, Delivery | str]]:
    """Each file by label, in order, or why it cannot be read at all; two files are inspected at a time."""
    folder = fixed_folder(pattern)

    def one(path: Path) -> tuple[str, Delivery | str]:
        label = path.relative_to(folder).as_posix()
        try:
            before = stamp(path)
            return label, Delivery(path, label, memory.inspect(path), path, before)
        except (SluiceError, OSError) as error:
            return label, error.what if isinstance(error, SluiceError) else str(error)

    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(one, paths)


def is_utf8(encoding: str) -> bool:
    """Whether DuckDB can read files of this encoding as they are."""
    return codecs.lookup(encoding).name in _UTF8


def has_changed(file: Delivery) -> bool:
    """Whether the file is no longer the one that was inspected."""
    try:
        return stamp(file.path) != file.stamp
    except OSError:
        return True


def stamp(path: Path) -> str:
    """What changes when a file is written: size, time, inode."""
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def plainly_named(file: Delivery, folder: Path) -> Delivery:
    """The file under a name that tells DuckDB its compression and is not a pattern: its own, or that of a link in `folder`."""
    suffix = compression(file.path)
    if file.path.name.endswith(suffix) and not glob.has_magic(str(file.path)):
        return file
    link = folder / f"{file.content.digest}{suffix}"
    link.unlink(missing_ok=True)
    link.symlink_to(file.path.absolute())
    return replace(file, readable=link)


def decompress(path: Path, target: Path) -> None:
    """Write what a compressed file holds to `target`."""
    with opened(path) as stream, target.open("wb") as out:
        shutil.copyfileobj(stream, out, _BLOCK)


def transcode(path: Path, encoding: str, target: Path) -> None:
    """Write `path` (of `encoding`, compressed or not) to `target` in UTF-8, in blocks, line ends untouched.

    Raises SluiceError with the place of the first byte that is not of that encoding.
    """
    decoder, done = codecs.getincrementaldecoder(encoding)(), 0
    with opened(path) as stream, target.open("wb") as out:
        while True:
            block = stream.read(_BLOCK)
            try:
                out.write(decoder.decode(block, final=not block).encode("utf-8"))
            except UnicodeError as error:
                place = done + getattr(error, "start", 0)
                raise SluiceError(f"byte {place} is not {encoding}: {error}") from error
            done += len(block)
            if not block:
                return
