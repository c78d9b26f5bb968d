"""After a run, however it ends, the environments that show what happened are built; nothing of that changes how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from tests.helpers.commands import registered

from sluice.candidate import aside
from sluice.candidate.aside import BuiltAside
from sluice.core.errors import RefusedError, SluiceError
from sluice.core.locks import LOCK, locked
from sluice.steps import operations

SEEN = 'ops: {kind: file, build: ["user:*"], select: [a], after: runs}'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A project with one environment that is built after runs, and the names of those that were built."""
    (tmp_path / "dbt_project.yml").write_text("name: shop")
    (tmp_path / "environments.yml").write_text(f"environments: {{{SEEN}, dev: {{kind: file, build: ['user:*']}}}}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_ACTOR", "user:eve")
    for name in ("SLUICE_LAKE", "SLUICE_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    names: list[str] = []

    def build(name: str, *_: object, **__: object) -> BuiltAside:
        names.append(name)
        return BuiltAside(Path(), Path(), Path(), is_in_place=True, is_good=True)

    monkeypatch.setattr(aside, "build", build)
    return names


@pytest.mark.parametrize(
    "ends",
    [None, SluiceError("the disk is full"), RefusedError("a check failed"), typer.Exit(1), ValueError("a mistake of ours")],
    ids=lambda error: type(error).__name__,
)
def test_it_is_built_however_a_run_ends(built: list[str], ends: Exception | None) -> None:
    if ends is None:
        with operations.shown_afterwards():
            assert built == []
    else:
        with pytest.raises(type(ends)) as raised, operations.shown_afterwards():
            raise ends
        assert raised.value is ends
    assert built == ["ops"]


def test_it_is_not_built_after_ctrl_c(built: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt), operations.shown_afterwards():
        raise KeyboardInterrupt
    assert built == []


@pytest.mark.parametrize("trouble", [SluiceError("dbt could not run\nand more"), OSError("dbt could not run")])
def test_what_goes_wrong_is_told_in_one_line(
    built: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: Exception
) -> None:
    def fail(*_: object, **__: object) -> BuiltAside:
        raise trouble

    monkeypatch.setattr(aside, "build", fail)
    with operations.shown_afterwards():
        pass
    assert capsys.readouterr().err == "note: ops does not show this run: dbt could not run; see: sluice build --env ops\n"
    assert built == []


def test_who_may_not_build_it_is_told(
    built: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLUICE_ACTOR", "job:other")
    with operations.shown_afterwards():
        pass
    assert "note: ops does not show this run: job:other may not build ops" in capsys.readouterr().err
    assert built == []


@pytest.mark.parametrize("policy", [None, "environments: {dev: {kind: file, build: ['user:*']}}", "environments: 3"])
def test_without_such_an_environment_nothing_is_done_or_said(
    built: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], policy: str | None
) -> None:
    (tmp_path / "environments.yml").unlink()
    if policy:
        (tmp_path / "environments.yml").write_text(policy)
    with operations.shown_afterwards():
        pass
    assert (built, capsys.readouterr().err) == ([], "")
    assert not (tmp_path / "lake").exists()


def test_two_builds_do_not_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    build: Callable[..., BuiltAside] = aside.build
    request.getfixturevalue("built")
    monkeypatch.setattr(aside, "build", build)
    monkeypatch.setattr(operations, "PATIENCE", 0.0)
    root = tmp_path / "warehouse" / ".workshop" / "ops"
    root.mkdir(parents=True)
    with locked(root / LOCK, "building ops"), operations.shown_afterwards():
        pass
    assert "is building ops; see: sluice build --env ops" in capsys.readouterr().err


def test_a_run_ends_with_it(built: list[str]) -> None:
    with pytest.raises(SluiceError, match="is a file of its own"):
        registered()[("run",)](environment="dev")
    assert built == ["ops"]
