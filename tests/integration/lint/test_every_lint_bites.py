"""Each guard of `make lint` is given the thing that it guards against, in a copy of the project, and must say so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.preloaded import program
from tests.helpers.project import copy_project


def make_project(folder: Path) -> Path:
    """A copy of the project, as the working tree has it."""
    (folder / "target/lint/warehouse").mkdir(parents=True)
    return copy_project(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy to break."""
    return make_project(tmp_path)


def run(project: Path, tool: str, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a tool in the copy."""
    environment = {
        **os.environ,
        "SLUICE_WAREHOUSE": "target/lint/warehouse",
        "DBT_TARGET_PATH": "target/lint",
        "DBT_LOG_PATH": "target/lint/logs",
    }
    command = [program(tool), *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def edit(file: Path, before: str, after: str) -> None:
    """Replace the first occurrence, which must be there."""
    text = file.read_text()
    assert before in text, f"{file} no longer holds {before!r}"
    file.write_text(text.replace(before, after, 1))


CORE = "models/marts/core/_core__models.yml"
MISSPELT_YAML = {
    "a model's key": (CORE, "    description:", "    descripton:", "'descripton'"),
    "a column's key": (CORE, "        data_type:", "        datatype:", "'datatype'"),
    "a config": (CORE, "    config:\n", "    config:\n      materialised: table\n", "'materialised'"),
    "a config outside of config": (CORE, "    description:", "    materialized: table\n    description:", "'materialized'"),
    "a group's key": ("models/_groups.yml", "    owner:", "    ownr:", "'ownr'"),
    "freshness": ("models/staging/shop/_shop__sources.yml", "warn_after:", "warn_aftr:", "'warn_aftr'"),
    "a section": ("models/staging/shop/_shop__models.yml", "models:", "modles:", "'modles'"),
    "a folder's config": ("dbt_project.yml", "+materialized: table", "+materialised: table", "'+materialised'"),
    "a part of a folder's config": ("dbt_project.yml", "{enforced: true}", "{enforce: true}", "'enforce'"),
}


@pytest.mark.parametrize("case", MISSPELT_YAML)
def test_a_misspelt_yaml_key_is_named_with_its_file_and_line(project: Path, case: str) -> None:
    file, before, after, key = MISSPELT_YAML[case]
    edit(project / file, before, after)
    line = next(n for n, text in enumerate((project / file).read_text().splitlines(), 1) if key.strip("'") + ":" in text)

    status, output = run(project, "python", "scripts/lint/dbt_yaml.py", file)

    assert status == 1
    assert f"{file}:{line}:" in output
    assert key in output


def test_a_misspelt_folder_in_dbt_project_fails_the_parse(project: Path) -> None:
    edit(project / "dbt_project.yml", "    marts:\n", "    mrats: {+materialized: view}\n    marts:\n")

    status, output = run(project, "dbt", "--warn-error-options", '{"error": ["UnusedResourceConfigPath"]}', "parse")

    assert status != 0
    assert "models.sluice.mrats" in output


def broken_conventions(project: Path) -> set[tuple[str, str]]:
    """(check, name of the model or source, with its version) of everything that dbt-bouncer finds."""
    status, output = run(project, "dbt", "--quiet", "parse")
    assert status == 0, output
    run(project, "dbt-bouncer", "run", "--output-file", "found.json", "--output-only-failures")
    found = json.loads((project / "found.json").read_text())
    results = found if isinstance(found, list) else found["results"]
    return {(result["check_run_id"].split(":")[0], name_of(result["unique_id"])) for result in results}


def name_of(unique_id: str) -> str:
    """`rates` of source.sluice.fx.rates, `dim_dates.v1` of model.sluice.dim_dates.v1."""
    parts = unique_id.split(".")
    return ".".join(parts[2:]) if parts[0] == "model" else parts[-1]


def skip_layers(models: Path) -> None:
    """A mart that reads staging, an intermediate that reads a source, a staging model that reads another's."""
    (models / "marts/core/fct_shortcuts.sql").write_text("select * from {{ ref('stg_shop__orders') }}\n")
    (models / "intermediate/sales/int_orders__taken.sql").write_text("select * from {{ source('shop', 'orders') }}\n")
    (models / "staging/fx/stg_fx__orders.sql").write_text("select * from {{ source('shop', 'orders') }}\n")


def misname(models: Path) -> None:
    """A model, and its columns, by names that break the rules."""
    (models / "marts/core/orders_final.sql").write_text("select 1 as id, now() as created, true as paid_at, 1.5 as net_amount\n")
    (models / "marts/core/_core__orders_final.yml").write_text(
        "models:\n  - name: orders_final\n    columns:\n"
        "      - {name: id, data_type: integer}\n      - {name: created, data_type: timestamp}\n"
        "      - {name: paid_at, data_type: boolean}\n      - {name: net_amount, data_type: double}\n"
    )


def misspell_config(models: Path) -> None:
    """A key in config(...) that dbt takes and ignores."""
    (models / "staging/fx/stg_fx__days.sql").write_text("{{ config(materialised='table') }}\nselect 1 as day_count\n")


def forget(models: Path) -> None:
    """A source without freshness."""
    sources = models / "staging/fx/_fx__sources.yml"
    edit(sources, "freshness:", "freshness_was:")
    edit(sources, "loaded_at_field:", "loaded_at_was:")


def break_keys(models: Path) -> None:
    """A key that no test upholds, one that is tested in part only, in passing only, and one that may be null."""
    core, finance, growth = (models / f"marts/{name}/_{name}__models.yml" for name in ("core", "finance", "growth"))
    edit(core, "          - unique: {name: every_day_has_one_row}\n", "          - not_null\n")
    edit(finance, "{columns: [revenue_on, source_system, currency_code]}", "{columns: [revenue_on, source_system]}")
    warns = "arguments: {columns: [source_system, cohort_month, months_since]}"
    edit(growth, warns, f"{warns}\n          config: {{severity: warn}}")
    edit(core, "columns: [product_id, valid_from]}]", "columns: [product_id, valid_to]}]")


def break_versions(models: Path) -> None:
    """An old version without an end, a version that is not a number, an exposed mart without versions."""
    growth = models / "marts/growth/_growth__models.yml"
    shutil.copy(models / "marts/growth/rpt_customer_value.sql", models / "marts/growth/rpt_customer_value_v2.sql")
    of_value = "latest_version: 1\n    versions: [{v: 1, defined_in: rpt_customer_value}]"
    edit(growth, of_value, of_value.replace("latest_version: 1", "latest_version: 2").replace("}]", "}, {v: 2}]"))
    of_funnel = "latest_version: 1\n    versions: [{v: 1, defined_in: rpt_conversion_funnel}]"
    edit(growth, of_funnel, of_funnel.replace("1\n", "new\n").replace("v: 1", "v: new"))
    sessions = models / "marts/growth/_growth__sessions.yml"
    edit(sessions, "    latest_version: 1\n    versions: [{v: 1, defined_in: fct_sessions}]\n", "")


def tangle(models: Path) -> None:
    """A model behind which macros stand four deep, and a macro that does not say what it does."""
    says = "{#- Calls the next. -#}"
    macros = "".join(f"{{% macro level_{n}() %}}{says}{{{{ level_{n + 1}() }}}}{{% endmacro %}}\n" for n in (1, 2, 3))
    (models.parent / "macros/tangled.sql").write_text(macros + "{% macro level_4() %}1{% endmacro %}\n")
    (models / "staging/fx/stg_fx__tangled.sql").write_text("select {{ level_1() }} as day_count\n")


BREAKS: tuple[Callable[[Path], None], ...] = (
    skip_layers, misname, misspell_config, forget, break_keys, break_versions, tangle,
)  # fmt: skip
EXPECTED = (
    ("check_lineage_permitted_upstream_models", "fct_shortcuts"),
    ("check_lineage_source_cannot_be_used", "int_orders__taken"),
    ("check_staging_reads_own_source_only", "stg_fx__orders"),
    ("check_source_is_staged_by_one_model", "orders"),
    ("check_model_names", "orders_final"),
    ("check_model_description_populated", "orders_final"),
    ("check_model_column_description_populated", "orders_final"),
    ("check_model_column_name_complies_to_column_type", "orders_final"),
    ("check_model_column_type_complies_to_column_name", "orders_final"),
    ("check_model_has_unit_tests", "orders_final"),
    ("check_model_is_tested", "orders_final"),
    ("check_model_config_keys_are_known", "stg_fx__days"),
    ("check_properties_file_name", "stg_fx__days"),
    ("check_source_freshness_populated", "rates"),
    ("check_source_says_when_loaded", "rates"),
    ("check_model_key_is_tested", "orders_final"),
    ("check_model_key_is_tested", "dim_dates.v1"),
    ("check_model_key_is_tested", "rpt_revenue_daily.v1"),
    ("check_model_key_is_tested", "rpt_customer_cohorts.v1"),
    ("check_model_key_is_tested", "dim_products_history.v1"),
    ("check_model_old_version_has_an_end", "rpt_customer_value.v1"),
    ("check_model_version_allowed", "rpt_conversion_funnel.vnew"),
    ("check_exposure_reads_versioned_models", "conversion_dashboard"),
    ("check_model_reaches_few_macros", "stg_fx__tangled"),
    ("check_macro_says_what_it_does", "level_4"),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """What dbt-bouncer finds in a copy in which everything is broken at once: dbt takes seconds to parse."""
    project = make_project(tmp_path_factory.mktemp("broken"))
    for break_it in BREAKS:
        break_it(project / "models")
    return broken_conventions(project)


@pytest.mark.parametrize(("check", "name"), EXPECTED)
def test_a_broken_convention_is_found(found: set[tuple[str, str]], check: str, name: str) -> None:
    assert (check, name) in found


def test_bad_sql_style_is_found_by_the_quick_templater(project: Path) -> None:
    model = project / "models/staging/fx/stg_fx__bad.sql"
    model.write_text("SELECT a.b::int c FROM {{ ref('stg_fx__rates') }} a\n")

    status, output = run(project, "sqlfluff", "lint", "--nocolor", "--disable-progress-bar", str(model.relative_to(project)))

    assert status == 1
    rules = {rule for rule in ("CP01", "AL01", "AL02", "CV11") if rule in output}
    assert rules == {"CP01", "AL01", "AL02", "CV11"}


def test_a_key_given_twice_is_found(project: Path) -> None:
    edit(project / "models/_groups.yml", "    owner:\n", "    name: twice\n    owner:\n")

    status, output = run(project, "yamllint", "--strict", "models/_groups.yml")

    assert status == 1
    assert 'duplication of key "name"' in output
