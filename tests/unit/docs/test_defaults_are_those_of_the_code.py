"""Defaults that pages and comments name are those of the code."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
import yaml
from tests.helpers.project import REPOSITORY
from typer.testing import CliRunner

from sluice.cli import app
from sluice.core.duck import MEMORY_LIMIT
from sluice.demo import DemoOptions
from sluice.environments.policy import Retention


def text(name: str) -> str:
    """A file of the repository, on one line."""
    return " ".join((REPOSITORY / name).read_text(encoding="utf-8").replace("#", " ").split())


def test_the_limits_of_memory() -> None:
    options = yaml.safe_load((REPOSITORY / "profiles.yml").read_text())["sluice"]["outputs"]["dev"]["config_options"]
    (of_dbt,) = re.findall(r"env_var\('SLUICE_MEMORY', '(\w+)'\)", options["memory_limit"])
    of_demo = DemoOptions.memory_limit
    assert f"dbt uses {of_dbt}, `sluice demo` {of_demo}, and every other command {MEMORY_LIMIT}." in text("README.md")
    assert f"SLUICE_MEMORY is {MEMORY_LIMIT} if it is not set" in text("profiles.yml")
    assert f"`SLUICE_MEMORY` ({MEMORY_LIMIT})" in text("docs/diff.md")
    helped = CliRunner().invoke(app, ["demo", "--help"], env={"COLUMNS": "200"}).output
    assert f"Default: {of_demo}." in " ".join(helped.replace("│", " ").split())


@pytest.mark.parametrize("name", ["keep_last", "keep_days", "keep_weeks", "keep_work", "candidate_days"])
def test_what_prune_keeps(name: str) -> None:
    (default,) = (field.default for field in fields(Retention) if field.name == name)
    assert f"{name} ({default}: " in text("environments.yml")
    assert re.search(rf"`{name}`(, by default {default}\)| \({default}\))", text("docs/release.md"))
