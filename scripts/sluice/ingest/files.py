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
# How files begin that are something else than text; what each is, and what to do.
_GZIP = b"\x1f\x8b"
_DISGUISES = {
    _GZIP: "gzip: give it a name that ends in .gz",
    b"PK\x03\x04": "a zip archive or a workbook (xlsx): unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old workbook (xls): save the sheet as CSV",
    b"PAR1": "Parquet: say `format: parquet` in the feed",
    b"ORC": "ORC: convert it to Parquet",
    b"Obj\x01": "Avro: convert it to Parquet",
    b"\x28\xb5\x2f\xfd": "zstd: decompress it, or deliver gzip",
    b"BZh": "bzip2: decompress it, or deliver gzip",
    b"\xfd7zXZ": "xz: decompress it, or deliver gzip",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "UTF-16: say `encoding: utf-16` in the feed",
    b"\xfe\xff": "UTF-16: say `encoding: utf-16` in the feed",
}
# What DuckDB reads of a line at most.
LONGEST_LINE = 2_000_000


@dataclass(frozen=True)
class Content:
    """What a file holds: `digest` is the SHA-256 of its decompressed bytes, so another name or compression changes nothing."""

    digest: str
    bytes: int
    lines: int
    quotes: bool
    # Whether a quote may be open at the end: there is an odd number of them.
    odd_quotes: bool = True


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
    digest, size, lines, quotes, last = hashlib.sha256(), 0, 0, 0, b"\n"
    try:
        with opened(path) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
                lines += block.count(b"\n")
                quotes += block.count(b'"')
                last = block[-1:]
    except (OSError, *_BROKEN) as error:
        raise SluiceError(f"cannot be read to its end: {error}", where=str(path), hint="deliver it again") from error
    return Content(digest.hexdigest(), size, lines + (last != b"\n"), quotes > 0, quotes % 2 == 1)


def compression(path: Path) -> str:
    """The suffix that says how a file is compressed, in lower case; empty for a file that is not."""
    suffix = path.suffix.lower()
    return suffix if suffix in _OPENERS else ""


def opened(path: Path) -> IO[bytes]:
    """The file's bytes, decompressed."""
    suffix = compression(path)
    return _OPENERS[suffix](path) if suffix else path.open("rb")


def disguise(path: Path) -> str:
    """What a file is by its first bytes, if that is not text; empty if it may be text."""
    with opened(path) as stream:
        start = stream.read(8)
    return next((f"by its content, it is {what}" for magic, what in _DISGUISES.items() if start.startswith(magic)), "")


def text_fault(path: Path) -> str:
    """What keeps a reader from getting through a file of UTF-8 text, with the line; empty if nothing is found."""
    ends: dict[bytes, int] = {}
    with opened(path) as stream:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 2), b""), 1):
            fault = _line_fault(line)
            if fault:
                return f"line {number} {fault}"
            ends.setdefault(line[-2:] if line.endswith(b"\r\n") else line[-1:], number)
            if b"\r" in line.rstrip(b"\r\n") or line.endswith(b"\r\r\n"):
                ends.setdefault(b"\r", number)
    lines = [f"{_ENDS[end]} in line {number}" for end, number in ends.items() if end in _ENDS]
    return f"line ends are mixed: {', '.join(lines)}" if len(lines) > 1 else ""


_ENDS = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}


def _line_fault(line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        return f"is longer than {LONGEST_LINE:,} bytes"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return NOT_UTF8
    return ""


NOT_UTF8 = "is not UTF-8: name the file's encoding in the feed, e.g. encoding: cp1252"


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
        label = _printable(path.relative_to(folder).as_posix())
        try:
            before = stamp(path)
            return label, Delivery(path, label, memory.inspect(path), path, before)
        except (SluiceError, OSError) as error:
            return label, error.what if isinstance(error, SluiceError) else str(error)

    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(one, paths)


def _printable(name: str) -> str:
    """A file's name as text, with the hexadecimal code of bytes that are not UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


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
    name = str(file.path)
    if name.endswith(suffix) and not glob.has_magic(name) and _printable(name) == name:
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
