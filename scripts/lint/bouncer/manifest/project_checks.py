"""Checks that dbt-bouncer does not have. Its config names each of these functions: see dbt-bouncer.yml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail

# This is how dbt writes pre_hook and post_hook in the manifest.
HOOK_KEYS = {"pre-hook", "post-hook"}


@cache
def known_config_keys() -> frozenset[str]:
    """The keys of a model's config in dbt's JSON schema."""
    schema = json.loads((files("dbt.jsonschemas") / "resources" / "latest.json").read_text())
    return frozenset(schema["definitions"]["ModelConfig"]["properties"]) | HOOK_KEYS


@check
def check_model_config_keys_are_known(model: Any) -> None:
    """dbt ignores a misspelt key in a model's `config(...)` without a message."""
    config = getattr(model, "unrendered_config", None) or {}
    unknown = sorted(set(config) - known_config_keys())
    if unknown:
        fail(f"`{model.name}`: config() has keys that dbt does not know: {', '.join(unknown)}")


@check
def check_model_is_tested(model: Any, ctx: Any) -> None:
    """Every model has a data test or a unit test."""
    tests = [*ctx.tests, *ctx.unit_tests]
    if not any(model.unique_id in (getattr(test.depends_on, "nodes", None) or []) for test in tests):
        fail(f"`{model.name}` has neither a data test nor a unit test")


def _value(thing: Any) -> str:
    """The text of what may be an enum, in lower case."""
    return str(getattr(thing, "value", thing)).lower()


def _key(model: Any) -> list[str]:
    """The columns of a model's primary key, as its contract declares it."""
    keys = [constraint for constraint in model.constraints or [] if _value(constraint.type) == "primary_key"]
    return list(keys[0].columns) if keys else []


def _unique_columns(test: Any) -> set[str]:
    """The columns that a data test of severity error keeps unique in every row; none for any other test."""
    metadata, config = getattr(test, "test_metadata", None), test.config
    if metadata is None or config.where or not config.enabled or _value(config.severity) != "error":
        return set()
    arguments = metadata.kwargs
    of = {"unique": [arguments.get("column_name")], "unique_together": arguments.get("columns")}
    return {column for column in of.get(metadata.name) or [] if column}


@check
def check_model_key_is_tested(model: Any, ctx: Any) -> None:
    """A mart's key: declared in its contract, never null, and a test says that no two rows share it."""
    key = _key(model)
    if not key:
        fail(f"`{model.name}`: the contract names no key: constraints: [{{type: primary_key, columns: [...]}}]")
    nullable = [name for name in key if not _is_required(model.columns.get(name))]
    if nullable:
        fail(f"`{model.name}`: a column of the key is nullable or missing: {', '.join(nullable)}")
    tested = [_unique_columns(test) for test in ctx.tests if getattr(test, "attached_node", None) == model.unique_id]
    if set(key) not in tested:
        fail(f"`{model.name}`: no test `unique` or `unique_together` of severity error on the key ({', '.join(key)})")


def _is_required(column: Any) -> bool:
    return column is not None and any(_value(constraint.type) == "not_null" for constraint in column.constraints or [])


@check
def check_model_old_version_has_an_end(model: Any) -> None:
    """A version older than the latest has a deprecation date."""
    versions = [str(version) for version in (model.version, model.latest_version)]
    is_older = all(map(str.isdigit, versions)) and int(versions[0]) < int(versions[1])
    if is_older and not getattr(model, "deprecation_date", None):
        fail(f"`{model.name}` v{model.version} is not the latest (v{model.latest_version}) and has no deprecation_date")


@check
def check_exposure_reads_versioned_models(exposure: Any, ctx: Any) -> None:
    """A model that an exposure reads has versions, so that a breaking change keeps the old relation."""
    read = set(getattr(exposure.depends_on, "nodes", None) or [])
    bare = sorted(model.name for model in ctx.models if model.unique_id in read and model.version is None)
    if bare:
        fail(f"`{exposure.name}` reads models without versions: {', '.join(bare)}")


@check
def check_model_has_group(model: Any) -> None:
    """Every model has an owner: its group, which is in models/_groups.yml."""
    if not getattr(model, "group", None):
        fail(f"`{model.name}` belongs to no group")


@check
def check_staging_reads_own_source_only(model: Any) -> None:
    """A model in staging/<source> reads that source, models of the same folder, and seeds."""
    own = PurePosixPath(model.original_file_path).parent.name
    for node in getattr(model.depends_on, "nodes", None) or []:
        kind, _, name = node.split(".")[:3]
        if (kind == "source" and name != own) or (kind == "model" and not name.startswith(f"stg_{own}__")):
            fail(f"`{model.name}` is in staging/{own} and reads {kind} `{node.split('.', 2)[2]}`")


@check
def check_macro_says_what_it_does(macro: Any) -> None:
    """A macro is described once, where it is read: its first lines are a Jinja comment."""
    if not re.match(r"\{%-? *(macro|test) [^%]*%\}\s*\{#-?\s*[\w{]", macro.macro_sql):
        fail(f"`{macro.name}` does not begin with a comment that says what it does")


# Macros that stand for dbt's own of that name: whoever knows dbt knows what they do.
_KNOWN = {"source", "is_incremental"}


def _own_macros(ctx: Any) -> dict[str, str]:
    """The text of each macro of this project that its SQL calls by name."""
    return {macro.name: macro.macro_sql for macro in ctx.macros if macro.name not in _KNOWN}


def _called(text: str, macros: Iterable[str]) -> set[str]:
    """Macros that a text calls. dbt notes only the calls that it makes while it parses, so the text is read."""
    return set(re.findall(r"(\w+)\s*\(", re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL))) & set(macros)


def _levels(text: str, macros: Mapping[str, str]) -> list[set[str]]:
    """What a text calls, then what that calls, and so on, each macro where it is called farthest from the text."""
    levels: list[set[str]] = []
    latest = _called(text, macros)
    while latest and len(levels) <= len(macros):
        levels.append(latest)
        latest = {inner for name in latest for inner in _called(macros[name], macros) - {name}}
    return levels


@check
def check_model_reaches_few_macros(model: Any, ctx: Any, *, max_macros: int, max_depth: int) -> None:
    """A model can be read from top to bottom: few macros of this project are behind it, and none behind another."""
    strategy = f"get_incremental_{getattr(model.config, 'incremental_strategy', None)}_sql("
    levels = _levels(f"{model.raw_code} {strategy}", _own_macros(ctx))
    reached = sorted(set().union(*levels))
    if len(reached) > max_macros or len(levels) > max_depth:
        fail(f"`{model.name}` reaches {len(reached)} macros, {len(levels)} deep: {', '.join(reached)}")


@check
def check_properties_file_name(model: Any) -> None:
    """A model is described beside its SQL, in `_<folder>__<what>.yml`; `what` may split a long file."""
    folder = PurePosixPath(model.original_file_path).parent
    described_in = PurePosixPath((getattr(model, "patch_path", None) or "").partition("://")[2])
    if described_in.parent != folder or not described_in.name.startswith(f"_{folder.name}__"):
        fail(f"`{model.name}` is described in `{described_in}`, not in `{folder}/_{folder.name}__*.yml`")


@check
def check_source_columns_are_described(source: Any) -> None:
    """Every column of a source has a type (the raw lake's contract) and a description."""
    for name, column in (source.columns or {}).items():
        if not (column.description or "").strip() or not column.data_type:
            fail(f"`{source.source_name}.{source.name}`: column {name} has no description or no data_type")


@check
def check_source_says_when_loaded(source: Any) -> None:
    """Freshness needs a column that says when a row was loaded."""
    if not source.loaded_at_field:
        fail(f"`{source.source_name}.{source.name}` has no loaded_at_field")


@check
def check_seed_columns_are_described(seed: Any) -> None:
    """Every column of a seed's CSV is described, and nothing else."""
    path = Path(seed.root_path or ".") / seed.original_file_path
    header = set(path.read_text(encoding="utf-8-sig").splitlines()[0].replace('"', "").split(","))
    described = {name for name, column in (seed.columns or {}).items() if (column.description or "").strip()}
    if header != described:
        fail(f"`{seed.name}`: columns and described columns differ in {', '.join(sorted(header ^ described))}")


@check
def check_source_is_staged_by_one_model(source: Any, ctx: Any) -> None:
    """One staging model cleans a raw table; others may join its newest versions by the macro lookup."""
    called = re.compile(rf"\bsource\(\s*['\"]{source.source_name}['\"]\s*,\s*['\"]{source.name}['\"]")
    staged = sorted(model.name for model in ctx.models if called.search(model.raw_code or ""))
    if len(staged) > 1:
        fail(f"`{source.source_name}.{source.name}` is read by {', '.join(staged)}: keep one, or join it by lookup()")
