"""The commands that sluice has, as its command line registers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

GROUPS = ("alert", "contract", "incidents", "model", "quarantine", "silence", "source")


def registered() -> dict[tuple[str, ...], Callable[..., Any]]:
    """The function of each command by its words: ("build",), ("quarantine", "list")."""
    from sluice.cli import app

    found: dict[tuple[str, ...], Callable[..., Any]] = {
        (one.name or one.callback.__name__,): one.callback for one in app.registered_commands if one.callback
    }
    for group in app.registered_groups:
        assert group.typer_instance is not None
        commands = group.typer_instance.registered_commands
        found |= {(str(group.name), one.name or one.callback.__name__): one.callback for one in commands if one.callback}
    return found
