"""What a channel is: something that takes a message, or says why it could not be sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import ConfigDict

from sluice.alerts.message import Message

HIDDEN = "***"


class UnsentError(Exception):
    """Why a message was not sent. `is_final`: trying again in this run does not help; `after` is when the receiver allows it."""

    def __init__(self, why: str, *, is_final: bool = False, after: float | None = None) -> None:
        super().__init__(why)
        self.is_final = is_final
        self.after = after


class Strict:
    """YAML may have the fields of a class and no others."""

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Secret(Strict):
    """A value that is in an environment variable, written `{env: NAME}`; the file never has it."""

    env: str

    @property
    def value(self) -> str:
        """The value. Raises UnsentError where the variable is not set."""
        found = os.environ.get(self.env)
        if not found:
            raise UnsentError(f"the environment variable {self.env} is not set", is_final=True)
        return found


def hidden(text: str, channel: object) -> str:
    """A text without the secrets of a channel."""
    for secret in _secrets(vars(channel)):
        if value := os.environ.get(secret.env):
            text = text.replace(value, HIDDEN)
    return text


def _secrets(values: Mapping[str, object]) -> list[Secret]:
    found = [one for one in values.values() if isinstance(one, Secret)]
    return found + [one for part in values.values() if isinstance(part, Mapping) for one in _secrets(part)]


class Channel(Protocol):
    """A place where people look. Its fields are its keys in alerts.yml."""

    def send(self, message: Message, timeout: float) -> None:
        """Send a message, and wait no longer than `timeout` seconds for an answer. Raises UnsentError."""
