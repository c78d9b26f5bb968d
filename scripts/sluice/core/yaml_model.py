"""YAML files checked against a type by pydantic; a mistake is reported by file and line, with what is expected there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from sluice.core.errors import SluiceError

T = TypeVar("T")
# Keys whose value is not repeated in a message.
_SECRET = {"auth", "connection", "headers", "params", "password", "routing_key", "token", "url", "user"}
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
# Ten times as fast as the one in Python, where PyYAML was built with it.
FAST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path, hint: str = "") -> Any:
    """The file's content. Raises SluiceError, with `hint` where the file does not exist."""
    try:
        return loaded(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SluiceError("file not found", where=str(path), hint=hint) from None
    except yaml.MarkedYAMLError as error:
        # What PyYAML prints with it shows the line, and a line may hold a password.
        mark = error.problem_mark or error.context_mark
        what = ", ".join(filter(None, [error.context, error.problem]))
        raise SluiceError(f"not readable as YAML: {what}", where=f"{path}:{mark.line + 1}" if mark else str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SluiceError(f"not readable as YAML: {error}", where=str(path)) from error


def loaded(text: str) -> Any:
    """The text's content. Raises yaml.YAMLError, in the words of the loader in Python, which says more."""
    try:
        return yaml.load(text, FAST_LOADER)  # noqa: S506  (it is a safe one)
    except yaml.YAMLError:
        return yaml.safe_load(text)


def checked(kind: type[T], content: Any, path: Path, *at: str | int) -> T:
    """`content`, which is found in the file under the keys `at`, as a `kind` (a dataclass, a model, a dict of them).

    Raises SluiceError that names each mistake. A sentence of its own for a value is a ValueError in a validator.
    """
    adapter = TypeAdapter(kind)
    try:
        return adapter.validate_python(content)
    except ValidationError as failure:
        errors = failure.errors(include_url=False)
    hints = [_hint(error, adapter.json_schema(mode="validation")) for error in errors]
    raise SluiceError(
        "; ".join(map(sentence, errors)), where=place(path, *at, *errors[0]["loc"]), hint="; ".join(filter(None, hints))
    )


def tried(kind: type[T], content: Any) -> tuple[T | None, list[str]]:
    """`content` as a `kind`, or None and a sentence for each mistake: for what is not in a file of its own."""
    adapter = TypeAdapter(kind)
    try:
        return adapter.validate_python(content), []
    except ValidationError as failure:
        errors = failure.errors(include_url=False)
    schema = adapter.json_schema(mode="validation")
    return None, ["; ".join(filter(None, [sentence(error), _hint(error, schema)])) for error in errors]


def place(path: Path, *at: str | int) -> str:
    """`file:line` of what is found under the keys `at`, or of the nearest thing above it that the file has."""
    node, line = yaml.compose(path.read_text(encoding="utf-8")), 0
    for key in at:
        if isinstance(node, yaml.MappingNode):
            found = next(((name, value) for name, value in node.value if name.value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            found = (node.value[key], node.value[key])
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line, found[1]
    return f"{path}:{line + 1}"


def unknown(what: str, name: str, known: Sequence[str]) -> tuple[str, str]:
    """Sentence and hint for a name that is not among the `known` ones."""
    near = difflib.get_close_matches(name, known, 1)
    return f"unknown {what} {name!r}", (f"did you mean {near[0]}? " if near else "") + f"known: {', '.join(sorted(known))}"


def sentence(error: Mapping[str, Any]) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"`{key}` is missing"
    if error["type"] in _UNKNOWN:
        return unknown("key", key, ())[0]
    if error["type"] == "value_error":
        return f"`{key}`: {error['ctx']['error']}" if key else str(error["ctx"]["error"])
    _, should, expected = error["msg"].partition("should")
    subject, given = f"`{key}`" if key else "it", f", not {error['input']!r:.100}"
    if _SECRET.intersection(error["loc"]):
        given = ""
    expected = re.sub(r"a (valid )?dictionary( or an instance of \w+)?", "a mapping", expected).replace("a valid tuple", "a list")
    return f"{subject} {should}{expected}{given}" if should else str(error["msg"])


def _hint(error: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if error["type"] == "string_type" and error["input"] is not None and not isinstance(error["input"], list | dict):
        return "put quotes around it"
    return unknown("key", str(error["loc"][-1]), _keys(schema, error["loc"][:-1]))[1] if error["type"] in _UNKNOWN else ""


def _keys(schema: Mapping[str, Any], at: Sequence[str | int]) -> list[str]:
    """The keys that a JSON schema knows at a place."""
    found: Mapping[str, Any] = schema
    for key in (*at, None):
        if "$ref" in found:
            found = schema["$defs"][found["$ref"].rsplit("/", 1)[-1]]
        if key is not None:
            found = found.get("properties", {}).get(key) or found.get("items") or found.get("additionalProperties") or {}
            found = next((one for one in found.get("anyOf", ()) if "$ref" in one), found)
    return list(found.get("properties", {}))
