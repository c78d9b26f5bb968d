"""What sqlfluff's jinja templater lacks to render this project's models without dbt: see library_path in .sqlfluff.

Every name here (without a leading underscore) is a name in the templates, as dbt would define it. No database is queried:
`execute` is false, as while dbt parses. The dbt templater, which `make lint` uses, has the real names instead.
"""

from __future__ import annotations

import datetime as _datetime
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml as _yaml
from jinja2 import pass_context as _pass_context
from jinja2.runtime import Context as _Context
from sqlfluff.core.templaters.builtins.dbt import MacroReturn as _MacroReturn

_VARS: dict[str, Any] = _yaml.safe_load((Path(__file__).resolve().parents[3] / "vars.yml").read_text())["vars"]


class _Project:
    """`sluice.<macro>`: the project's macro of that name, which the templater has loaded from macros/."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        @_pass_context
        def call(context: _Context, *args: Any, **kwargs: Any) -> Any:
            try:
                return context.resolve(name)(*args, **kwargs)
            except _MacroReturn as returned:  # the templater sees this only if the macro is in another file
                return returned.value

        return call


class _CrossDatabaseMacros:
    """`dbt.<macro>`: a call of a function of that name, which parses as what dbt would write."""

    def __getattr__(self, name: str) -> Callable[..., str]:
        return lambda *args, **_: f"{name}({', '.join(map(str, args))})"


def var(name: str, default: Any = None) -> Any:
    """The variable's value in vars.yml."""
    return _VARS.get(name, default)


def run_query(_query: str) -> SimpleNamespace:
    """A result without rows: nothing is queried."""
    return SimpleNamespace(columns=[], rows=[])


def is_incremental() -> bool:
    """False, as on an empty warehouse; sqlfluff lints the other branch by itself."""
    return False


sluice = _Project()
dbt = _CrossDatabaseMacros()
execute = False
target = SimpleNamespace(name="lint", type="duckdb", database="lint", schema="main")
modules = SimpleNamespace(datetime=_datetime, pytz=SimpleNamespace(utc=_datetime.UTC))
