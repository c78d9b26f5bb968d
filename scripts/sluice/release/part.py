"""slim.json: what a pull request environment holds, and which release stands for the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sluice.errors import SluiceError

NAME = "slim.json"


@dataclass(frozen=True)
class Slim:
    """What slim.json says, beside dbt's artifacts: which release stands for what was not built.

    `built` are relations (`schema.name`) that the file holds because of the change, `left_out` views that read the lake.
    """

    environment: str
    base: str
    whole: str
    built: tuple[str, ...]
    left_out: tuple[str, ...]


def read(artifacts: Path | None) -> Slim | None:
    """What stands beside the artifacts of a pull request environment; None for all else."""
    if artifacts is None or not (artifacts / NAME).is_file():
        return None
    try:
        said = json.loads((artifacts / NAME).read_text(encoding="utf-8"))
        return Slim(said["environment"], said["base"], said["whole"], tuple(said["built"]), tuple(said["left_out"]))
    except (ValueError, KeyError, TypeError) as error:
        raise SluiceError(f"not readable: {error}", where=str(artifacts / NAME), hint="build the environment again") from error
