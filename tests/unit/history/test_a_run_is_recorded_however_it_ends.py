"""A command is a row of lake/ops/runs, and each step of it one of lake/ops/steps, done, failed, refused or interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.helpers.history import entries

from sluice import cli
from sluice.core.errors import RefusedError, SluiceError
from sluice.core.run_id import one_run, run_id
from sluice.history import ledger, recording
from sluice.history.kinds import RunEntry, StepEntry

HOW = "outcome, exit_code, detail"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the history of this test goes."""
    monkeypatch.setenv("SLUICE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("SLUICE_ACTOR", "user:test")
    monkeypatch.delenv("SLUICE_RUN_ID", raising=False)
    return tmp_path / "lake"


@dataclass(frozen=True)
class Report:
    exit_code: int = 0


@recording.as_step("build")
def build(act: Callable[[], int] = lambda: 0) -> Report:
    recording.learn(environment="prod", release_id="r1", detail=None)
    return Report(act())


def stop(error: BaseException) -> int:
    raise error


ERRORS = (SluiceError, OSError, ValueError, KeyboardInterrupt)
ENDS = {
    "done": (lambda: 0, ("done", 0, None)),
    "a check failed": (lambda: 1, ("failed", 1, None)),
    "refused": (lambda: stop(RefusedError("no", reasons=("late", "untested"))), ("refused", 1, "late; untested")),
    "could not run": (lambda: stop(SluiceError("dbt is not there")), ("failed", 2, "dbt is not there")),
    "no room": (lambda: stop(OSError(28, os.strerror(28))), ("failed", 2, "OSError: [Errno 28] No space left on device")),
    "a fault": (lambda: stop(ValueError("odd")), ("failed", 1, "ValueError: odd")),
    "Ctrl-C": (lambda: stop(KeyboardInterrupt()), ("failed", 130, "interrupted")),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_step_on_its_own_is_a_run_of_one_step(lake: Path, end: str) -> None:
    act, expected = ENDS[end]
    with nullcontext() if end in ("done", "a check failed") else pytest.raises(ERRORS):
        build(act)
    assert entries(lake, RunEntry, f"command, environment, release_id, actor, {HOW}") == [
        ("build", "prod", "r1", "user:test", *expected)
    ]
    assert entries(lake, StepEntry, f"step, environment, release_id, {HOW}") == [("build", "prod", "r1", *expected)]
    assert entries(lake, RunEntry, "run_id") == entries(lake, StepEntry, "run_id")


def steps(*codes: int) -> Iterator[Report]:
    with recording.run("run") as whole:
        whole.environment = "prod"
        for code in codes:
            yield build(lambda code=code: code)  # type: ignore[misc]


def test_several_steps_are_one_run_that_ends_as_the_last_of_them(lake: Path) -> None:
    assert [report.exit_code for report in steps(0, 0, 1)] == [0, 0, 1]
    assert entries(lake, RunEntry, f"command, {HOW}") == [("run", "failed", 1, None)]
    assert entries(lake, StepEntry, "outcome") == [("done",), ("done",), ("failed",)]
    assert len({*entries(lake, RunEntry, "run_id"), *entries(lake, StepEntry, "run_id")}) == 1


def test_a_run_that_is_stopped_between_its_steps_is_interrupted(lake: Path) -> None:
    going_on = steps(0, 0)
    next(going_on)
    going_on.close()  # type: ignore[attr-defined]
    assert entries(lake, RunEntry, f"command, {HOW}") == [("run", "failed", 130, "interrupted")]
    assert entries(lake, StepEntry, "outcome") == [("done",)]


def test_a_run_that_cannot_begin_is_recorded_without_steps(lake: Path) -> None:
    with pytest.raises(SluiceError), recording.run("run"):
        raise SluiceError("no such environment")
    assert entries(lake, RunEntry, f"command, {HOW}") == [("run", "failed", 2, "no such environment")]
    assert entries(lake, StepEntry, "step") == []


def test_a_step_within_a_step_is_part_of_it(lake: Path) -> None:
    build(lambda: build(lambda: 1).exit_code)
    assert entries(lake, StepEntry, "step, outcome") == [("build", "failed")]


def test_what_only_says_what_it_would_do_leaves_nothing(lake: Path) -> None:
    with pytest.raises(recording.NothingTriedError):
        build(lambda: stop(recording.NothingTriedError()))
    assert not lake.exists()


def test_commands_in_one_process_have_ids_of_their_own(lake: Path) -> None:
    build()
    build()
    with one_run() as outer:
        build()
        assert run_id() == outer
    ids = [one for (one,) in entries(lake, RunEntry, "run_id")]
    assert len(set(ids)) == 3
    assert ids[-1] == outer


def test_the_command_line_opens_a_run_for_each_command(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(cli, "app", lambda *_, **__: seen.extend((run_id(), run_id())))
    cli._ended(["chart"], [])
    cli._ended(["chart"], [])
    assert (seen[0], seen[2]) == (seen[1], seen[3])
    assert seen[0] != seen[2]


def test_a_scheduler_gives_several_commands_one_id(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_RUN_ID", "nightly-7")
    build()
    build()
    assert entries(lake, RunEntry, "run_id, command") == [("nightly-7", "build")] * 2
    monkeypatch.setenv("SLUICE_RUN_ID", "two words")
    with pytest.raises(SluiceError, match="'two words' is not a run id"):
        build()


def test_a_history_that_cannot_be_written_is_told_once_and_changes_nothing(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.write_text("not a folder")
    assert [report.exit_code for report in steps(0, 0, 1)] == [0, 0, 1]
    said = capsys.readouterr().err
    assert said.startswith(f"note: the history in {lake} could not be written: ")
    assert len(said.splitlines()) == 1

    class PanicException(BaseException):
        """As Rust's are."""

    def panic(*_: object, **__: object) -> None:
        raise PanicException("called `Option::unwrap()`")

    monkeypatch.setattr(ledger, "append", panic)
    assert build(lambda: 1).exit_code == 1
    assert "could not be written: called" in capsys.readouterr().err


def test_a_command_that_may_not_write_says_so_itself(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake.write_text("not a folder")
    with pytest.raises(PermissionError):
        build(lambda: stop(PermissionError(13, "Permission denied")))
    assert capsys.readouterr().err == ""
