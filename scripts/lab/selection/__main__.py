"""Makes each edit of edits.yml in a copy of the project and compares what would be built with what must be.

    python -m lab.selection [first words of names ...] [--out docs/selection.md]

Needs a lake with its tables (`sluice setup`), and scripts on PYTHONPATH. Prints precision and recall, also of
dbt's own `state:modified+`; exit code 1 if something is missed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import Any

import yaml

from lab.places import REPOSITORY as PROJECT
from sluice.candidate import pins
from sluice.change.checkout import Parsed, Place, compiled_in, listed_in
from sluice.change.impact import compared
from sluice.change.pull_request import selected
from sluice.change.selection import Selection
from sluice.core import dbt
from sluice.core.paths import lake_root

HERE = Path(__file__).parent
PARTS = ("models", "macros", "seeds", "tests/generic", "tests/singular", "dbt_project.yml", "profiles.yml", "vars.yml")
MADE = ("model", "seed", "snapshot")


# Each compilation of dbt uses nearly one core.
AT_ONCE = 2


@dataclass(frozen=True)
class Judged:
    """One edit: names of what must be built, of what would be, and of what `dbt build --select state:modified+` builds."""

    name: str
    needed: frozenset[str]
    chosen: frozenset[str]
    by_dbt: frozenset[str] = frozenset()

    @property
    def missed(self) -> frozenset[str]:
        """What is needed and would not be built."""
        return self.needed - self.chosen

    @property
    def spared(self) -> frozenset[str]:
        """What would be built without need."""
        return self.chosen - self.needed


def edits() -> list[dict[str, Any]]:
    """The written list."""
    found: list[dict[str, Any]] = yaml.safe_load((HERE / "edits.yml").read_text(encoding="utf-8"))["edits"]
    return found


def lay_out(project: Path) -> None:
    """The project's own files, in an empty folder."""
    for part in PARTS:
        source, target = PROJECT / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)


def make(edit: Mapping[str, Any], project: Path) -> None:
    """Make an edit. Fails if the text to change is not there."""
    file = project / edit["file"]
    if "write" in edit:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(edit["write"], encoding="utf-8")
    elif "forget" in edit:
        file.unlink()
        _forget(project, edit["forget"])
    else:
        text = file.read_text(encoding="utf-8")
        find = edit.get("find", "")
        assert not find or text.count(find) == 1, f"{edit['name']}: {find} is not once in {edit['file']}"
        file.write_text(text.replace(find, edit["replace"]) if find else text + edit["append"], encoding="utf-8")


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
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in MADE}
    if needs == "all":
        return frozenset(node["name"] for node in nodes.values())
    found: set[str] = set()
    for word in needs:
        start = {name for name, node in nodes.items() if word.rstrip("+") in (node["name"], node["fqn"][1])}
        assert start, f"{word} is not a model"
        found |= start if not word.endswith("+") else _downstream(start, nodes)
    return frozenset(nodes[name]["name"] for name in found)


def _downstream(start: set[str], nodes: Mapping[str, Any]) -> set[str]:
    reached, size = set(start), 0
    while size < len(reached):
        size = len(reached)
        reached |= {name for name, node in nodes.items() if reached & set(node.get("depends_on", {}).get("nodes", []))}
    return reached & set(nodes)


def judge(
    chosen: Sequence[Mapping[str, Any]], selection: Selection, manifest: Mapping[str, Any], by_dbt: frozenset[str] = frozenset()
) -> Judged:
    """Compare what edits need with what would be built. Changed tests are needed, too, by name."""
    nodes = manifest["nodes"]
    tests = {name for edit in chosen for name in edit.get("tests", [])}
    wanted = frozenset(tests).union(*(needed(edit["needs"], manifest) for edit in chosen))
    built = {nodes[name]["name"] for name in (*selection.built, *selection.tests)}
    changed = {nodes[name]["name"] for name in by_dbt if name in nodes}
    plain = {nodes[name]["name"] for name in _downstream(set(by_dbt), nodes) if nodes[name]["resource_type"] in MADE}
    name = ", ".join(edit["name"] for edit in chosen)
    return Judged(name, wanted, frozenset(built), frozenset(plain | (tests & changed)))


def try_all(chosen: Sequence[Mapping[str, Any]], tell: Callable[[str], None] = print) -> list[Judged]:
    """Make each edit in the project as it is; each one starts from a clean copy."""
    with tempfile.TemporaryDirectory(prefix="sluice-selection-") as name, ThreadPoolExecutor(AT_ONCE) as at_once:
        root = Path(name)
        base, _ = compiled([], root / "base")

        def tried(edit: Mapping[str, Any]) -> Judged:
            edited, by_dbt = compiled([edit], root / str(get_ident()), base)
            outcome = judge([edit], selected(compared(base, edited, by_dbt), held_by(base)), edited.manifest, by_dbt)
            tell(_told(outcome))
            return outcome

        return list(at_once.map(tried, chosen))


def compiled(chosen: Sequence[Mapping[str, Any]], root: Path, base: Parsed | None = None) -> tuple[Parsed, frozenset[str]]:
    """The project with these edits, and what dbt calls modified, as `sluice build --env pr-12` looks at it.

    What dbt has parsed in `root` before, with other edits, is used again.
    """
    shutil.rmtree(root / "project", ignore_errors=True)
    lay_out(root / "project")
    for edit in chosen:
        make(edit, root / "project")
    lake = lake_root().absolute()
    with dbt.session(folder=root / "project") as session:
        tables = {edit["lake"]: 0 for edit in chosen if "lake" in edit}
        place = Place(session, root / "head", lake, {**pins.taken(lake), **tables})
        found = compiled_in(place, root / "project")
        assert found.is_compiled, found.said
        return found, listed_in(place, base) if base else frozenset()


def held_by(base: Parsed) -> list[str]:
    """The relations that a release would hold, and more: which of them are copied is not measured here."""
    return [f"{node['schema']}.{node['alias']}" for node in base.manifest["nodes"].values() if node.get("alias")]


def _told(one: Judged) -> str:
    told = f"{len(one.chosen):4} chosen, {len(one.needed):3} needed  {one.name}"
    told += f"\n       missed: {', '.join(sorted(one.missed))}" if one.missed else ""
    return told + (f"\n       not needed: {', '.join(sorted(one.spared))}" if one.spared else "")


@dataclass(frozen=True)
class Scores:
    """Over all edits: the share of what is chosen that is needed, the share of what is needed that is chosen, edits that miss."""

    precision: float
    recall: float
    missed: int

    def __str__(self) -> str:
        """For people."""
        return f"recall {self.recall:.3f}, precision {self.precision:.3f}, {self.missed} edits that miss something"


def score(pairs: Sequence[tuple[frozenset[str], frozenset[str]]]) -> Scores:
    """From what is needed and what is chosen, edit by edit."""
    hit = sum(len(needed & chosen) for needed, chosen in pairs)
    every, chosen = sum(len(needed) for needed, _ in pairs), sum(len(chosen) for _, chosen in pairs)
    missed = sum(bool(needed - chosen) for needed, chosen in pairs)
    return Scores(hit / chosen if chosen else 1, hit / every if every else 1, missed)


def scores(outcomes: Sequence[Judged]) -> tuple[Scores, Scores]:
    """Of Sluice, and of dbt alone. For dbt, only what it misses counts, because it selects tests in another way."""
    return score([(one.needed, one.chosen) for one in outcomes]), score([(one.needed, one.by_dbt) for one in outcomes])


def as_markdown(outcomes: Sequence[Judged]) -> str:
    """The page: figures, then every edit."""
    ours, dbts = scores(outcomes)
    lines = [
        "# What a pull request builds, measured",
        "",
        "Written by `make selection`; do not edit. Each edit of `scripts/lab/selection/edits.yml` is made in a copy of this",
        "project. The list says what must be built; it was written by hand, from the effect of the edit on rows. Recall: the",
        "share of what is needed that is built; precision: the share of what is built that is needed; over all edits together.",
        "",
        f"| {len(outcomes)} edits | recall | precision | edits that miss something |",
        "| --- | ---: | ---: | ---: |",
        f"| `sluice build --env pr-<n>` | {ours.recall:.3f} | {ours.precision:.3f} | {ours.missed} |",
        f"| `dbt build --select state:modified+` | {dbts.recall:.3f} | | {dbts.missed} |",
        "",
        "| edit | needed | built | missed | not needed | missed by dbt alone |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {one.name} | {len(one.needed)} | {len(one.chosen)} | {len(one.missed)} | {len(one.spared)} "
            f"| {len(one.needed - one.by_dbt)} |"
            for one in outcomes
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Try the requested edits, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    words = asked.words
    outcomes = try_all([edit for edit in edits() if not words or any(edit["name"].startswith(word) for word in words)])
    ours, dbts = scores(outcomes)
    print(ours, f"dbt alone: recall {dbts.recall:.3f}, {dbts.missed} edits that miss something", sep="\n")
    if asked.out:
        asked.out.write_text(as_markdown(outcomes), encoding="utf-8")
    return 1 if any(one.missed for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
