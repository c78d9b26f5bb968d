"""Apicurio Registry, which speaks the API of Confluent's schema registry; its schemas are in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from lab.broker.jars import registry
from lab.broker.process import JavaServer, free_ports

_MEDIA = "application/vnd.schemaregistry.v1+json"


class Registry:
    """A running registry. `url` is what clients connect to; a newer schema has to read what an older one wrote (BACKWARD)."""

    def __init__(self, folder: Path, *, quick: bool = False) -> None:
        """Start a registry with its log in `folder`. Raises SluiceError where Java or Maven is missing, or it does not start."""
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        folder.mkdir(parents=True, exist_ok=True)
        (program,) = registry().rglob("*-runner.jar")
        arguments = ["-Xmx400m", "-XX:+UseSerialGC", *(["-XX:TieredStopAtLevel=1"] if quick else [])]
        arguments += [f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1", "-jar", str(program)]
        self._server = JavaServer(folder, "registry", arguments)
        self._server.wait_for(self._answers)
        # It has no rule of its own accord, and would take any schema.
        self._ask("PUT", "config", {"compatibility": "BACKWARD"})

    @property
    def pid(self) -> int:
        """The process id of the registry."""
        return self._server.pid

    def register(self, subject: str, schema: str, kind: str = "AVRO") -> int:
        """Register a schema (AVRO or JSON) and return its id. Raises HTTPError 409 for one that breaks compatibility."""
        return int(self._ask("POST", f"subjects/{subject}/versions", {"schema": schema, "schemaType": kind})["id"])

    def stop(self) -> None:
        """Stop the registry and wait for its end."""
        self._server.stop()

    def _answers(self) -> bool:
        try:
            self._ask("GET", "subjects")
        except (HTTPError, URLError, OSError):
            return False
        return True

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/{path}", data, {"Content-Type": _MEDIA}, method=method)  # noqa: S310  (loopback)
        with urlopen(request, timeout=30) as answer:  # noqa: S310  (the same)
            return json.load(answer)


@contextmanager
def running(folder: Path, *, quick: bool = False) -> Iterator[Registry]:
    """A registry for as long as the block takes."""
    registry = Registry(folder, quick=quick)
    try:
        yield registry
    finally:
        registry.stop()
