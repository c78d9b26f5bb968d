"""slim.json: what a pull request environment holds, and which release stands for the rest."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from sluice.core.errors import SluiceError
from sluice.store.record import ARTIFACTS

NAME = "slim.json"


@dataclass(frozen=True)
class Partial:
    """What slim.json says, beside dbt's artifacts: which release stands for what was not built.

    `built` are relations (`schema.name`) that the file holds because of the change, `left_out` views that read the lake;
    `failed` were to be built, and are not there: the base does not stand for these.
    """

    environment: str
    base: str
    whole: str
    built: tuple[str, ...]
    left_out: tuple[str, ...]
    failed: tuple[str, ...] = ()


def workshop(warehouse: Path, environment: str) -> Path:
    """Where a pull request environment is built, and held meanwhile."""
    return warehouse.absolute() / ".workshop" / environment


def read(artifacts: Path | None) -> Partial | None:
    """The content of slim.json beside the artifacts of a pull request environment; None for all else."""
    if artifacts is None or not (artifacts / NAME).is_file():
        return None
    try:
        said = json.loads((artifacts / NAME).read_text(encoding="utf-8"))
        relations = (tuple(said[name]) for name in ("built", "left_out", "failed"))
        return Partial(said["environment"], said["base"], said["whole"], *relations)
    except (ValueError, KeyError, TypeError) as error:
        raise SluiceError(f"not readable: {error}", where=str(artifacts / NAME), hint="build the environment again") from error


def put(slim: Partial, built: Path, target: Path, file: Path) -> None:
    """Put a built file, and dbt's artifacts out of `target`, where they are looked for: the file last.

    Broken off, there is no environment, or the one before: a file beside artifacts of another build would be audited and
    compared as what it is not.
    """
    fresh = built.with_name("artifacts")
    fresh.mkdir()
    for name in ARTIFACTS:
        if (target / name).is_file():
            shutil.copyfile(target / name, fresh / name)
    (fresh / NAME).write_text(json.dumps(asdict(slim), indent=2) + "\n", encoding="utf-8")
    file.parent.mkdir(parents=True, exist_ok=True)
    remove(file)
    fresh.replace(file.with_suffix(""))
    built.replace(file)


def remove(file: Path) -> None:
    """Remove the file of an environment first, then its log and the folder of its artifacts."""
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    if file.with_suffix("").is_dir():
        shutil.rmtree(file.with_suffix(""))
