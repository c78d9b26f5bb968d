"""Reads the expressions of workflows, as far as this project's use them; anything else is an error, not a guess."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Given = Mapping[str, Any]
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)|(?P<sign>\|\||&&|[=!]=|[!()]))")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(success|failure|always|cancelled)\(\)")


class UnknownError(Exception):
    """Something in a workflow that this harness does not know."""


@dataclass
class _Reader:
    """Reads one expression; `&&` and `||` give one of their sides, as on GitHub."""

    contexts: Given
    tokens: list[tuple[str, str]]

    def either(self) -> Any:
        found = self.both()
        while self._takes("||"):
            other = self.both()
            found = found or other
        return found

    def both(self) -> Any:
        found = self.compared()
        while self._takes("&&"):
            other = self.compared()
            found = found and other
        return found

    def compared(self) -> Any:
        found = self.one()
        for sign, is_wanted in (("==", True), ("!=", False)):
            if self._takes(sign):
                return (str(found).lower() == str(self.one()).lower()) is is_wanted
        return found

    def one(self) -> Any:
        if self._takes("!"):
            return not self.one()
        if self._takes("("):
            found = self.either()
            self._takes(")")
            return found
        kind, word = self.tokens.pop(0)
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if self._takes("("):
            self._takes(")")
            return self.contexts["functions"][word]()
        return {"true": True, "false": False}[word] if word in ("true", "false") else self._looked_up(word)

    def _looked_up(self, name: str) -> Any:
        first, *rest = name.split(".")
        found = self.contexts[first]
        for part in rest:
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return "" if found is None else found

    def _takes(self, sign: str) -> bool:
        is_next = bool(self.tokens) and self.tokens[0] == ("sign", sign)
        if is_next:
            self.tokens.pop(0)
        return is_next


def evaluate(expression: str, contexts: Given) -> Any:
    """The value of what stands between `${{` and `}}`. Raises UnknownError for what is not known here."""
    tokens, position = [], 0
    while position < len(expression.rstrip()):
        found = _TOKEN.match(expression, position)
        if found is None:
            raise UnknownError(f"{expression.strip()}: {expression[position:].strip()}")
        position = found.end()
        tokens.append((str(found.lastgroup), found[found.lastgroup or 0]))
    reader = _Reader(contexts, tokens)
    try:
        value = reader.either()
    except (KeyError, IndexError) as error:
        raise UnknownError(f"{expression.strip()}: {error}") from None
    if reader.tokens:
        raise UnknownError(f"{expression.strip()}: {reader.tokens[0][1]}")
    return value


def filled(text: Any, contexts: Given) -> str:
    """A text with its expressions replaced by their values; true and false as GitHub writes them."""

    def value(found: re.Match[str]) -> str:
        given = evaluate(found[1], contexts)
        return str(given).lower() if isinstance(given, bool) else str(given)

    return _EXPRESSION.sub(value, str(text).lower() if isinstance(text, bool) else str(text))


def holds(condition: Any, contexts: Given) -> bool:
    """Whether a step or job runs; a condition that asks for no status means `success()`, too."""
    text = str(True if condition is None else condition).strip().removeprefix("${{").removesuffix("}}")
    is_on = bool(evaluate("true" if text in ("True", "true") else text, contexts))
    return is_on and (bool(_STATUS.search(text)) or bool(contexts["functions"]["success"]()))


def statuses(is_good: bool) -> dict[str, Callable[[], bool]]:
    """GitHub's functions of a status. Nothing is ever cancelled here."""
    return {"success": lambda: is_good, "failure": lambda: not is_good, "always": lambda: True, "cancelled": lambda: False}
