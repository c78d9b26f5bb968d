"""Feeds: where the data of each raw table comes from and how to read it, declared in feeds/*.yml."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sluice.core.errors import SluiceError

FORMATS = ("csv", "json", "parquet", "postgres")
_KNOWN_KEYS = {
    "source", "table", "format", "path", "encoding", "delimiter", "quote", "null_text",
    "connection", "relation", "cursor", "lookback",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Feed:
    """One raw table's origin.

    `path` is a glob of files (csv, json, parquet); `connection` and `relation` name a PostgreSQL table, which is read by
    its `cursor` column, again from `lookback` units (seconds for times, counts for numbers) before the last value seen.
    """

    source: str
    table: str
    format: str
    path: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    null_text: tuple[str, ...] = field(default=("",))
    connection: str = ""
    relation: str = ""
    cursor: str = ""
    lookback: int = 0

    @property
    def name(self) -> str:
        """`source.table`, the name of the contract that holds for this feed."""
        return f"{self.source}.{self.table}"


def expand(text: str, environment: Mapping[str, str], where: str) -> str:
    """`text` with ${NAME} and ${NAME:-default} replaced from `environment`.

    Raises SluiceError for a variable that is neither set nor given a default.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        found = environment.get(name) or default
        if found is None:
            raise SluiceError(
                f"the environment variable {name} is not set", where=where, hint=f"set it, e.g. {name}=<value> make build"
            )
        return found

    return _VARIABLE.sub(value, text)


def load_feeds(paths: Sequence[Path], environment: Mapping[str, str] | None = None) -> list[Feed]:
    """The feeds of the files, in order. Raises SluiceError for what cannot be read or is declared twice."""
    environment = os.environ if environment is None else environment
    feeds: list[Feed] = []
    for path in paths:
        feeds.extend(_feeds_in(path, environment))
    names = [feed.name for feed in feeds]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SluiceError(f"declared more than once: {', '.join(doubled)}", where=", ".join(map(str, paths)))
    return feeds


def _feeds_in(path: Path, environment: Mapping[str, str]) -> list[Feed]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SluiceError("feeds file not found", where=str(path), hint="see feeds/ for examples") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SluiceError(f"not readable as YAML: {error}", where=str(path)) from error
    if not isinstance(document, dict) or not isinstance(document.get("feeds"), list):
        raise SluiceError("a feeds file is a mapping with a list `feeds`", where=str(path))
    return [_feed(entry, f"{path}, feed {number}", environment) for number, entry in enumerate(document["feeds"], 1)]


def _feed(entry: Any, where: str, environment: Mapping[str, str]) -> Feed:
    if not isinstance(entry, dict):
        raise SluiceError("a feed is a mapping", where=where)
    unknown = sorted(str(key) for key in set(entry) - _KNOWN_KEYS)
    if unknown:
        raise SluiceError(f"unknown keys {unknown}", where=where, hint=f"known: {', '.join(sorted(_KNOWN_KEYS))}")
    values = {key: expand(value, environment, where) if isinstance(value, str) else value for key, value in entry.items()}
    null_text = values.get("null_text", "")
    texts = [null_text] if isinstance(null_text, str) else null_text
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise SluiceError("null_text is a text or a list of texts", where=where, hint="put quotes around it")
    values["null_text"] = tuple(texts)
    for key in ("source", "table", "format"):
        if not isinstance(values.get(key), str):
            raise SluiceError(f"`{key}` is missing", where=where)
    feed = Feed(**values)  # type: ignore[arg-type]  # the keys are checked above, the values below
    _check(feed, where)
    return feed


def check_encoding(encoding: str, where: str) -> None:
    """Raise SluiceError for an encoding of text that Python does not know."""
    try:
        known = codecs.lookup(encoding)
    except LookupError:
        known = None
    if known is None or not known._is_text_encoding:
        raise SluiceError(f"unknown encoding {encoding!r}", where=where, hint="use a name that Python knows, e.g. cp1252")


def _check(feed: Feed, where: str) -> None:
    for name in (feed.source, feed.table):
        if not _NAME.fullmatch(name):
            raise SluiceError(f"{name!r} is not a name (letters, digits, underscore)", where=where)
    if feed.format not in FORMATS:
        raise SluiceError(f"unknown format {feed.format!r}", where=where, hint=f"one of: {', '.join(FORMATS)}")
    texts = ("path", "encoding", "delimiter", "quote", "connection", "relation", "cursor")
    wrong = [key for key in texts if not isinstance(getattr(feed, key), str)]
    wrong += [key for key in ("delimiter", "quote") if key not in wrong and len(getattr(feed, key)) != 1]
    if wrong or type(feed.lookback) is not int:
        raise SluiceError(f"{', '.join(wrong or ['lookback'])}: not a value of the right kind", where=where)
    check_encoding(feed.encoding, where)
    needed = ("connection", "relation", "cursor") if feed.format == "postgres" else ("path",)
    missing = [key for key in needed if not getattr(feed, key)]
    if missing:
        raise SluiceError(f"a {feed.format} feed needs {', '.join(missing)}", where=where)
