"""A build ends waivers that are over, and only then calls dbt: what dbt builds does not depend on a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluice.core import dbt
from sluice.core.errors import SluiceError
from sluice.steps import build as step


def test_expire_is_called_with_the_lake_and_now_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setattr(step, "expire", lambda lake, now: called.append(("expire", lake, now)))

    def invoke(*_: object) -> dbt.Invocation:
        called.append("dbt")
        return dbt.Invocation("", 2, ("no dbt here",))

    monkeypatch.setattr(dbt, "invoke", invoke)
    monkeypatch.setenv("SLUICE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(tmp_path / "warehouse"))

    with pytest.raises(SluiceError, match="no dbt here"):
        step.build(target=tmp_path)

    (name, lake, now), then = called
    assert (name, lake, then) == ("expire", tmp_path / "lake", "dbt")
    assert abs(datetime.now(UTC).replace(tzinfo=None) - now) < timedelta(minutes=5)
