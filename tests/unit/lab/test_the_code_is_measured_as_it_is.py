"""The figures of the house, on code so small that they can be counted by hand."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from lab.house.__main__ import main
from lab.house.models import MacroReach, Model
from lab.house.python import body_lines, files, instruments, public, spread
from lab.house.rooms import against, floors

FUNCTION = '''
def one(
    first: int,
) -> int:
    """Said in
    two lines."""
    second = first

    return second
'''


def write(root: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_body_is_counted_without_its_signature_and_docstring() -> None:
    (function,) = ast.parse(FUNCTION).body
    assert isinstance(function, ast.FunctionDef)
    assert body_lines(function) == 3


def test_the_ninetieth_percentile_is_the_nearest_rank() -> None:
    assert spread(list(range(1, 11))) == "5.5 / 9 / 10"
    assert spread([7]) == "7 / 7 / 7"


def test_public_means_every_name_on_the_way_is(tmp_path: Path) -> None:
    text = "def a(): ...\ndef _b(): ...\nclass C:\n    def d(self): ...\n    def _e(self): ...\nclass _F:\n    def g(self): ...\n"
    assert [function.name for function in public([write(tmp_path, {"m.py": text}) / "m.py"])] == ["a", "d"]


def test_instruments_are_counted_apart_from_the_product(tmp_path: Path) -> None:
    names = ("scripts/sluice/cli.py", "scripts/sluice/faults/run.py", "scripts/lab/bench/page.py", "tests/faults/keys.py")
    write(tmp_path, dict.fromkeys(names, ""))
    assert [file.name for file in files(tmp_path, "scripts/sluice")] == ["cli.py"]
    assert [file.name for file in instruments(tmp_path)] == ["page.py", "run.py", "keys.py"]


def test_a_circle_of_rooms_is_found_and_one_arrow_closes_it(tmp_path: Path) -> None:
    package = write(
        tmp_path / "shop",
        {
            "__init__.py": "",
            "cli.py": "from shop.upper.door import enter\n",
            "upper/door.py": "from shop.lower import key\nimport shop.middle.stairs\n",
            "middle/stairs.py": "import shop.lower.key\n",
            "lower/key.py": "def turn():\n    from shop import middle\n",
        },
    )
    found = floors(package)
    assert found.rooms == ("cli", "lower", "middle", "upper")
    assert len(found.arrows) == 5
    assert found.circles() == [{"lower", "middle"}]
    assert len(found.upward()) == 1
    assert against(["lower", "middle", "upper", "cli"], found) == [("lower", "middle")]


PLAIN = "with\n\na as (\n    select * from {{ ref('x') }}\n)\n\nselect * from a\n"
CONFIGURED = """{{ config(
    hook="{{ m() }}"
) }}
-- why
with a as (select * from {{ source('s', 'x') }} where b)
select c from a
"""
ONE_CALL = "{{ config(tags=['x']) }}\n\n{# why #}{{ all_of('x', {'a': 'b'}) }}\n"
CALL_IN_A_CTE = "with a as (\n    {{ all_of('x') }}\n)\n\nselect * from a\norder by b\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, (True, True, False)),
        (CONFIGURED, (True, False, False)),
        (ONE_CALL, (False, False, True)),
        (CALL_IN_A_CTE, (False, True, False)),
    ],
)
def test_a_model_is_classified_by_its_first_and_last_lines(tmp_path: Path, text: str, expected: tuple[bool, bool, bool]) -> None:
    model = Model(write(tmp_path, {"m.sql": text}) / "m.sql")
    assert (model.begins_with_an_import, model.ends_in_a_select, model.is_one_macro_call) == expected


def test_macros_are_counted_through_macros_and_only_the_projects_own(tmp_path: Path) -> None:
    def node(*macros: str, **more: str) -> object:
        return {"depends_on": {"macros": [f"macro.{name}" for name in macros]}, **more}

    manifest = {
        "metadata": {"project_name": "p"},
        "macros": {"macro.p.a": node("p.b", "dbt.ref"), "macro.p.b": node("p.c"), "macro.p.c": node(), "macro.dbt.ref": node()},
        "nodes": {
            "model.p.deep": node("p.a", "p.c", resource_type="model"),
            "model.p.flat": node("dbt.ref", resource_type="model"),
            "test.p.t": node("p.a", resource_type="test"),
        },
    }
    reach = MacroReach(write(tmp_path, {"manifest.json": json.dumps(manifest)}) / "manifest.json")
    assert reach.reached() == [3, 0]
    assert reach.depths() == [3, 0]
    assert reach.deepest() == ("deep",)


def test_a_folder_that_is_not_a_checkout_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["house", str(tmp_path)])
    assert main() == 2
    assert "is not a checkout" in capsys.readouterr().err
