"""Makes each edit of edits.yml in a copy of the project and compares what would be built with what must be.

    python tests/selection/run.py [first words of names ...]

Needs a lake with its tables (`sluice setup`). Prints precision and recall; exit code 1 where something is missed.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sluice.diff.checkout import Parsed, parsed
from sluice.diff.impact import compared
from sluice.release.selection import Selection
from sluice.release.slim import selected

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PARTS = ("models", "macros", "seeds", "tests/generic", "tests/singular", "dbt_project.yml", "profiles.yml", "vars.yml")


@dataclass(frozen=True)
class Outcome:
    """One edit: names of what must be built, and of what would be."""

    name: str
    needed: frozenset[str]
    chosen: frozenset[str]

    @property
    def missed(self) -> frozenset[str]:
        """What would be forgotten."""
        return self.needed - self.chosen

    @property
    def spared(self) -> frozenset[str]:
        """What would be built for nothing."""
        return self.chosen - self.needed


def edits() -> list[dict[str, Any]]:
    """The written list."""
    found: list[dict[str, Any]] = yaml.safe_load((HERE / "edits.yml").read_text(encoding="utf-8"))
    return found


def lay_out(project: Path) -> None:
    """The project's own files, in an empty folder."""
    for part in PARTS:
        source, target = PROJECT / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)


def make(edit: Mapping[str, Any], project: Path) -> None:
    """Make an edit. Fails where what it would change is not there."""
    file = project / edit["file"]
    if "write" in edit:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(edit["write"], encoding="utf-8")
    elif "forget" in edit:
        file.unlink()
        _forget(project, edit["forget"])
    else:
        text = file.read_text(encoding="utf-8")
        pattern, replacement = edit.get("sub") or (r"\Z", edit["append"].replace("\\", "\\\\"))
        changed, count = re.subn(pattern, replacement, text, count=1)
        assert count, f"{edit['name']}: {pattern} is not in {edit['file']}"
        file.write_text(changed, encoding="utf-8")


def _forget(project: Path, name: str) -> None:
    """Take a model out of all YAML files, and whatever reads it: exposures, unit tests, singular tests."""
    for file in project.glob("models/**/*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        if name in file.read_text(encoding="utf-8"):
            for kind in ("models", "exposures", "unit_tests"):
                kept = [one for one in document.get(kind) or [] if name not in (one["name"], one.get("model"))]
                document[kind] = [one for one in kept if f"ref('{name}')" not in str(one.get("depends_on"))]
            file.write_text(yaml.safe_dump(document), encoding="utf-8")
    for file in project.glob("tests/singular/**/*.sql"):
        if f"ref('{name}')" in file.read_text(encoding="utf-8"):
            file.unlink()


def needed(needs: Sequence[str] | str, manifest: Mapping[str, Any]) -> frozenset[str]:
    """Names of the nodes meant; downstream by what nodes say that they depend on."""
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed", "snapshot")}
    if needs == "all":
        return frozenset(node["name"] for node in nodes.values())
    found: set[str] = set()
    for word in needs:
        start = {name for name, node in nodes.items() if word.rstrip("+") in (node["name"], node["fqn"][1])}
        assert start, f"{word} is no model"
        found |= start if not word.endswith("+") else _downstream(start, nodes)
    return frozenset(nodes[name]["name"] for name in found)


def _downstream(start: set[str], nodes: Mapping[str, Any]) -> set[str]:
    reached, size = set(start), 0
    while size < len(reached):
        size = len(reached)
        reached |= {name for name, node in nodes.items() if reached & set(node.get("depends_on", {}).get("nodes", []))}
    return reached


def judge(edit: Mapping[str, Any], selection: Selection, manifest: Mapping[str, Any]) -> Outcome:
    """Compare. Changed tests are needed, too, by name."""
    nodes = manifest["nodes"]
    chosen = {nodes[name]["name"] for name in (*selection.built, *selection.tests)}
    return Outcome(edit["name"], needed(edit["needs"], manifest) | set(edit.get("tests", [])), frozenset(chosen))


def try_all(chosen: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Make one edit after the other, each in the project as it is."""
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="sluice-selection-") as name:
        root = Path(name)
        lay_out(root / "base")
        base = parsed(root / "base", root / "of_base")
        assert base.is_compiled, base.said
        held = [f"{node['schema']}.{node['alias']}" for node in base.manifest["nodes"].values() if node.get("alias")]
        for edit in chosen:
            outcomes.append(_tried(edit, base, held, root))
            print(_told(outcomes[-1]), flush=True)
    return outcomes


def _tried(edit: Mapping[str, Any], base: Parsed, held: Sequence[str], root: Path) -> Outcome:
    project = root / "edited"
    shutil.rmtree(project, ignore_errors=True)
    lay_out(project)
    make(edit, project)
    edited = parsed(project, root / "of_edited")
    return judge(edit, selected(compared(base, edited), held), edited.manifest)


def _told(one: Outcome) -> str:
    told = f"{len(one.chosen):4} chosen, {len(one.needed):3} needed  {one.name}"
    told += f"\n       missed: {', '.join(sorted(one.missed))}" if one.missed else ""
    return told + (f"\n       for nothing: {', '.join(sorted(one.spared))}" if one.spared else "")


def summary(outcomes: Sequence[Outcome]) -> str:
    """Precision and recall over all edits."""
    hit = sum(len(one.needed & one.chosen) for one in outcomes)
    every, chosen = sum(len(one.needed) for one in outcomes), sum(len(one.chosen) for one in outcomes)
    precision, recall = hit / chosen if chosen else 1, hit / every if every else 1
    missed = sum(bool(one.missed) for one in outcomes)
    return f"{len(outcomes)} edits: recall {recall:.3f}, precision {precision:.3f}; {missed} edits have something missed"


if __name__ == "__main__":
    words = sys.argv[1:]
    results = try_all([edit for edit in edits() if not words or any(edit["name"].startswith(word) for word in words)])
    print(summary(results))
    sys.exit(1 if any(one.missed for one in results) else 0)
