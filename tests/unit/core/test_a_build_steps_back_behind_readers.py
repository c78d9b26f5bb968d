"""dbt builds a candidate at a lower priority than what readers run at; dev, which somebody waits for, at the usual one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sluice.core import dbt

# Says as an error how nice it is, the way dbt logs.
DBT = """#!/bin/sh
sleep 0.3
echo '{"info": {"name": "x", "level": "error", "msg": "'$(nice)'", "invocation_id": "i"}, "data": {}}'
"""


@pytest.mark.parametrize("niceness", [0, 10])
def test_dbt_runs_as_nicely_as_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, niceness: int) -> None:
    (tmp_path / "python").write_text(DBT)
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    own = os.getpriority(os.PRIO_PROCESS, 0)
    done = dbt.invoke(["build"], lambda *_: None, niceness=niceness)
    assert done.errors == (str(min(own + niceness, 19)),)
    assert os.getpriority(os.PRIO_PROCESS, 0) == own
