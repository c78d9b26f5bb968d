"""Who acts: the one name under which releases, decisions and every other entry of the history are recorded."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping

from sluice.core.errors import SluiceError

_ACTOR = re.compile(r"(user|job):\S+")


def is_actor(text: str) -> bool:
    """Whether a text is `user:<name>` or `job:<workflow>`, without spaces."""
    return bool(_ACTOR.fullmatch(text))


def actor(by: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Who acts: `by` or SLUICE_ACTOR, else `job:<workflow>` in GitHub Actions, else `user:<name>`.

    `by` may be a name alone, which is a user's; spaces in it become hyphens. The name of the user is SLUICE_USER, else
    that of the operating system. Raises SluiceError where SLUICE_ACTOR is not a valid actor.
    """
    variables = os.environ if environment is None else environment
    if name := _joined(by):
        return name if is_actor(name) else f"user:{name}"
    if said := variables.get("SLUICE_ACTOR", "").strip():
        if not is_actor(said):
            hint = "use user:<name> or job:<workflow>, without spaces"
            raise SluiceError(f"{said!r} is not a valid actor", where="SLUICE_ACTOR", hint=hint)
        return said
    if variables.get("GITHUB_ACTIONS") == "true":
        return f"job:{_joined(variables.get('GITHUB_WORKFLOW')) or 'unknown'}"
    return f"user:{_joined(variables.get('SLUICE_USER')) or _joined(_user())}"


def _joined(text: str | None) -> str:
    return "-".join((text or "").split())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return str(os.getuid())
