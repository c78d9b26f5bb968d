"""dbt, called as a command, and what it did: its artifacts run_results.json and manifest.json, and the statuses in them."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sluice.core import dbt_python
from sluice.core.errors import SluiceError
from sluice.core.progress import Tell


class Ending(StrEnum):
    """How a node of a run ended."""

    good = "good"
    warned = "warned"
    failed = "failed"
    skipped = "skipped"


_ENDINGS = {
    **dict.fromkeys(("success", "pass", "no-op", "reused"), Ending.good),
    "warn": Ending.warned,
    "skipped": Ending.skipped,
}


def ending(status: str) -> Ending:
    """How a node with this status in run_results.json ended: failed, unless the status is known to mean something else."""
    return _ENDINGS.get(status, Ending.failed)


def failed_tests(results: Sequence[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """Names of the data tests that found rows, if nothing worse happened to the nodes of a run; else None.

    Worse is any error, a unit test that failed, or a node that was skipped.
    """
    bad = [node for node in results if ending(node["status"]) in (Ending.failed, Ending.skipped)]
    return tuple(test_name(node) for node in bad) if all(is_failed_test(node) for node in bad) else None


def is_failed_test(node: Mapping[str, Any]) -> bool:
    """Whether a result is that of a data test that ran and found rows."""
    return str(node["unique_id"]).startswith("test.") and node["status"] == "fail"


def test_name(node: Mapping[str, Any]) -> str:
    """The name of a test, from its result."""
    return str(node["unique_id"]).split(".", 3)[2]


@dataclass(frozen=True)
class Invocation:
    """One run of dbt: its exit code (0 done, 1 something failed, 2 it could not run) and the errors that it reported.

    `listed` is what `dbt ls` found.
    """

    id: str
    code: int
    errors: tuple[str, ...]
    listed: tuple[str, ...] = ()


class Session:
    """A process of dbt that runs one command after another: it is started once, and parses only what has changed since."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def invoke(self, arguments: Sequence[str], tell: Tell, *, environment: Mapping[str, str] | None = None) -> Invocation:
        """Run a command and show its progress; dbt's own output is not shown. `environment` is added to that of this process."""
        self._send({"arguments": ["--log-format", "json", "--no-use-colors", *arguments], "environment": dict(environment or {})})
        invocation, errors, ended = "", list[str](), None
        for line in self._process.stdout or ():
            event = _event(line)
            if ended := event.get("ended"):
                break
            invocation = event["info"].get("invocation_id") or invocation
            if event["info"].get("name") == "LogStartLine":
                _show(event["data"], tell)
            elif event["info"].get("level") == "error":
                errors.append(event["info"]["msg"].strip().removeprefix("[ERROR]: Encountered an error:").strip())
        if ended is None:
            return Invocation(invocation, self._process.wait(), tuple(errors))
        said = errors or [ended["error"]] if ended["error"] else errors
        return Invocation(invocation, ended["code"], tuple(said), tuple(ended["listed"]))

    def _send(self, command: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended; what it said is read next
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()


@contextmanager
def session(*, folder: Path | None = None, held: Sequence[int] = (), niceness: int = 0) -> Iterator[Session]:
    """A process of the project's dbt in the current folder, or in `folder`, for several commands.

    It is a process of its own, because within this one dbt would keep the warehouse file open. Locks whose file descriptors
    are in `held` stay held as long as dbt runs, also when this process ends first. `niceness` is added to that of this process.
    Raises SluiceError where the project has no dbt, or one that does not fit.
    """
    command = [dbt_python.find().path, str(dbt_python.WORKER)]
    with (
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            pass_fds=held,
        ) as process,
        _stopped_with_us(process),
    ):
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
        yield Session(process)


def invoke(
    arguments: Sequence[str],
    tell: Tell,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    held: Sequence[int] = (),
    niceness: int = 0,
) -> Invocation:
    """Run one command of dbt in a session of its own."""
    with session(folder=folder, held=held, niceness=niceness) as dbt:
        return dbt.invoke(arguments, tell, environment=environment)


@contextmanager
def _stopped_with_us(process: subprocess.Popen[str]) -> Iterator[None]:
    """Stop dbt where this process is interrupted or fails: nothing goes on behind a command that has ended."""
    try:
        yield
    except BaseException:
        process.terminate()
        raise


def _event(line: str) -> dict[str, Any]:
    """An event of dbt's log; any other line, such as a usage error, becomes an error."""
    try:
        event = json.loads(line)
        return (
            event
            if isinstance(event, dict) and ("info" in event or "ended" in event)
            else {"info": {"level": "error", "msg": line}}
        )
    except json.JSONDecodeError:
        return {"info": {"level": "error", "msg": line}}


def _show(started: Mapping[str, Any], tell: Tell) -> None:
    tell(started["description"], (started["index"] - 1) / max(started["total"], 1))


def results_of(done: Invocation, target: Path) -> dict[str, Any]:
    """run_results.json of an invocation. Raises SluiceError, with dbt's errors, where it could not run or left none."""
    results = artifact(target, "run_results.json") if (target / "run_results.json").exists() else None
    if done.code not in (0, 1) or results is None or results["metadata"]["invocation_id"] != done.id:
        said = "\n".join(done.errors) or f"it ended with exit code {done.code}"
        hint = "fix the errors that dbt reports, then run it again; dbt debug checks the setup"
        raise SluiceError(f"dbt could not run\n{said}", hint=hint)
    return results


def counted(results: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """The number of nodes by (resource type, status)."""
    return dict(Counter((entry["unique_id"].split(".")[0], entry["status"]) for entry in results["results"]))


@dataclass(frozen=True)
class DbtRun:
    """One dbt invocation: `counts` holds the number of nodes by (resource type, status)."""

    command: str
    seconds: float
    counts: Mapping[tuple[str, str], int]

    def count(self, ended: Ending, *resources: str) -> int:
        """Nodes of the resource types ('model', 'test' ...) that ended so."""
        return sum(count for (kind, status), count in self.counts.items() if kind in resources and ending(status) is ended)


@dataclass(frozen=True)
class Mart:
    """A model: its relation, where to find it, and what its YAML says under `meta`."""

    name: str
    database: str
    relation: str
    meta: Mapping[str, Any]


def outcome(target: Path) -> DbtRun:
    """The last run that wrote to the target folder. Raises SluiceError where there is none."""
    results = artifact(target, "run_results.json")
    return DbtRun(results["args"].get("which", "dbt"), float(results["elapsed_time"]), counted(results))


def summed(target: Path) -> list[Mart]:
    """The models that ask for a place in the summary (`meta: summary`), by relation."""
    return models(target, lambda _, node: "summary" in node["config"]["meta"])


def models(target: Path, wanted: Callable[[str, Mapping[str, Any]], bool]) -> list[Mart]:
    """The models that are `wanted`, which is given the unique id and the node of each, by relation."""
    nodes = artifact(target, "manifest.json")["nodes"].items()
    found = [node for name, node in nodes if node["resource_type"] == "model" and wanted(name, node)]
    return sorted(
        (Mart(node["name"], node["database"], f"{node['schema']}.{node['alias']}", node["config"]["meta"]) for node in found),
        key=lambda mart: mart.relation,
    )


# The key that each artifact of dbt has.
_KEYS = {"manifest.json": "nodes", "run_results.json": "results"}


def artifact(target: Path, name: str, hint: str = "run: dbt build") -> dict[str, Any]:
    """An artifact of dbt. Raises SluiceError, with the hint, where it is missing or something else."""
    path = target / name
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SluiceError(f"{name} is not there", where=str(target), hint=hint) from None
    except ValueError as error:
        raise SluiceError(f"{name} is not JSON: {error}", where=str(target), hint=hint) from None
    key = _KEYS.get(name)
    if not isinstance(document, dict) or (key and key not in document):
        raise SluiceError(f"{name} is not an artifact of dbt: it has no {key}", where=str(target), hint=hint)
    return document


def owner_of(node: Mapping[str, Any]) -> str | None:
    """Who owns a group or an exposure: the name and the address that are given."""
    owner = node.get("owner") or {}
    email = owner.get("email")
    address = ", ".join(email) if isinstance(email, list) else email
    name = owner.get("name")
    return f"{name} <{address}>" if name and address else name or address


def artifact_if_any(folder: Path, name: str) -> dict[str, Any] | None:
    """As `artifact`; None where that raises."""
    try:
        return artifact(folder, name)
    except SluiceError:
        return None
