"""`make bench ARGS=--quick`: what a change costs, on a small shop: another commit beside this checkout, in turns, in minutes.

Processor seconds, because they hardly depend on what else the machine does; each figure is the least of its runs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.bench.process import measure
from lab.bench.shop import BenchShop, make_shop
from lab.places import BIN, REPOSITORY
from sluice.core import git
from sluice.core.dbt import artifact

ORDERS, DAYS = 20_000, 40
# Differences below this are noise.
LEAST_SECONDS = 0.3
DAY = "one more day, with data tests"


@dataclass(frozen=True)
class Costs:
    """Processor seconds by step, and seconds by node of dbt in the step DAY and in the full build."""

    steps: Mapping[str, float]
    nodes: Mapping[str, float]


def bench_quick(commit: str, root: Path, runs: int) -> str:
    """A table of the steps and of the nodes that differ most: `commit` and this checkout. `root` is scratch."""
    shop, _ = make_shop(ORDERS, DAYS, root)
    found: dict[str, list[Costs]] = {commit: [], "here": []}
    with _checked_out(commit, root / "quick_code") as other:
        for _ in range(runs):
            for name, code in ((commit, other), ("here", REPOSITORY)):
                found[name].append(_costs(shop, code, root / "quick_state"))
    least = {name: Costs(_least([c.steps for c in costs]), _least([c.nodes for c in costs])) for name, costs in found.items()}
    return _table(commit, least[commit], least["here"])


@contextmanager
def _checked_out(commit: str, folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    git.run("worktree", "prune", folder=REPOSITORY)
    git.run("worktree", "add", "--quiet", "--detach", str(folder), commit, folder=REPOSITORY)
    try:
        yield folder
    finally:
        git.run("worktree", "remove", "--force", str(folder), folder=REPOSITORY)


def _costs(shop: BenchShop, code: Path, state: Path) -> Costs:
    """One run of every step with the code in a folder."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    env = {
        **os.environ,
        "PYTHONPATH": str(code / "scripts"),
        "SLUICE_LAKE": str(state / "lake"),
        "SLUICE_WAREHOUSE": str(state),
        "SLUICE_EXTENSIONS": str(REPOSITORY / ".duckdb" / "extensions"),
        "DEMO": str(shop.folder),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    steps: dict[str, float] = {}
    nodes: dict[str, float] = {}

    def step(name: str, *command: str) -> None:
        steps[name] = measure([str(BIN / command[0]), *command[1:]], env, code).processor_seconds

    def build(name: str) -> None:
        paths = ["--target-path", str(state / "target"), "--log-path", str(state / "logs")]
        step(name, "dbt", "--quiet", "build", "--exclude-resource-type", "unit_test", *paths)
        for result in artifact(state / "target", "run_results.json")["results"]:
            nodes[f"{name}: {result['unique_id'].split('.')[2]}"] = result["execution_time"]

    with shop.without_last_day():
        step("ingest", "sluice", "ingest", "feeds/demo.yml")
        build("full build, with data tests")
    step("ingest of one more day", "sluice", "ingest", "feeds/demo.yml")
    build(DAY)
    build("nothing new, with data tests")
    return Costs(steps, nodes)


def _least(found: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: min(one[name] for one in found if name in one) for name in found[-1]}


def _table(commit: str, before: Costs, after: Costs) -> str:
    lines = [f"{ORDERS:,} orders x {DAYS} days; processor seconds, least of each", ""]
    lines += [f"| step | {commit} | here | ratio |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {before.steps[name]:.1f} | {seconds:.1f} | {seconds / before.steps[name]:.2f} |"
        for name, seconds in after.steps.items()
    ]
    changes = {name: after.nodes.get(name, 0) - before.nodes.get(name, 0) for name in {**before.nodes, **after.nodes}}
    most = sorted(
        (name for name, change in changes.items() if abs(change) >= LEAST_SECONDS), key=lambda name: -abs(changes[name])
    )
    lines += ["", f"Nodes that differ by {LEAST_SECONDS} seconds or more:", *([] if most else ["none"])]
    lines += [f"  {changes[name]:+.1f} s  {name}" for name in most[:15]]
    return "\n".join(lines)
