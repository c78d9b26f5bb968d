"""Feeds: where the data of each raw table comes from and how to read it, declared in feeds/*.yml."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from sluice.core.errors import SluiceError
from sluice.core.yaml_model import checked, place, read, unknown
from sluice.ingest.readers import READERS
from sluice.ingest.readers.protocol import Feed
from sluice.lake.contracts import Contract

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def load_feeds(
    paths: Sequence[Path], environment: Mapping[str, str] | None = None, contracts: Mapping[str, Contract] | None = None
) -> list[Feed]:
    """The feeds of the files, in order.

    Raises SluiceError for what cannot be read, is declared twice, or cannot work with its contract (of those in `contracts`).
    """
    environment = os.environ if environment is None else environment
    feeds = [feed for path in paths for feed in _feeds_in(path, environment, contracts or {})]
    names = [feed.name for feed in feeds]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SluiceError(f"declared more than once: {', '.join(doubled)}", where=", ".join(map(str, paths)))
    return feeds


def _feeds_in(path: Path, environment: Mapping[str, str], contracts: Mapping[str, Contract]) -> list[Feed]:
    document = read(path, hint="see feeds/ for examples")
    if not isinstance(document, dict) or not isinstance(document.get("feeds"), list):
        raise SluiceError("a feeds file is a mapping with a list `feeds`", where=str(path))
    feeds = [_feed(entry, path, number, environment) for number, entry in enumerate(document["feeds"])]
    for number, feed in enumerate(feeds):
        mistake = next(iter(feed.mistakes(contracts[feed.name])), None) if feed.name in contracts else None
        if mistake:
            raise SluiceError(mistake.what, where=place(path, "feeds", number, *mistake.at), hint=mistake.hint)
    return feeds


def _feed(entry: Any, path: Path, number: int, environment: Mapping[str, str]) -> Feed:
    def where(*keys: str) -> str:
        return place(path, "feeds", number, *keys)

    if not isinstance(entry, dict):
        raise SluiceError(f"a feed is a mapping, not {entry!r}", where=where())
    if "format" not in entry:
        raise SluiceError("`format` is missing", where=where(), hint=f"one of: {', '.join(READERS)}")
    values = {key: expanded(value, environment, where, key) for key, value in entry.items()}
    name = str(values.pop("format"))
    if name not in READERS:
        what, hint = unknown("format", name, list(READERS))
        raise SluiceError(what, where=where("format"), hint=hint)
    return checked(READERS[name], values, path, "feeds", number)


def expanded(value: Any, environment: Mapping[str, str], where: Callable[..., str], *at: str) -> Any:
    """A value of a feed, also inside a mapping, with the variables of the environment in it."""
    if isinstance(value, Mapping):
        return {key: expanded(inner, environment, where, *at, str(key)) for key, inner in value.items()}
    return expand(value, environment, lambda: where(*at)) if isinstance(value, str) else value


def expand(text: str, environment: Mapping[str, str], where: Callable[[], str]) -> str:
    """`text` with ${NAME} and ${NAME:-default} replaced from `environment`.

    Raises SluiceError for a variable that is neither set nor given a default.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        found = environment.get(name) or default
        if found is None:
            raise SluiceError(
                f"the environment variable {name} is not set", where=where(), hint=f"set it, e.g. {name}=<value> make build"
            )
        return found

    return _VARIABLE.sub(value, text)


def json_schema() -> str:
    """The JSON schema of feeds files, for editors: docs/schemas/feeds.schema.json."""
    kinds = {name: TypeAdapter(kind).json_schema() for name, kind in READERS.items()}
    shared = {name: part for schema in kinds.values() for name, part in schema.pop("$defs", {}).items()}
    for name, schema in kinds.items():
        schema["properties"] |= {"format": {"const": name, "description": "How the data is stored."}}
        schema["required"].append("format")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Feeds of Sluice",
        "type": "object",
        "properties": {"feeds": {"type": "array", "items": {"oneOf": list(kinds.values())}}},
        "required": ["feeds"],
        "$defs": shared,
    }
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")
