"""`sluice build` ends waivers whose time is over, and only then calls dbt: a build reads no clock."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sluice.commands.build import build
from sluice.core import dbt
from sluice.core.errors import SluiceError


def test_expire_is_called_with_the_lake_and_now_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    quarantine = ModuleType("sluice.quarantine")
    quarantine.__spec__ = ModuleSpec("sluice.quarantine", None)
    quarantine.expire = lambda lake, now: called.append(("expire", lake, now))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sluice.quarantine", quarantine)

    def invoke(*_: object) -> dbt.Invocation:
        called.append("dbt")
        return dbt.Invocation("", 2, ("no dbt here",))

    monkeypatch.setattr(dbt, "invoke", invoke)
    monkeypatch.setenv("SLUICE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(tmp_path / "warehouse"))

    with pytest.raises(SluiceError, match="no dbt here"):
        build(target=tmp_path)

    (name, lake, now), then = called
    assert (name, lake, then) == ("expire", tmp_path / "lake", "dbt")
    assert abs(datetime.now(UTC).replace(tzinfo=None) - now) < timedelta(minutes=5)
