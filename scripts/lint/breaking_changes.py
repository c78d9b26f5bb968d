"""Stops a change that breaks what readers of a mart rely on, unless it comes as a new version of the model.

`python scripts/lint/breaking_changes.py origin/main` compares the working tree with that commit. dbt does the comparing
(`state:modified.contract`: columns removed or retyped, constraints or the contract itself dropped, a version removed before
its deprecation_date). This program compares two more things, which dbt allows: a relation that moves, and a loss of digits.

Exit code 0: nothing breaks. 1: something does. 2: the two could not be compared.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from sluice.candidate import packages
from sluice.core.dbt import artifact
from sluice.core.errors import SluiceError
from sluice.core.log import explain

# The target for which all models are enabled.
WHOLE = "ops"
WHAT_TO_DO = (
    "what to do: keep what readers have, or put the change into a new version and give the old one a deprecation_date;\n"
    '            CONTRIBUTING.md shows how, under "Change a mart that others read"'
)


@dataclass(frozen=True)
class Break:
    """One model whose readers break, and the reason."""

    model: str
    what: str

    def __str__(self) -> str:
        return f"breaking change: {self.model}\n  {self.what}"


def whole_target(project: Path) -> list[str]:
    """dbt's option for the target for which all models of a checkout are enabled; none in one that has no such target."""
    file = project / "profiles.yml"
    profiles = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return ["--target", WHOLE] if any(WHOLE in (one.get("outputs") or {}) for one in profiles.values()) else []


def parse(project: Path, target: Path) -> None:
    """dbt's manifest of a project, in `target`. Raises SluiceError if dbt cannot parse it."""
    dbt = Path(sys.executable).parent / "dbt"
    command = [
        str(dbt),
        "--quiet",
        "parse",
        *whole_target(project),
        "--target-path",
        str(target),
        "--log-path",
        str(target / "logs"),
    ]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SluiceError(f"dbt cannot parse the commit to compare with:\n{done.stdout}{done.stderr}")


def found_by_dbt(state: Path, target: Path) -> list[Break]:
    """What dbt calls a breaking change between `state` and the current folder: it stops at the first model.

    Models without versions have no readers outside (dbt-bouncer checks that), so a warning of dbt is enough for them.
    Raises SluiceError if dbt fails for another reason.
    """
    from dbt.cli.main import dbtRunner

    paths = ["--state", str(state), "--target-path", str(target), "--log-path", str(target / "logs")]
    options = ["--select", "state:modified.contract", *whole_target(Path()), *paths]
    result = dbtRunner().invoke(["--quiet", "--log-level", "none", "ls", *options])
    if result.exception is None:
        return []
    broken = getattr(result.exception, "breaking_changes", None)
    if broken is None:
        raise SluiceError(f"dbt cannot compare: {result.exception}")
    node = getattr(result.exception, "node", None)
    return [Break(getattr(node, "search_name", None) or "a model", "\n  ".join(broken))]


def let_pass_by_dbt(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Break]:
    """Versioned public models of two manifests whose relation moved, or whose columns have fewer digits."""
    for unique_id, before in old["nodes"].items():
        after = new["nodes"].get(unique_id)
        if after is None or before.get("access") != "public" or before.get("version") is None:
            continue
        name = f"{before['name']}.v{before['version']}"
        was, now = (f"{node['schema']}.{node['alias']}" for node in (before, after))
        if was != now:
            yield Break(name, f"The relation moved: {was} -> {now}")
        for column, kept in before["columns"].items():
            changed = after["columns"].get(column, kept)
            if _loses_digits(kept.get("data_type") or "", changed.get("data_type") or ""):
                yield Break(name, f"Column {column} has fewer digits: {kept['data_type']} -> {changed['data_type']}")


def _loses_digits(before: str, after: str) -> bool:
    """Whether a decimal has fewer digits before or after its point than it had. dbt compares other types."""
    found = [re.fullmatch(r"(?:decimal|numeric)\((\d+),(\d+)\)", kind.lower().replace(" ", "")) for kind in (before, after)]
    if not all(found):
        return False
    (width, scale), (new_width, new_scale) = (map(int, match.groups()) for match in found if match)
    return new_scale < scale or new_width - new_scale < width - scale


def compare(base: str, folder: Path) -> list[Break]:
    """Everything that breaks between commit `base` and the current folder, with `folder` for what is made on the way."""
    parse(packages.lay_out(base, folder / "base"), folder / "state")
    broken = found_by_dbt(folder / "state", folder / "target")
    if broken:
        return broken
    # dbt has left the manifest of the current folder behind when it compared.
    old, new = (artifact(folder / name, "manifest.json") for name in ("state", "target"))
    return list(let_pass_by_dbt(old, new))


def main(arguments: Sequence[str]) -> int:
    """Compare with the commit that is the only argument."""
    if len(arguments) != 1:
        print("usage: breaking_changes.py <commit>, e.g. origin/main", file=sys.stderr)
        return 2
    try:
        with TemporaryDirectory() as folder:
            broken = compare(arguments[0], Path(folder))
    except SluiceError as error:
        return explain(error)
    for found in broken:
        print(found)
    print(WHAT_TO_DO if broken else f"contracts: nothing breaks against {arguments[0]}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
