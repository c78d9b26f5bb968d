"""Delta Lake and dbt-duckdb make a URL of a path: where that would be another path, it is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.core.paths import lake_root, warehouse_root


@pytest.mark.parametrize("name", ["a%41b", "50%", "old [1]", "a|b", "a^b", "a\\b"])
def test_a_lake_below_such_a_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("SLUICE_LAKE", str(tmp_path / name / "lake"))
    with pytest.raises(SluiceError, match="Delta Lake cannot work in a folder whose path holds") as told:
        lake_root()
    assert told.value.where == str(tmp_path / name / "lake")
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    monkeypatch.setenv("SLUICE_LAKE", "lake")
    with pytest.raises(SluiceError, match="Delta Lake cannot work"):
        lake_root()


@pytest.mark.parametrize("name", ["c#", "what?"])
def test_a_warehouse_below_such_a_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(tmp_path / name))
    with pytest.raises(SluiceError, match="dbt-duckdb cannot work in a folder whose path holds"):
        warehouse_root()


@pytest.mark.parametrize("name", ["o'brien", 'a "b"', "ünï 日本", "a;b,c=d:e", "(1) & $x", "a+b~c@d!", "{x}*", "<a>`b`"])
def test_every_other_sign_is_only_a_sign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    for variable in ("SLUICE_LAKE", "SLUICE_WAREHOUSE"):
        monkeypatch.setenv(variable, str(tmp_path / name))
    assert lake_root() == warehouse_root() == tmp_path / name
