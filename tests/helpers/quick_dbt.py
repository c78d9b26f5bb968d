"""What dbt computes for nobody, or again and again, is left out where tests start it preloaded.

dbt makes the same SQL, artifacts and lines as before. Each function that is replaced must be there, so that another version of
dbt, in which it is not, stops the tests.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import marshal
import os
import re
import threading
import types
from collections import ChainMap
from collections.abc import Callable
from copy import copy
from functools import cache
from pathlib import Path
from typing import IO, Any

import parsedatetime  # type: ignore[import-untyped]
from dbt import compilation, flags
from dbt.adapters.cache import RelationsCache
from dbt.context import base, providers
from dbt.context.macros import MacroNamespace
from dbt.parser import manifest as parser
from dbt.plugins.manager import PluginManager
from dbt.task import runnable
from dbt.utils import args_to_dict
from dbt_common.clients.jinja import MacroFuzzEnvironment, MacroFuzzTemplate, NativeSandboxTemplate
from dbt_common.events.base_types import BaseEvent, DebugLevel, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import get_event_manager

_make, _fire = BaseEvent.__init__, EventManager.fire_event
_get: Any = BaseEvent.__getattr__
_put: Any = BaseEvent.__setattr__
_compile = MacroFuzzEnvironment.compile
_inject, _write_manifest = compilation.inject_ctes_into_sql, parser.write_manifest
_get_from_package = MacroNamespace.get_from_package


def use(codes: Path) -> None:
    """Let dbt be quick in this process and its forks; `codes` is a folder for what it compiles of Jinja."""
    codes.mkdir(exist_ok=True)
    json.dump = _dump  # type: ignore[assignment]  # called as dbt calls it
    for owner, name, function in (
        (BaseEvent, "__init__", _begin),
        (BaseEvent, "__getattr__", _look_up),
        (BaseEvent, "__setattr__", _set),
        (EventManager, "fire_event", _tell),
        (MacroFuzzEnvironment, "compile", _compiled_once(codes)),
        # As dbt does it for all but these templates: look names up, and not wrap all 1,400 macros first.
        (NativeSandboxTemplate, "new_context", MacroFuzzTemplate.new_context),
        (ChainMap, "__contains__", _is_in),
        # The same for all nodes of an invocation.
        (providers, "args_to_dict", _once_for(lambda args: args, args_to_dict)),
        (flags, "get_flag_obj", _once_for(flags.get_flags, flags.get_flag_obj)),
        (base, "get_context_modules", cache(base.get_context_modules)),
        # Each result of a query brings the names of months and days in English, several times.
        (parsedatetime, "Constants", cache(parsedatetime.Constants)),
        # Relations and macros are found by their keys.
        (RelationsCache, "get_relations", _relations_of),
        (MacroNamespace, "get_from_package", _of_package),
        # Only where SQL begins is of interest, and a parser of all of it finds that out slowly.
        (compilation, "inject_ctes_into_sql", _inject_ctes),
        # The same for all projects of an environment.
        (PluginManager, "get_prefixed_modules", staticmethod(cache(PluginManager.get_prefixed_modules))),
        # What is written at the end is not written at the beginning, too.
        (parser, "write_manifest", _write_at_the_end),
        (runnable, "write_manifest", _write_now),
    ):
        setattr(owner, name, function)


def _dump(document: Any, file: IO[str], **more: Any) -> None:
    """json.dump, which encodes piece by piece in Python, in one piece in C."""
    file.write(json.dumps(document, **more))


def _is_in(chain: ChainMap[Any, Any], key: object) -> bool:
    """As any(), without a generator: all names that templates use are looked up so."""
    for names in chain.maps:  # noqa: SIM110
        if key in names:
            return True
    return False


def _once_for(of: Callable[..., Any], make: Callable[..., Any]) -> Any:
    """What is made of the same object is made once; `of` says which object that is."""
    last: list[Any] = [None, None]

    def made(*args: Any) -> Any:
        if of(*args) is not last[0]:
            last[:] = [of(*args), make(*args)]
        return copy(last[1])

    return made


def _relations_of(known: RelationsCache, database: str | None, schema: str | None) -> list[Any]:
    """The relations of a schema, found by their keys, which are in small letters already."""
    of = (database.lower() if database else database, schema.lower() if schema else schema)
    with known.lock:
        return [relation.inner for key, relation in known.relations.items() if (key.database, key.schema) == of]


def _of_package(macros: Any, package: str | None, name: str) -> Any:
    """None without further ado where a package has no such macro: adapters look for each in several places."""
    if package is not None:
        for mapping in macros.maps:
            member = mapping.get(package)
            if isinstance(member, dict | ChainMap):
                if name not in member:
                    return None
                break
    return _get_from_package(macros, package, name)


_WITH = re.compile(r"\s*with\s+(?!\s|recursive\b)", re.IGNORECASE)
# dbt's parser refuses SQL of more words than that; it has at least as many characters.
_WORDS = 10_000


def _inject_ctes(sql: str, ctes: list[Any]) -> Any:
    """What dbt makes of SQL that is one statement and begins with `with`; all other SQL is left to it."""
    begins = _WITH.match(sql)
    if not ctes or not begins or ";" in sql or len(sql) > _WORDS:
        return _inject(sql, ctes)
    return f"{sql[: begins.end()]}{', '.join(cte.sql for cte in ctes)}, {sql[begins.end() :]}"


_held: list[tuple[Any, str]] = []


def _write_at_the_end(manifest: Any, folder: str, which: str | None = None) -> None:
    """Hold a manifest that is written when its commands have run; at the end of the process if one stops before that."""
    command: str = flags.get_flag_obj().WHICH  # type: ignore[no-untyped-call]  # dbt has no types
    if command not in ("build", "run", "test", "seed") or not _is_deaf(get_event_manager()):
        _write_now(manifest, folder, which)
        return
    if not _held:
        atexit.register(_write_held)
    _held[:] = [(manifest, folder)]


def _write_now(manifest: Any, folder: str, which: str | None = None) -> None:
    _held.clear()
    _write_manifest(manifest, folder, which)


def _write_held() -> None:
    for manifest, folder in _held:
        _write_manifest(manifest, folder)


# Events for debugging become messages only where something listens to them.


def _is_deaf(manager: Any) -> bool:
    """Whether no log takes events for debugging, and nothing but dbt's own look at warnings is called back."""
    return (
        bool(manager.loggers)
        and all(logger.level not in (EventLevel.DEBUG, EventLevel.TEST) for logger in manager.loggers)
        and all(callback.__name__ == "track_behavior_change_warn" for callback in manager.callbacks)
    )


def _begin(event: Any, *args: Any, **kwargs: Any) -> None:
    if isinstance(event, DebugLevel) and _is_deaf(get_event_manager()):
        event.__dict__["_made_of"] = (args, kwargs)
    else:
        _make(event, *args, **kwargs)


def _finish(event: Any) -> None:
    """Make an event that was only begun."""
    args, kwargs = event.__dict__.pop("_made_of", (None, None))
    if kwargs is not None:
        _make(event, *args, **kwargs)


def _look_up(event: Any, key: str) -> Any:
    _finish(event)
    return event.__dict__[key] if key in event.__dict__ else _get(event, key)


def _set(event: Any, key: str, value: Any) -> None:
    if key != "pb_msg":
        _finish(event)
    _put(event, key, value)


def _tell(manager: Any, e: Any, level: Any = None, *more: Any, **options: Any) -> None:
    if (level or e.level_tag()) is not EventLevel.DEBUG or not _is_deaf(manager):
        _fire(manager, e, level, *more, **options)


def _compiled_once(codes: Path) -> Any:
    """A compiler of templates that reads from a file what was compiled before, by whatever process."""
    known: dict[str, types.CodeType] = {}

    def compile(environment: Any, source: Any, *more: Any, **options: Any) -> Any:
        if more or options or not isinstance(source, str):
            return _compile(environment, source, *more, **options)
        key = hashlib.sha256(f"{type(environment).__name__} {source}".encode()).hexdigest()
        if key not in known:
            known[key] = _read(codes / key) or _written(codes / key, _compile(environment, source))
        return known[key]

    return compile


def _read(path: Path) -> types.CodeType | None:
    try:
        return marshal.loads(path.read_bytes())  # type: ignore[no-any-return]  # noqa: S302  # it is our own
    except FileNotFoundError:
        return None


def _written(path: Path, code: types.CodeType) -> types.CodeType:
    beside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    beside.write_bytes(marshal.dumps(code))
    beside.replace(path)
    return code
