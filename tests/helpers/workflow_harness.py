"""Runs a workflow's jobs without act: their `run` steps in order, with their conditions, environment and outputs.

For machines without Go. It knows what this project's workflows use and stops at anything else, so that nothing is passed
over in silence. It is not GitHub: jobs run one after the other, nobody waits for a group, no time is up.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.helpers.workflow_expressions import Given, filled, holds, statuses

_PLATFORM = "ubuntu-latest"


def told(file: Path) -> dict[str, str]:
    """What a step wrote to GITHUB_OUTPUT or GITHUB_ENV: `name=value`, and `name<<END`, lines, `END`."""
    found: dict[str, str] = {}
    lines: Iterator[str] = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if match := re.match(r"([\w-]+)<<(\S+)$", line):
            found[match[1]] = "\n".join(iter(lambda: next(lines), match[2]))
        elif "=" in line:
            name, _, found[name] = line.partition("=")
    return found


@dataclass
class Machine:
    """Where jobs run: a folder for them, the machine's environment, stand-ins for actions of the network, a log."""

    folder: Path
    environment: Mapping[str, str]
    actions: Mapping[str, Path]
    log: list[str] = field(default_factory=list)


@dataclass
class _Job:
    name: str
    workflow: str
    machine: Machine
    folder: Path
    contexts: dict[str, Any]
    shell: str
    environment: dict[str, str]
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_good: bool = True

    def run(self, steps: Sequence[Given], contexts: Given, environment: Mapping[str, str]) -> None:
        """Run steps; one that fails leaves to those behind it only what asks for a status."""
        for number, step in enumerate(steps):
            functions = statuses(self.is_good)
            seen = {**contexts, "functions": functions, "env": {**self.environment, **environment}}
            if not holds(step.get("if"), seen):
                self._ended(step, contexts, "skipped", {})
                continue
            own = {**environment, **{name: filled(value, seen) for name, value in step.get("env", {}).items()}}
            self._say(f"step {step.get('id', number + 1)}: {step.get('run') or step['uses']}")
            is_good, outputs = self._action(step, seen, own) if "uses" in step else self._command(step, seen, own)
            self._ended(step, contexts, "success" if is_good else "failure", outputs)
            if not is_good and not step.get("continue-on-error"):
                self.is_good = False

    def _ended(self, step: Given, contexts: Given, outcome: str, outputs: Mapping[str, str]) -> None:
        if "id" in step:
            contexts["steps"][step["id"]] = {"outcome": outcome, "outputs": outputs}

    def _action(self, step: Given, contexts: Given, environment: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        """A composite action: of the checkout, or the stand-in of one of the network."""
        place = self.folder / step["uses"] if step["uses"].startswith("./") else self.machine.actions[step["uses"]]
        action = yaml.safe_load((place / "action.yml").read_text())
        given = {name: filled(value, contexts) for name, value in step.get("with", {}).items()}
        inputs = {name: filled(one.get("default", ""), contexts) for name, one in action.get("inputs", {}).items()}
        before, self.is_good = self.is_good, True
        within = {**contexts, "inputs": {**inputs, **given}, "steps": {}}
        self.run(action["runs"]["steps"], within, {**environment, "GITHUB_ACTION_PATH": str(place)})
        is_good, self.is_good = self.is_good, before
        return is_good, {}

    def _command(self, step: Given, contexts: Given, environment: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        names = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")
        files = {name: self.folder.parent / name for name in names}
        for file in files.values():
            file.write_text("")
        pipes = ["-o", "pipefail"] if step.get("shell", self.shell) == "bash" else []
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", *pipes, "-c", filled(step["run"], contexts)],
            cwd=self.folder,
            env={**self.environment, **environment, **{name: str(file) for name, file in files.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        for line in done.stdout.splitlines():
            self._say(f"| {line}")
        self.environment |= told(files["GITHUB_ENV"])
        return done.returncode == 0, told(files["GITHUB_OUTPUT"])

    def _say(self, text: str) -> None:
        self.machine.log.append(f"[{self.workflow}/{self.name}] {text}")


def in_order(jobs: Mapping[str, Given], wanted: str | None) -> list[str]:
    """Jobs, each behind those that it needs; `wanted` and its needs only, where one is."""
    found: list[str] = []

    def add(names: Iterable[str]) -> None:
        for name in names:
            add(needs_of(jobs[name]))
            found.extend([name] if name not in found else [])

    add([wanted] if wanted else jobs)
    return found


def needs_of(job: Given) -> list[str]:
    """The jobs that a job needs."""
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def run(workflow: Given, machine: Machine, contexts: Given, wanted: str | None = None) -> bool:
    """Run a workflow, or one job and what it needs; whether every job that ran succeeded. The log says what each did."""
    results: dict[str, dict[str, Any]] = {}
    for name in in_order(workflow["jobs"], wanted):
        job = workflow["jobs"][name]
        needs = {one: results[one] for one in needs_of(job)}
        functions = statuses(all(one["result"] == "success" for one in needs.values()))
        seen = {**contexts, "needs": needs, "functions": functions, "steps": {}, "env": {}}
        results[name] = {"result": "skipped", "outputs": {}}
        if holds(job.get("if"), seen) and filled(job["runs-on"], seen) == _PLATFORM:
            results[name] = _run_job(name, job, workflow, machine, seen)
    return all(one["result"] != "failure" for one in results.values())


def _run_job(name: str, job: Given, workflow: Given, machine: Machine, seen: Given) -> dict[str, Any]:
    folder = machine.folder / name / "checkout"
    folder.mkdir(parents=True)
    own = {key: filled(value, seen) for part in (workflow, job) for key, value in part.get("env", {}).items()}
    made = {**machine.environment, **own, "GITHUB_WORKSPACE": str(folder), "CI": "true", "GITHUB_ACTIONS": "true"}
    shell = workflow.get("defaults", {}).get("run", {}).get("shell", "")
    running = _Job(name, workflow["name"], machine, folder, dict(seen), shell, made)
    running.run(job["steps"], running.contexts, {})
    end = "success" if running.is_good else "failure"
    machine.log.append(f"[{workflow['name']}/{name}] 🏁  Job {'succeeded' if running.is_good else 'failed'}")
    after = {**running.contexts, "functions": statuses(running.is_good)}
    return {"result": end, "outputs": {key: filled(value, after) for key, value in job.get("outputs", {}).items()}}
