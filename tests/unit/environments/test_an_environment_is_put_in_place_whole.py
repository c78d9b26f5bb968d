"""Broken off before any step, a pull request environment is not there, or whole: its file beside its own artifacts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sluice.environments import partial
from sluice.environments.partial import Partial


class Death(BaseException):
    """Nothing catches it."""


STEPS = ((Path, "unlink"), (Path, "replace"), (Path, "mkdir"), (shutil, "rmtree"), (shutil, "copyfile"), (Path, "write_text"))


@pytest.fixture
def dies_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Make the process die before its n-th step."""
    left = 0

    def patched(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Death
            return real(*arguments, **named)

        return step

    def at(number: int) -> None:
        nonlocal left
        left = number

    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, patched(getattr(owner, name)))
    yield at
    left = 0


def built(root: Path, number: int) -> tuple[Partial, Path, Path]:
    """A file that was built, the n-th, and dbt's target folder."""
    shutil.rmtree(root / "work", ignore_errors=True)
    (root / "work" / "target").mkdir(parents=True)
    (root / "work" / "12.duckdb").write_text(str(number))
    (root / "work" / "target" / "manifest.json").write_text(json.dumps(number))
    return Partial("pr-12", str(number), "", (), (), ()), root / "work" / "12.duckdb", root / "work" / "target"


def test_the_file_stands_beside_its_own_artifacts_or_is_not_there(tmp_path: Path, dies_before: Callable[[int], None]) -> None:
    file = tmp_path / "pr" / "12.duckdb"
    ended: set[str] = set()
    for number in range(1, 30):
        partial.put(*built(tmp_path, 1), file)
        slim = built(tmp_path, 2)
        dies_before(number)
        try:
            partial.put(*slim, file)
        except Death:
            dies_before(0)
            there = file.read_text() if file.exists() else ""
            ended.add(there)
            if there:
                assert (file.with_suffix("") / "manifest.json").read_text() == there
                assert partial.read(file.with_suffix("")) == Partial("pr-12", there, "", (), (), ())
        else:
            break
    else:
        raise AssertionError("it never ended")
    dies_before(0)
    assert ended == {"1", ""}
    assert file.read_text() == (file.with_suffix("") / "manifest.json").read_text() == "2"
