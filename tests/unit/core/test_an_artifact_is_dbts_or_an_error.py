"""What is read as an artifact of dbt's is one; anything else is an error that names it and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.core import dbt
from sluice.core.errors import SluiceError


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("manifest.json", None, "manifest.json is not there"),
        ("manifest.json", "{", "manifest.json is not JSON"),
        ("manifest.json", "{}", "manifest.json is not an artifact of dbt: it has no nodes"),
        ("manifest.json", "[]", "manifest.json is not an artifact of dbt"),
        ("run_results.json", '{"nodes": {}}', "run_results.json is not an artifact of dbt: it has no results"),
    ],
)
def test_what_is_no_artifact_is_named(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SluiceError) as told:
        dbt.artifact(tmp_path, name)
    assert says in told.value.what
    assert (told.value.where, told.value.hint) == (str(tmp_path), "run: dbt build")


def test_what_is_one_is_given(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"nodes": {"model.shop.sales": {}}}')
    assert dbt.artifact(tmp_path, "manifest.json") == {"nodes": {"model.shop.sales": {}}}
