"""dbt is called with the user's own target: its text stays, and only where data is kept is another place."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluice.core.dbt_profile import Choice, derived, output_of
from sluice.core.errors import SluiceError

PROFILES = """
shop:
  target: "{{ env_var('SHOP_TARGET', 'dev') }}"
  outputs:
    dev: &own
      type: duckdb
      path: data/shop.duckdb
      schema: main
      threads: 3
      extensions: [httpfs]
      secrets: [{type: s3, key_id: "{{ env_var('SHOP_KEY') }}"}]
      config_options: {extension_directory: extensions, temp_directory: somewhere, memory_limit: 1GB}
      settings: {TimeZone: UTC, temp_directory: elsewhere}
      module_paths: [python, /opt/python]
      plugins: [{module: excel}]
      attach:
        - {path: "{{ env_var('SHOP_DATA', 'data') }}/raw.duckdb", alias: raw}
        - {path: "postgres:dbname=shop password={{ env_var('SHOP_PASSWORD') }}", alias: pg, type: postgres}
    prod: {<<: *own, path: "{{ var('place') }}/prod.db", database: prod, attach: []}
    cloud: {<<: *own, path: "md:shop"}
    memory: {type: duckdb}
    served: {type: duckdb, path: shop.duckdb, remote: {host: there, port: 5433, user: me}}
    into: {<<: *own, database: raw}
    pg: {type: postgres}
other: {}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a profile of its own, as the current folder."""
    for name in ("DBT_PROFILES_DIR", "DBT_TARGET", "DBT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: \"{{ env_var('SHOP_PROFILE', 'shop') }}\"\n")
    (folder / "profiles.yml").write_text(PROFILES)
    monkeypatch.chdir(folder)
    return folder


def written(arguments: list[str]) -> dict[str, Any]:
    """The output that dbt is called with."""
    document = yaml.safe_load((Path(arguments[1]) / "profiles.yml").read_text())
    found: dict[str, Any] = document[arguments[3]]["outputs"][arguments[5]]
    return found


def test_all_is_kept_but_for_the_places(project: Path, tmp_path: Path) -> None:
    base, file = tmp_path / "base.duckdb", tmp_path / "work" / "warehouse.duckdb"
    made = derived(Path(), tmp_path / "profile", file, attached={"warehouse": base})
    assert made == ["--profiles-dir", str(tmp_path / "profile"), "--profile", "shop", "--target", "dev"]
    now = written(made)
    assert now.pop("attach") == [
        {"path": str(project / "data" / "raw.duckdb"), "alias": "raw", "read_only": True},
        {
            "path": "postgres:dbname=shop password={{ env_var('SHOP_PASSWORD') }}",
            "alias": "pg",
            "type": "postgres",
            "read_only": True,
        },
        {"path": str(base), "alias": "warehouse", "read_only": True},
    ]
    options = {"extension_directory": str(project / "extensions"), "temp_directory": f"{file}.tmp", "memory_limit": "1GB"}
    assert now == {
        "type": "duckdb",
        "path": str(file),
        "schema": "main",
        "threads": 3,
        "extensions": ["httpfs"],
        "secrets": [{"type": "s3", "key_id": "{{ env_var('SHOP_KEY') }}"}],
        "config_options": options,
        "settings": {"TimeZone": "UTC"},
        "module_paths": [str(project / "python"), "/opt/python"],
        "plugins": [{"module": "excel"}],
        "external_root": str(tmp_path / "profile" / "external"),
    }


def test_it_is_written_again_only_where_it_differs_and_is_for_its_owner(project: Path, tmp_path: Path) -> None:
    place = tmp_path / "profile" / "profiles.yml"
    derived(project, place.parent, tmp_path / "one.duckdb")
    first = place.stat()
    derived(project, place.parent, tmp_path / "one.duckdb")
    assert place.stat().st_ino == first.st_ino
    assert stat.S_IMODE(first.st_mode) == 0o600
    derived(project, place.parent, tmp_path / "two.duckdb")
    assert place.stat().st_ino != first.st_ino


def test_target_and_variables_are_those_of_the_environment(project: Path, tmp_path: Path) -> None:
    choice = Choice("prod", {"place": "p"})
    made = derived(project, tmp_path / "profile", tmp_path / "one.duckdb", choice=choice)
    assert made[4:] == ["--target", "prod", "--vars", '{"place": "p"}']
    assert "database" not in written(made)
    found = output_of(project, choice)
    assert (found.path, found.database) == (project / "p" / "prod.db", "prod")


def test_the_target_is_what_dbt_would_take(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert output_of(project).target == "dev"
    monkeypatch.setenv("SHOP_TARGET", "memory")
    assert output_of(project).target == "memory"
    assert output_of(project).path is None
    monkeypatch.setenv("DBT_TARGET", "prod")
    assert output_of(project).target == "prod"
    assert output_of(project, Choice("dev")).target == "dev"


def test_a_checkout_uses_its_own_files_and_else_the_users(project: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "python").mkdir(parents=True)
    (checkout / "dbt_project.yml").write_text("profile: shop\n")
    now = written(derived(checkout, tmp_path / "profile", tmp_path / "one.duckdb"))
    assert now["module_paths"][0] == str(checkout / "python")
    assert now["config_options"]["extension_directory"] == str(project / "extensions")


def test_it_is_found_in_the_folder_that_is_named_and_at_home(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / ".dbt").mkdir(parents=True)
    (project / "profiles.yml").rename(tmp_path / "home" / ".dbt" / "profiles.yml")
    assert output_of(project).file == tmp_path / "home" / ".dbt" / "profiles.yml"
    monkeypatch.setenv("DBT_PROFILES_DIR", "none")
    with pytest.raises(SluiceError, match="there is no profiles"):
        output_of(project)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("produ", "the profile shop has no target produ"),
        ("pg", "the target pg is of type postgres"),
        ("cloud", "the target cloud keeps its data in md, not in a file"),
        ("served", "the target served keeps its data in another process"),
        ("into", "the target builds into an attached database"),
        ("prod", "the variable place has no value"),
    ],
)
def test_what_it_cannot_serve_is_said(project: Path, tmp_path: Path, target: str, said: str) -> None:
    with pytest.raises(SluiceError, match=said) as error:
        derived(project, tmp_path / "profile", tmp_path / "one.duckdb", choice=Choice(target))
    assert str(project / "profiles.yml") in error.value.where
    assert error.value.hint


def test_a_profile_that_is_not_there_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PROFILE", "others")
    with pytest.raises(SluiceError, match="there is no profile others") as error:
        output_of(project)
    assert "other" in error.value.hint
    monkeypatch.setenv("SHOP_PROFILE", "other")
    with pytest.raises(SluiceError, match="the profile other has no outputs"):
        output_of(project)


def test_a_name_that_sluice_needs_is_not_taken_twice(project: Path, tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="attaches something as raw"):
        derived(project, tmp_path / "profile", tmp_path / "one.duckdb", attached={"raw": tmp_path / "base.duckdb"})
