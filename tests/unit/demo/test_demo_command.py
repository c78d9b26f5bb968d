"""`sluice demo` takes its options to the generator and prints what was made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sluice.commands.demo import demo
from sluice.core.errors import SluiceError


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(demo)
    return app


def test_json_says_what_stands_on_the_disk(app: typer.Typer, tmp_path: Path) -> None:
    options = ["--orders", "300", "--days", "4", "--start", "2025-03-01", "--seed", "5", "--format", "json"]
    result = CliRunner().invoke(app, [*options, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    delivered = [path for path in tmp_path.rglob("2025-*") if path.is_file()]
    assert report["files"] == len(delivered)
    assert report["total_bytes"] == sum(path.stat().st_size for path in delivered)
    assert report["faults"]["new_column"] == 1
    assert {path.name[:10] for path in delivered} == {"2025-03-01", "2025-03-02", "2025-03-03", "2025-03-04"}


def test_text_is_for_people(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--orders", "300", "--days", "2", "--faults", "none", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert "order_items" in result.stdout
    assert "no faults" in result.stdout


@pytest.mark.parametrize("option", [["--orders", "0"], ["--days", "0"], ["--faults", "gremlin=1"]])
def test_a_mistake_is_one_error_that_names_the_option(app: typer.Typer, tmp_path: Path, option: list[str]) -> None:
    result = CliRunner().invoke(app, [*option, "--out", str(tmp_path)])
    assert isinstance(result.exception, SluiceError)
    assert result.exception.where == option[0]
    assert not any(tmp_path.iterdir())
