"""Feeds of files, whatever their format: find what is new, read it in batches, refuse what cannot be landed."""

from __future__ import annotations

import codecs
import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, ClassVar

import duckdb
from pydantic import AfterValidator, Field

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.ingest.files import Delivery, Memory, deliveries, find, has_changed, is_utf8, plainly_named, transcode
from sluice.ingest.landing import Batch, FeedReport, Work, land
from sluice.ingest.readers.protocol import Feed
from sluice.ingest.rows import FilesRefusedError, StagedRows, Tally, tally
from sluice.lake import raw

# A batch ends at this many bytes (after decompression) or files, whichever comes first: the unit of work that a kill costs.
BATCH_BYTES = 1 << 30
BATCH_FILES = 500
# Reads a file as plain lines: the separator is a control character, and nothing quotes.
LINES = "columns = {'line': 'varchar'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false"


@dataclass(frozen=True)
class FileFeed(Feed):
    """A feed of files. A format adds `read` and overrides what it does differently."""

    # Lines of a file beyond one per record, as a header; None where records may span lines.
    extra_lines: ClassVar[int | None] = None

    path: Annotated[str, Field(min_length=1, description="glob of the files; ** means any depth; .gz is decompressed")]

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
        return each(files, lambda file: self.readable(file, work))

    @abstractmethod
    def read(self, files: Sequence[Delivery], work: Work) -> StagedRows:
        """Stage readable files and give their rows. Those of equal shape are neighbours. Raises FilesRefusedError."""

    def ingest(self, work: Work) -> FeedReport:
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
            elif not raw.has_file(delta, item.content.digest):
                fresh.setdefault(item.content.digest, item)
        memory.save()
        known = len(paths) - len(fresh) - len(refused)
        return list(fresh.values()), FeedReport(self.name, files_known=known, refused=tuple(refused))

    def _land(self, files: Sequence[Delivery], work: Work) -> FeedReport:
        """Land the files as one batch, without those that are refused; one that DuckDB cannot get through is found by halving."""
        if not files:
            return FeedReport(self.name)
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
                return FeedReport(self.name, refused=((files[0].label, f"stopped: {str(error).splitlines()[0]}"),))
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
                why[file.label] = f"{entry.misshapen}; the column seems to be of another type"
            elif not self.adds_up(file, entry, work):
                why[file.label] = f"{entry.read} records were read from {file.content.lines} lines; nothing of it is landed"
        if why:
            raise FilesRefusedError(why)
        return tallies

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

    def readable(self, file: Delivery, work: Work) -> Delivery:
        if is_utf8(self.encoding):
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
