"""The protocol of readers: what ingest needs of a format, whether its data is in files, tables, pages or a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field

from sluice.ingest.landing import FeedReport, Work
from sluice.lake.contracts import NAME, Contract


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name (letters, digits, underscore)")
    return text


@dataclass(frozen=True)
class Mistake:
    """Something in a feed that cannot work with its contract: under which keys, what, and what to do."""

    at: tuple[str, ...]
    what: str
    hint: str


@dataclass(frozen=True)
class Feed(ABC):
    """A feed of one format. The fields of a format's class are the keys that its feeds may have in feeds/*.yml.

    A new format is one such class in a file of its own and one line in `sluice.ingest.readers`.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    # DuckDB extensions that reading needs.
    extensions: ClassVar[tuple[str, ...]] = ()

    source: Annotated[str, AfterValidator(_name), Field(description="dbt source of the table")]
    table: Annotated[str, AfterValidator(_name), Field(description="dbt source table, whose contract holds")]

    @property
    def name(self) -> str:
        """`source.table`, the name of the contract that holds for this feed."""
        return f"{self.source}.{self.table}"

    def mistakes(self, contract: Contract) -> Iterable[Mistake]:  # noqa: ARG002  (a format may have some)
        """What in the feed cannot work with its contract."""
        return ()

    @property
    @abstractmethod
    def origin(self) -> str:
        """Where the data comes from, for the report: a path, a table, an address."""

    def shown(self, text: str) -> str:
        """A text about this feed as people may see it: a format whose keys hold a secret takes it out."""
        return text

    @abstractmethod
    def ingest(self, work: Work) -> FeedReport:
        """Land what is new, batch by batch, each by one call of `sluice.ingest.landing.land`.

        The position from which the next run continues (digests of files, a cursor, the offset of a partition) goes into
        `Batch.marks`, which is committed with the rows; `transaction_version` of the raw table gives it back.
        Raises SluiceError where the source cannot be read; batches that have landed before stay.
        """
