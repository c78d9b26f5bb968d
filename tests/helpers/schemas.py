"""What commands print with --format json, checked against docs/schemas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jsonschema
from tests.helpers.commands import GROUPS
from tests.helpers.project import REPOSITORY

FOLDER = REPOSITORY / "docs" / "schemas"


def document(arguments: Sequence[str], text: str) -> dict[str, Any]:
    """The JSON document that a command printed. Fails where it is not as the command's schema, or that of errors, says."""
    found: dict[str, Any] = json.loads(text)
    words = [word for word in arguments if not word.startswith("-")]
    name = "-".join(words[:2] if words[0] in GROUPS else words[:1])
    if "error" in found and name != "run":
        name = "error"
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def is_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for a JSON document on stdout."""
    return "json" in arguments and "--out" not in arguments
