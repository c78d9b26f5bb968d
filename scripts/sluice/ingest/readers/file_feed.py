"""Feeds of files, whatever their format: find what is new, read it in batches, refuse what cannot be landed."""

from __future__ import annotations

import codecs
import hashlib
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, ClassVar
from urllib.parse import unquote

import duckdb
from pydantic import AfterValidator, Field

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.ingest.files import (
    Delivery,
    Memory,
    deliveries,
    disguise,
    find,
    has_changed,
    is_utf8,
    plainly_named,
    text_fault,
    transcode,
)
from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.rows import FilesRefusedError, StagedRows, Tally, tally
from sluice.lake import raw
from sluice.lake.contracts import Contract

# A batch ends at this many bytes (after decompression) or files, whichever comes first: the unit of work that a kill costs.
BATCH_BYTES = 1 << 30
BATCH_FILES = 500
# How a folder is called whose key is null.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
# Reads a file as plain lines: the separator is a control character, and nothing quotes. Folder names are never columns.
LINES = (
    "columns = {'line': 'varchar'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false,"
    " hive_partitioning = false"
)


@dataclass(frozen=True)
class FileFeed(Feed):
    """A feed of files. A format adds `read` and overrides what it does differently."""

    # Lines of a file beyond one per record, as a header; None where records may span lines.
    extra_lines: ClassVar[int | None] = None

    path: Annotated[str, Field(min_length=1, description="glob of the files; ** means any depth; .gz is decompressed")]
    partitions: Annotated[
        tuple[str, ...], Field(description="columns of the contract that are keys in the names of folders, as in d=2025-01-31")
    ] = ()

    @property
    def origin(self) -> str:
        return self.path

    def readable(self, file: Delivery, work: Work) -> Delivery:
        """The file as DuckDB can read it, by a link or a copy in `work.table.incoming` if need be, with its shape.

        Raises SluiceError for a file that is to be refused.
        """
        return plainly_named(file, work.table.incoming)

    def all_readable(self, files: Sequence[Delivery], work: Work) -> list[Delivery]:
        """The same for the files of a batch. Raises FilesRefusedError."""
        return each(files, lambda file: self.readable(self._in_its_folder(file), work))

    def _identified(self, file: Delivery) -> Delivery:
        """The file; where folders hold values, equal content in two of them is not the same delivery."""
        if not self.partitions:
            return file
        identity = f"{file.content.digest}\n{sorted(folder_keys(file.label).items())}"
        return replace(file, content=replace(file.content, digest=hashlib.sha256(identity.encode()).hexdigest()))

    def _in_its_folder(self, file: Delivery) -> Delivery:
        """The file. Raises SluiceError where its folders do not have the keys that the feed names, and no others."""
        found = list(folder_keys(file.label)) if self.partitions else []
        if sorted(found) != sorted(self.partitions):
            says = f"its folders have the keys {', '.join(found)}" if found else "its folders have no key"
            raise SluiceError(f"{says}; the feed's partitions are {', '.join(self.partitions)}")
        return file

    def folders(self, files: Sequence[Delivery], index: str) -> dict[str, str]:
        """SQL of the text in the folder's name by partition; `index` is the SQL of a file's place in `files`."""
        keys = [folder_keys(file.label) for file in files]
        return {
            name: f"([{', '.join(literal(found[name]) for found in keys)}]::varchar[])[({index})::bigint + 1]"
            for name in self.partitions
        }

    def delivered(self, contract: Contract) -> Contract:
        """The contract without what the names of folders say: what has to be in the files."""
        return replace(contract, columns=tuple(column for column in contract.columns if column.name not in self.partitions))

    def folder_faults(self, names: Collection[str]) -> list[str]:
        """What speaks against a file with the columns `names`, which must not be keys of its folders, too."""
        taken = [name for name in self.partitions if name in names]
        return [f"{', '.join(taken)}: in the file, and a key of its folder"] if taken else []

    def landed(self, names: Collection[str], work: Work) -> list[str]:
        """The columns of the raw table; none where all `names` are promised, which costs no look into the lake."""
        return raw.columns(work.table) if set(names) - set(work.contract.names) else []

    def fault(self, file: Delivery) -> str:
        """What is wrong with a readable file that DuckDB cannot get through; empty if that is not known."""
        return disguise(file.readable)

    @abstractmethod
    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        """Stage readable files and give their rows. Those of equal shape are neighbours. Raises FilesRefusedError."""

    def ingest(self, work: Work) -> FeedReport:
        unknown = set(self.partitions) - set(work.contract.names)
        if unknown:
            what = f"the partitions {', '.join(sorted(unknown))} are not in the contract {self.name}"
            raise SluiceError(what, hint="promise them there")
        fresh, report = self._look(work)
        for batch in _batches(fresh):
            report += self._land(batch, work)
        return report

    def _look(self, work: Work) -> tuple[list[Delivery], FeedReport]:
        """Files whose content is not in the lake yet; how many are known, and which cannot be read."""
        memory = Memory(work.table.lake / ".incoming" / f"{self.name}.json")
        paths = find(self.path)
        fresh: dict[str, Delivery] = {}
        refused: list[tuple[str, str]] = []
        delta = work.table.open()
        for number, (label, item) in enumerate(deliveries(self.path, paths, memory), 1):
            work.tell("looking at files", 0.3 * number / len(paths))
            if isinstance(item, str):
                refused.append((label, item))
                continue
            file = self._identified(item)
            if not raw.has_file(delta, file.content.digest):
                fresh.setdefault(file.content.digest, file)
        memory.save()
        known = len(paths) - len(fresh) - len(refused)
        return list(fresh.values()), FeedReport(self.name, files_known=known, refused=tuple(refused))

    def _land(self, files: Sequence[Delivery], work: Work) -> FeedReport:
        """Land the files as one batch, without those that are refused; one that DuckDB cannot get through is found by halving."""
        if not files:
            return FeedReport(self.name)
        ready = list(files)
        try:
            work.tell("reading", 0.3)
            ready = sorted(self.all_readable(files, work), key=lambda file: (file.shape, file.label))
            rows = self.read(ready, work)
            tallies = self._tallies(ready, rows, work)
            return land(work, self._batch(ready), rows, tallies, lambda: _refuse_changed(files))
        except FilesRefusedError as refusal:
            report = FeedReport(self.name, refused=tuple(refusal.why.items()))
            return report + self._land([file for file in files if file.label not in refusal.why], work)
        except duckdb.Error as error:
            if len(files) == 1:
                why = self.fault(ready[0]) or f"stopped: {str(error).splitlines()[0]}"
                return FeedReport(self.name, refused=((files[0].label, why),))
        half = len(files) // 2
        return self._land(files[:half], work) + self._land(files[half:], work)

    def _tallies(self, files: Sequence[Delivery], rows: StagedRows, work: Work) -> list[Tally]:
        """Count each file's rows. Raises FilesRefusedError for files of another shape, or whose lines do not add up."""
        tallies = tally(work.connection, rows)
        found = {entry.file_index for entry in tallies}
        tallies += [Tally(index, 0, 0, "", 0) for index in range(len(files)) if index not in found]
        why = {}
        for entry in tallies:
            file = files[entry.file_index]
            if entry.misshapen:
                why[file.label] = f"{entry.misshapen} ({self._place(file, entry.first)}); the column seems to be of another type"
            elif not self.adds_up(file, entry, work):
                why[file.label] = f"{entry.read} records were read from {file.content.lines} lines; nothing of it is landed"
        if why:
            raise FilesRefusedError(why)
        return tallies

    def _place(self, file: Delivery, position: int) -> str:
        in_lines = self.extra_lines is not None and not (self.extra_lines and file.content.quotes)
        return f"line {position + (self.extra_lines or 0)}" if in_lines else f"record {position}"

    def adds_up(self, file: Delivery, entry: Tally, work: Work) -> bool:
        """Whether as many records were read as the file has lines, counted by other means."""
        if self.extra_lines is None or entry.read == file.content.lines - self.extra_lines:
            return True
        lines = f"read_csv({literal(str(file.readable))}, {LINES})"
        row = work.connection.execute(f"select count(*) from {lines} where trim(line, chr(13)) <> ''").fetchone()
        return row is not None and entry.read == row[0] - self.extra_lines

    def _batch(self, files: Sequence[Delivery]) -> Batch:
        digests = tuple(file.content.digest for file in files)
        identity = hashlib.sha256("\n".join([self.name, *sorted(digests)]).encode()).hexdigest()[:20]
        size = sum(file.content.bytes for file in files)
        return Batch(identity, tuple(file.label for file in files), digests, size, {f"file:{digest}": 1 for digest in digests})


def _encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)._is_text_encoding
    except LookupError:
        known = False
    if not known:
        raise ValueError(f"unknown encoding {name!r}; use a name that Python knows, e.g. cp1252")
    return name


@dataclass(frozen=True, kw_only=True)
class TextFeed(FileFeed):
    """A feed of text files."""

    encoding: Annotated[str, AfterValidator(_encoding), Field(description="any name that Python knows")] = "utf-8"

    def fault(self, file: Delivery) -> str:
        return super().fault(file) or text_fault(file.readable)

    def readable(self, file: Delivery, work: Work) -> Delivery:
        if is_utf8(self.encoding):
            what = disguise(file.path)
            if what:
                raise SluiceError(what)
            return super().readable(file, work)
        target = work.table.incoming / f"{file.content.digest}.utf8"
        transcode(file.path, self.encoding, target)
        return replace(file, readable=target)


def each(files: Sequence[Delivery], function: Callable[[Delivery], Delivery]) -> list[Delivery]:
    """What the function makes of each file. Raises FilesRefusedError for those for which it raises SluiceError."""
    done, why = [], {}
    for file in files:
        try:
            done.append(function(file))
        except SluiceError as error:
            why[file.label] = error.what
    if why:
        raise FilesRefusedError(why)
    return done


def folder_keys(label: str) -> dict[str, str | None]:
    """Keys and values in the names of a file's folders, as in d=2025-01-31; unescaped, and None where the value is missing."""
    pairs = (unquote(part).partition("=") for part in label.split("/")[:-1] if "=" in part)
    return {key: None if value == _NO_VALUE else value for key, _, value in pairs}


def alike(files: Sequence[Delivery]) -> Iterator[tuple[list[Delivery], int]]:
    """Neighbours of equal shape, with the place of the first one among all files."""
    start = 0
    for _, group in groupby(files, key=lambda file: file.shape):
        members = list(group)
        yield members, start
        start += len(members)


def _batches(files: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    batch: list[Delivery] = []
    size = 0
    for file in files:
        if batch and (size + file.content.bytes > BATCH_BYTES or len(batch) >= BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.content.bytes
    if batch:
        yield batch


def _refuse_changed(files: Sequence[Delivery]) -> None:
    changed = {file.label: "it changed while it was read; run again" for file in files if has_changed(file)}
    if changed:
        raise FilesRefusedError(changed)
