"""Macros by themselves, in a project that has nothing else: quick to parse, and one call of dbt answers many questions."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.helpers.project import REPOSITORY, Project

PROJECT = "{name: sluice, profile: sluice, macro-paths: [macros], flags: {send_anonymous_usage_stats: false}}"


@pytest.fixture(scope="module")
def macros(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("macros")
    shutil.copytree(REPOSITORY / "macros", root / "project" / "macros")
    for name in ("vars.yml", "profiles.yml"):
        shutil.copy(REPOSITORY / name, root / "project" / name)
    (root / "project" / "dbt_project.yml").write_text(PROJECT)
    extensions = root / "project" / ".duckdb"
    extensions.symlink_to(REPOSITORY / ".duckdb")
    return Project(root / "state", root / "project")


@pytest.fixture(scope="module")
def answers(macros: Project) -> dict[str, object]:
    """What SQL made with the macros gives."""
    columns = {
        "folder_s_schema": "'{{ _schema_name(' core ', 'main', 'model', 'm') }}'",
        "schema_of_a_hook": "'{{ _schema_name(none, 'main', 'operation', 'h') }}'",
        "first_version": "'{{ _alias_name(none, 'fct_orders', 1) }}'",
        "second_version": "'{{ _alias_name(none, 'fct_orders', 2) }}'",
        "configured_alias": "'{{ _alias_name('orders', 'fct_orders', 2) }}'",
        "newer_where_nothing_is_marked": "{{ newer_than({}) }}",
        "newer_where_no_time_is_marked": "{{ newer_than({'': none}) }}",
        "newer_than_its_source": "{{ newer_than({'shop': '2025-01-02 00:00:00'}) }}",
        "newer_than_another_source": "{{ newer_than({'web': '2025-01-04 00:00:00'}) }}",
        "as_old_as_its_source": "{{ newer_than({'shop': '2025-01-03 00:00:00'}) }}",
        "whole_seconds": "{{ whole_seconds_between('loaded_at', 'loaded_at + interval 1900 milliseconds') }}",
        "share_of_nothing": "{{ share('0', '0') }}",
    }
    row = "(select 'shop' as source_system, timestamp '2025-01-03' as loaded_at)"
    sql = f"select {', '.join(f'{value} as {name}' for name, value in columns.items())} from {row}"
    shown = macros.dbt("show", "--inline", sql, "--output", "json")
    found: dict[str, object] = json.loads(shown[shown.index("{") :])["show"][0]
    return found


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("folder_s_schema", "core"),
        ("schema_of_a_hook", "main"),
        ("first_version", "fct_orders"),
        ("second_version", "fct_orders_v2"),
        ("configured_alias", "orders"),
        ("newer_where_nothing_is_marked", True),
        ("newer_where_no_time_is_marked", True),
        ("newer_than_its_source", True),
        ("newer_than_another_source", True),
        ("as_old_as_its_source", False),
        ("whole_seconds", 1),
        ("share_of_nothing", None),
    ],
)
def test_a_macro_gives(answers: dict[str, object], question: str, answer: object) -> None:
    assert answers[question] == answer


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("_schema_name(none, 'main', 'model', 'lost')", "model lost has no schema: put it in a folder that dbt_project.yml"),
        ("union_sources('stock')", "common_columns has no entity stock; it has: customers, "),
    ],
)
def test_a_macro_refuses(macros: Project, call: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        macros.dbt("compile", "--inline", f"select '{{{{ {call} }}}}'")
