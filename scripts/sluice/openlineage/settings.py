"""Where events go: the environment variables and the file openlineage.yml that clients of OpenLineage share.

Read are `OPENLINEAGE_DISABLED`, `OPENLINEAGE_CONFIG`, `OPENLINEAGE_URL`, `OPENLINEAGE_ENDPOINT`, `OPENLINEAGE_API_KEY` and
`OPENLINEAGE_NAMESPACE`; of the file, the key `transport` of the types http, file and noop. Other keys are for other clients.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from sluice.core.errors import SluiceError
from sluice.core.yaml_model import checked, place, read, unknown

NAME = "openlineage.yml"
# Seconds that a command waits for the receiver, for everything that it sends; what is left is sent by the next one.
SECONDS = 20
TYPES = ("http", "file", "noop")


@dataclass(frozen=True)
class Auth:
    """The key that a receiver asks for; `type` is api_key."""

    type: str = "api_key"
    apiKey: str | None = None  # noqa: N815  # the name that clients of OpenLineage use
    api_key: str | None = None

    @property
    def key(self) -> str | None:
        """The key, under either of its names."""
        return self.apiKey or self.api_key


@dataclass(frozen=True)
class Http:
    """Events are sent to `url`/`endpoint`, one in each request; `timeout` is in seconds, for one answer."""

    url: str
    endpoint: str = "api/v1/lineage"
    timeout: Annotated[float, Field(gt=0)] = 5.0
    auth: Auth | None = None
    custom_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where events are posted."""
        return f"{self.url.rstrip('/')}/{self.endpoint.lstrip('/')}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request."""
        key = self.auth.key if self.auth else None
        return {**self.custom_headers, **({"Authorization": f"Bearer {key}"} if key else {})}


@dataclass(frozen=True)
class File:
    """Events are appended to a file, one a line; with `append: false`, each command writes a file of its own beside it."""

    log_file_path: str
    append: bool = False


@dataclass(frozen=True)
class Settings:
    """Where events go, and the namespace of jobs; the project's name where there is none."""

    transport: Http | File
    namespace: str | None = None


def load(variables: Mapping[str, str] = os.environ, folder: Path = Path()) -> Settings | None:
    """The settings; None where nothing says where events go. Raises SluiceError for a file that is not valid."""
    if variables.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return None
    path = _file(variables, folder)
    transport = _of_file(path) if path else None
    if transport is None and (url := variables.get("OPENLINEAGE_URL")):
        key = variables.get("OPENLINEAGE_API_KEY")
        endpoint = variables.get("OPENLINEAGE_ENDPOINT") or Http.endpoint
        transport = Http(url, endpoint, auth=Auth(apiKey=key) if key else None)
    if not isinstance(transport, Http | File):
        return None
    return Settings(transport, variables.get("OPENLINEAGE_NAMESPACE") or None)


def _file(variables: Mapping[str, str], folder: Path) -> Path | None:
    named = variables.get("OPENLINEAGE_CONFIG")
    home = Path(variables.get("HOME", "~")).expanduser()
    places = [*([folder / named] if named else []), folder / NAME, home / ".openlineage" / NAME]
    return next((path for path in places if path.is_file()), None)


def _of_file(path: Path) -> Http | File | str | None:
    """The transport that the file names; the word `noop` where it says that nothing is sent."""
    content = read(path)
    entry = content.get("transport") if isinstance(content, dict) else None
    if entry is None:
        return None
    if not isinstance(entry, dict) or "type" not in entry:
        raise SluiceError("`transport` has no `type`", where=place(path, "transport"), hint=f"one of: {', '.join(TYPES)}")
    kind = str(entry["type"])
    if kind == "noop":
        return kind
    if kind not in TYPES:
        what, hint = unknown("type of transport", kind, TYPES)
        raise SluiceError(what, where=place(path, "transport", "type"), hint=hint)
    rest = _without_type(entry)
    return checked(Http, rest, path, "transport") if kind == "http" else checked(File, rest, path, "transport")


def _without_type(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "type"}
