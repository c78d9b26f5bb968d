"""Fails on what dbt does not know in its YAML: a misspelt key, a key in the wrong place, an invalid value.

dbt ships JSON schemas of its files, and checks with them for four warehouses; DuckDB is not one of them, so there
`descripton:` or `materialised:` passes without a message. Without arguments, it checks the project's own files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator, ValidationError
from jsonschema.exceptions import relevance

PROPERTY_FOLDERS = ("models", "seeds", "macros", "snapshots", "analyses", "tests/generic", "tests/singular")

# What dbt's schema does not restrict: it accepts any name of a flag. So this lists the flags that the project sets.
FLAGS = {"type": "object", "additionalProperties": False, "properties": {"send_anonymous_usage_stats": {}, "use_colors": {}}}


@dataclass(frozen=True)
class YamlFault:
    """One thing that dbt does not know: where it is and what is wrong with it."""

    file: Path
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.where or 'top level'}: {self.message}"


_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fast):  # type: ignore[misc]  # which of the two depends on how PyYAML was built
    """YAML as JSON has it: a date stays the text that it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@cache
def _schema(kind: str) -> dict[str, Any]:
    spec = find_spec("dbt.jsonschemas")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("dbt.jsonschemas is not installed: run make setup")
    schema: dict[str, Any] = json.loads((Path(spec.submodule_search_locations[0]) / kind / "latest.json").read_text())
    if kind == "project":
        schema["properties"]["flags"] = FLAGS
    return schema


def schema_for(file: Path) -> dict[str, Any]:
    """The installed dbt's schema of dbt_project.yml or of a properties file."""
    return _schema("project" if file.name == "dbt_project.yml" else "resources")


def check(file: Path) -> list[YamlFault]:
    """Everything in a file that dbt does not know, in the order of its lines. A file that is not valid YAML is one finding."""
    text = file.read_text()
    try:
        tree, data = yaml.compose(text, _Loader), yaml.load(text, _Loader)  # noqa: S506 (it is a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [YamlFault(file, mark.line + 1 if mark else 1, "", f"not YAML: {getattr(error, 'problem', error)}")]
    schema = schema_for(file)
    errors = [deepest for error in Draft7Validator(schema).iter_errors(data or {}) for deepest in causes(error)]
    findings = {finding for error in errors for finding in explain(file, tree, error)}
    return sorted(findings, key=lambda finding: (finding.line, finding.where, finding.message))


def causes(error: ValidationError) -> Iterator[ValidationError]:
    """The errors under an `anyOf` that say what is wrong: the deepest ones, unknown keys and unknown choices first."""
    if not error.context:
        yield error
        return
    deepest = max(len(sub.absolute_path) for sub in leaves(error))
    found = [sub for sub in leaves(error) if len(sub.absolute_path) == deepest]
    telling = [sub for sub in found if sub.validator in ("additionalProperties", "enum")]
    yield from telling or [max(found, key=relevance)]


def leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors that have no error under them."""
    for sub in error.context or ():
        yield from leaves(sub)
    if not error.context:
        yield error


def explain(file: Path, tree: yaml.Node | None, error: ValidationError) -> Iterator[YamlFault]:
    """One finding for each key that an error is about."""
    path = list(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        for key in [key for key in error.instance if key not in known]:
            close = get_close_matches(str(key), known, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            yield YamlFault(file, line_of(tree, [*path, key]), dotted(path), f"dbt knows no key '{key}' here{hint}")
    elif path and isinstance(path[-1], str) and file.name == "dbt_project.yml" and "'object'" in error.message:
        # Under models:, seeds: ... any key is a folder unless dbt knows it as a config.
        yield YamlFault(file, line_of(tree, path), dotted(path[:-1]), f"'{path[-1]}' is neither a folder nor a config of dbt")
    else:
        yield YamlFault(file, line_of(tree, path), dotted(path), error.message)


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: models[0].config."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def line_of(node: yaml.Node | None, path: Sequence[str | int]) -> int:
    """The line, from 1, of the key or item at a path."""
    line = 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == str(part)]
            if not pairs:
                break
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def project_files(root: Path) -> list[Path]:
    """dbt_project.yml and every properties file."""
    found = [file for folder in PROPERTY_FOLDERS for file in (root / folder).rglob("*.y*ml")]
    return [root / "dbt_project.yml", *sorted(found)]


def main(arguments: Sequence[str]) -> int:
    """0 when every file is known to dbt, 1 when not."""
    files = [Path(argument) for argument in arguments] or project_files(Path())
    findings = [finding for file in files for finding in check(file)]
    for finding in findings:
        print(finding)
    print(f"dbt YAML: {len(files)} files, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
