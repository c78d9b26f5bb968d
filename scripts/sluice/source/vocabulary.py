"""What shops call things: vocabulary.yml, which `sluice source add` compares with names and values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sluice.core.yaml_model import checked, read

FILE = Path(__file__).with_name("vocabulary.yml")


class Entity(BaseModel):
    """What tables of an entity are called, and the columns that tell it where the name does not."""

    model_config = ConfigDict(extra="forbid")
    called: tuple[str, ...]
    told_by: tuple[str, ...]


class Absent(BaseModel):
    """What a common column is where a source has nothing of the kind; `sure` if nobody has to decide it."""

    model_config = ConfigDict(extra="forbid")
    sql: str
    sure: bool
    why: str


class Vocabulary(BaseModel):
    """The file vocabulary.yml; its comments say what each key is for."""

    model_config = ConfigDict(extra="forbid")
    null_words: tuple[str, ...]
    null_words_of_typed_columns: tuple[str, ...]
    signs: tuple[str, ...]
    formats: tuple[str, ...]
    clocks: tuple[str, ...]
    text_words: frozenset[str]
    amount_words: frozenset[str]
    key_words: frozenset[str]
    change_words: frozenset[str]
    entities: Mapping[str, Entity]
    columns: Mapping[str, tuple[str, ...]]
    values: Mapping[str, str]
    meanings: Mapping[str, Mapping[str, tuple[str, ...]]]
    absent: Mapping[str, Absent]
    filled: frozenset[str]
    instead: Mapping[str, str]
    lineage: Annotated[Mapping[str, str], Field(min_length=1)]

    def called(self, entity: str) -> list[str]:
        """What a table of the entity may be called, its own name first, in the singular and normal form."""
        known = self.entities.get(entity)
        return list(dict.fromkeys([singular(plain(entity)), *(plain(word) for word in (known.called if known else ()))]))

    def synonyms(self, column: str) -> Iterator[str]:
        """What a common column may be called, in normal form, the likeliest first; a sum of two names keeps its `+`."""
        for word in self.columns.get(column, ()):
            found = re.match(r"<(\w+)>(.*)", word)
            for name in self.called(found[1]) if found else [""]:
                yield "+".join(plain(part) for part in (name + (found[2] if found else word)).split("+"))


@cache
def vocabulary() -> Vocabulary:
    """The file, read once."""
    return checked(Vocabulary, read(FILE), FILE)


def words(name: str) -> list[str]:
    """The words of a column's or table's name in lower case: `InvoiceNo`, `invoice_no` and `Invoice No.` have the same."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word.lower() for word in re.findall(r"[^\W_]+", spaced)]


def plain(name: str) -> str:
    """A name in normal form, in which two spellings of it are equal."""
    return "".join(words(name))


def singular(name: str) -> str:
    """`orders` as `order`; good enough to compare names."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name.removesuffix("s") if not name.endswith("ss") else name


def snake(name: str) -> str:
    """A name that every warehouse takes: lower-case words with underscores."""
    letters = unicodedata.normalize("NFKD", "_".join(words(name)).casefold())
    found = re.sub(r"[^a-z0-9_]", "", letters).strip("_") or "unnamed"
    return f"n{found}" if found[0].isdigit() else found
