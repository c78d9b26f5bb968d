"""Reads events of OpenLineage with the classes of its own client, strictly; where the spec is at hand, also by its JSON schemas.

    python openlineage_events.py EVENTS [SPEC]

EVENTS has an event a line; SPEC is the folder `spec` of a checkout of OpenLineage. It runs in an environment of its own, with
openlineage-python and jsonschema. Every fault is printed; exit code 1 where there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attr
from openlineage.client import event_v2, generated
from openlineage.client.generated.base import BaseFacet

CLASSES = {
    name: kind
    for module in iter_modules(generated.__path__)
    for name, kind in vars(import_module(f"{generated.__name__}.{module.name}")).items()
    if isinstance(kind, type) and attr.has(kind)
}
# Keys of the class that are not those of the JSON.
_OWN = {"producer": "_producer", "schemaURL": "_schemaURL"}


def faults(value: Any, kind: Any, where: str) -> Iterator[str]:
    """What is wrong with a value that should be of this type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        yield from min([list(faults(value, one, where)) for one in arguments], key=len)
    elif isinstance(value, Mapping) and "$defs" in str(value.get("_schemaURL")):
        yield from _fields(value, CLASSES[value["_schemaURL"].rpartition("/")[2]], where)
    elif isinstance(value, Mapping) and isinstance(kind, type) and attr.has(kind):
        yield from _fields(value, kind, where)
    elif origin in (list, dict) and isinstance(value, origin):
        for key, one in enumerate(value) if origin is list else value.items():
            yield from faults(one, arguments[-1], f"{where}.{key}")
    elif not _fits(value, kind):
        yield f"{where}: {value!r:.60} is not {kind}"


def _fits(value: Any, kind: Any) -> bool:
    """Whether a simple value is of a type."""
    if kind is Any:
        return True
    if isinstance(kind, type) and issubclass(kind, Enum):
        return value in [one.value for one in kind]
    return isinstance(kind, type) and isinstance(value, kind)


def _fields(value: Mapping[str, Any], kind: Any, where: str) -> Iterator[str]:
    hints = get_type_hints(kind)
    known = {one.name: one for one in attr.fields(kind)}
    if issubclass(kind, BaseFacet) and value["_schemaURL"] != kind._get_schema():
        yield f"{where}: {value['_schemaURL']} is not {kind._get_schema()}"
    for name, one in value.items():
        if name in hints and name in known:
            yield from faults(one, hints[name], f"{where}.{name}")
        elif name not in ("_producer", "_schemaURL", "schemaURL", "producer"):
            yield f"{where}: {kind.__name__} has no {name}"
    for name, field in known.items():
        if field.default is attr.NOTHING and field.init and name not in value and _OWN.get(name) not in value:
            yield f"{where}: {kind.__name__} needs {name}"


def by_schema(folder: Path) -> Any:
    """A validator of the spec, which checks each facet by its own schema."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable

    schemas = [json.loads(path.read_text()) for path in [folder / "OpenLineage.json", *(folder / "facets").glob("*.json")]]
    registry = Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in schemas])

    def check(value: Any, ref: str) -> Iterator[str]:
        validator = Draft202012Validator({"$ref": ref}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)
        try:
            for error in validator.iter_errors(value):
                yield f"{error.json_path}: {error.message}"
        except Unresolvable:
            yield f"the spec has no {ref}"

    def every(event: Mapping[str, Any]) -> Iterator[str]:
        yield from check(event, event["schemaURL"])
        for facet in _facets(event):
            yield from check(facet, facet["_schemaURL"])

    return every


def _facets(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "_schemaURL" in value:
            yield value
        for one in value.values():
            yield from _facets(one)
    elif isinstance(value, list):
        for one in value:
            yield from _facets(one)


def main() -> int:
    """Check a file of events."""
    events = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    schema = by_schema(Path(sys.argv[2])) if len(sys.argv) > 2 else None
    found = []
    for number, event in enumerate(events, 1):
        found += [f"event {number}, {fault}" for fault in faults(event, event_v2.RunEvent, "$")]
        found += [f"event {number}, {fault}" for fault in (schema(event) if schema else ())]
    print(f"{len(events)} events, {len(list(_facets(events)))} facets, {len(found)} faults")
    print("\n".join(found[:50]))
    return int(bool(found) or not events)


if __name__ == "__main__":
    sys.exit(main())
