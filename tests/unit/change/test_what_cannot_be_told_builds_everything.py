"""Where it can't be told what differs from a release, all is built, and why is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.records import record

from sluice.change import pull_request
from sluice.change.checkout import Parsed
from sluice.change.impact import Changes
from sluice.change.pull_request import comparable, of_another_dbt, selected, untraceable
from sluice.core.errors import SluiceError
from sluice.store.record import Code, Dbt

RECORD = record(code=Code("a" * 40, False), duckdb=duckdb.__version__)


@pytest.fixture
def one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with the commit of RECORD and no other."""

    def commit_of(name: str) -> str:
        if name in ("HEAD", "a" * 40):
            return name
        raise SluiceError("there is no commit")

    monkeypatch.setattr(pull_request, "commit_of", commit_of)


@pytest.mark.usefixtures("one_commit")
@pytest.mark.parametrize(
    ("changes", "commit", "why"),
    [
        ({}, "a" * 40, ""),
        ({"code": Code("a" * 40, True)}, "a" * 40, "not committed"),
        ({"code": Code("b" * 40, False)}, "HEAD", "bbb is not in this repository"),
        ({"code": Code(None, True)}, "HEAD", "(none) is not in this repository"),
        ({"duckdb": "1.4.0"}, "a" * 40, "built by DuckDB 1.4.0"),
        ({"dbt": Dbt("one", {}, "1.3.2")}, "a" * 40, "built by DuckDB 1.3.2"),
    ],
)
def test_of_a_release(changes: dict[str, Any], commit: str, why: str) -> None:
    found = comparable(replace(RECORD, **changes))
    assert found[0] == commit
    assert why in found[1]
    assert bool(why) == bool(found[1])


def of_dbt(version: str, **macros: str) -> dict[str, Any]:
    """A manifest that a dbt left."""
    named = {name.replace("__", "."): {"macro_sql": text} for name, text in macros.items()}
    return {"metadata": {"dbt_version": version}, "macros": named}


def test_of_dbt() -> None:
    base = of_dbt("1.12.6", macro__dbt_duckdb__table="1", macro__shop__limit="1")
    assert of_another_dbt(base, of_dbt("1.12.6", macro__dbt_duckdb__table="1", macro__shop__limit="2")) == ""
    assert "by dbt 1.12.6, this is 1.12.7" in of_another_dbt(base, of_dbt("1.12.7"))
    assert "such as macro.dbt_duckdb.table" in of_another_dbt(base, of_dbt("1.12.6", macro__dbt_duckdb__table="2"))


PROFILE = "shop: {target: dev, outputs: {dev: {type: duckdb, path: a.duckdb, settings: {TimeZone: UTC}}, other: {type: duckdb}}}"
PROJECT = "{name: shop, profile: shop}"


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("profiles.yml", PROFILE, PROFILE.replace("shop:", "# why\nshop:"), ""),
        ("profiles.yml", PROFILE, PROFILE.replace("UTC", "CET"), "profiles.yml changed"),
        ("profiles.yml", PROFILE, PROFILE.replace("a.duckdb", "b.duckdb").replace("other:", "another:"), ""),
        ("profiles.yml", None, PROFILE, ""),  # not in git
        ("dbt_project.yml", PROJECT, PROJECT.replace("}", ", flags: {use_colors: true}}"), "dbt_project.yml changed"),
        ("dbt_project.yml", PROJECT, PROJECT.replace("}", ", models: {shop: {tags: a}}}"), ""),
    ],
)
def test_of_files_that_no_node_shows(tmp_path: Path, file: str, before: str | None, after: str, why: str) -> None:
    node = {"resource_type": "model", "name": "orders"}
    sides = []
    for name, text in (("old", before), ("new", after)):
        (tmp_path / name).mkdir()
        for other, content in {"profiles.yml": PROFILE, "dbt_project.yml": PROJECT, file: text}.items():
            if content:
                (tmp_path / name / other).write_text(content)
        manifest = {"nodes": {"model.shop.orders": node}, "child_map": {}, "parent_map": {}}
        sides.append(Parsed(tmp_path / name, tmp_path, manifest, True))
    found = Changes(sides[0], sides[1], ())
    assert untraceable(found) == why
    assert selected(found, []).built == (("model.shop.orders",) if why else ())


@pytest.mark.usefixtures("one_commit")
def test_of_a_shallow_clone_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_request, "is_shallow", lambda: True)
    why = comparable(replace(RECORD, code=Code("b" * 40, False)))[1]
    assert "a shallow clone; git fetch --unshallow origin bbb" in why
    assert "fetch-depth: 0" in why
