"""slim.json: what a pull request environment contains, and the release that has everything else."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sluice.core.errors import SluiceError
from sluice.core.yaml_model import sentence
from sluice.store.record import ARTIFACTS

NAME = "slim.json"


@dataclass(frozen=True)
class Partial:
    """slim.json, which is kept with dbt's artifacts: what was built, and `base`, the release that has everything else.

    `built` are relations (`schema.name`) in the file, `left_out` views that read the lake; `failed` should have been built and
    are not in the file: the base does not replace these. `whole` says why all was built; empty if only a part was.
    """

    environment: str
    base: str
    whole: str
    built: tuple[str, ...]
    left_out: tuple[str, ...]
    failed: tuple[str, ...]


def workspace(warehouse: Path, environment: str) -> Path:
    """The folder in which a pull request environment is built, and which is held meanwhile."""
    return warehouse.absolute() / ".workshop" / environment


def read(artifacts: Path | None) -> Partial | None:
    """slim.json beside the artifacts of a pull request environment; None if there is none. Raises SluiceError if not valid."""
    if artifacts is None or not (artifacts / NAME).is_file():
        return None
    try:
        return TypeAdapter(Partial).validate_json((artifacts / NAME).read_bytes())
    except ValidationError as error:
        what = f"not valid: {sentence(error.errors()[0])}"
        raise SluiceError(what, where=str(artifacts / NAME), hint="build the environment again") from error


def put(contents: Partial, built: Path, target: Path, file: Path) -> None:
    """Put a built file, and dbt's artifacts from `target`, where an environment has them: the file last.

    If interrupted, there is no environment, or the previous one: a file beside the artifacts of another build would be
    audited and compared wrongly.
    """
    fresh = built.with_name("artifacts")
    fresh.mkdir()
    for name in ARTIFACTS:
        if (target / name).is_file():
            shutil.copyfile(target / name, fresh / name)
    (fresh / NAME).write_text(json.dumps(asdict(contents), indent=2) + "\n", encoding="utf-8")
    file.parent.mkdir(parents=True, exist_ok=True)
    remove(file)
    fresh.replace(file.with_suffix(""))
    built.replace(file)


def remove(file: Path) -> None:
    """Remove the file of an environment, then its log and the folder of its artifacts."""
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    if file.with_suffix("").is_dir():
        shutil.rmtree(file.with_suffix(""))
