"""Sizes of the dbt side: models, macros and YAML. What a model reaches is read from dbt's manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

# On one line, or up to a line that begins with the closing bracket: a hook inside may hold Jinja of its own.
_CONFIG = re.compile(r"{{\s*config\((?:[^\n]*\)\s*}}$|.*?^\)\s*}})", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"{#.*?#}|--[^\n]*|{%-?\s*set\s[^\n]*%}", re.DOTALL)
_IMPORT = re.compile(r"^with\s+(recursive\s+)?\w+\s+as\s+\(\s*select \* from {{\s*(ref|source)\(", re.IGNORECASE)
_LAST_SELECT = re.compile(r"select \* from \w+(\s+order by [\w, ]+)?$", re.IGNORECASE)
_ONE_CALL = re.compile(r"^{{[^{}]*(?:{[^{}]*}[^{}]*)*}}$", re.DOTALL)


class Model:
    """The text of one model's file."""

    def __init__(self, file: Path) -> None:
        """Read the file."""
        self.text = file.read_text(encoding="utf-8")

    @property
    def lines(self) -> int:
        """All lines, blank ones and comments included."""
        return len(self.text.splitlines())

    @cached_property
    def sql(self) -> str:
        """The text without configuration, comments and `set` on one line."""
        return _COMMENT.sub("", _CONFIG.sub("", self.text)).strip()

    @property
    def begins_with_an_import(self) -> bool:
        """Whether the first CTE is `select * from` a ref or a source."""
        return bool(_IMPORT.match(self.sql))

    @property
    def ends_in_a_select(self) -> bool:
        """Whether the last line is `select * from` a CTE."""
        return bool(_LAST_SELECT.search(self.sql))

    @property
    def is_one_macro_call(self) -> bool:
        """Whether nothing but one Jinja expression is left, so that the SQL is in a macro."""
        return bool(_ONE_CALL.match(self.sql))


def models(root: Path) -> list[Model]:
    """Every model of the project."""
    return [Model(file) for file in sorted((root / "models").rglob("*.sql"))]


def lines_of(root: Path, suffix: str) -> int:
    """Lines of all files below models/ with this suffix."""
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in (root / "models").rglob(f"*{suffix}"))


class MacroReach:
    """Which macros of the project each of its models calls, directly and through other macros."""

    def __init__(self, manifest: Path) -> None:
        """Read dbt's manifest.json."""
        content: Mapping[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
        self.project = str(content["metadata"]["project_name"])
        self._macros = {name: self._own(macro) for name, macro in content["macros"].items() if self._is_own(name)}
        self._models = {name: self._own(node) for name, node in content["nodes"].items() if node["resource_type"] == "model"}

    def reached(self) -> list[int]:
        """For each model, the number of different macros it reaches."""
        return [len(self._closure(called)) for called in self._models.values()]

    def depths(self) -> list[int]:
        """For each model, the length of its longest chain of calls."""
        return [max(map(self._depth, called), default=0) for called in self._models.values()]

    def deepest(self) -> tuple[str, ...]:
        """Names of the models that reach the most macros."""
        most = max(self.reached(), default=0)
        return tuple(name.split(".")[-1] for name, called in self._models.items() if len(self._closure(called)) == most)

    def _is_own(self, name: str) -> bool:
        return name.startswith(f"macro.{self.project}.")

    def _own(self, node: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(name for name in node["depends_on"]["macros"] if self._is_own(name))

    def _closure(self, called: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        waiting = list(called)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._macros[name]
        return found

    def _depth(self, macro: str, above: tuple[str, ...] = ()) -> int:
        callees = [name for name in self._macros[macro] if name not in (*above, macro)]
        return 1 + max((self._depth(name, (*above, macro)) for name in callees), default=0)
