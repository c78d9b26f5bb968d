"""The contracts on imports in pyproject.toml hold, and each one is broken by the import that it forbids."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.helpers.preloaded import BIN
from tests.helpers.project import REPOSITORY

ROOM, PACKAGE, CIRCLE, CONFTEST = "No room of", "The package imports no", "in a circle", "not in a conftest"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its contracts, to be broken and repaired."""
    root = tmp_path_factory.mktemp("tree")
    for folder in ("scripts", "tests"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    return root


def lint(tree: Path) -> tuple[int, str]:
    """Exit code and output of `make lint-code`'s last step, each contract on one line."""
    command = [str(BIN / "lint-imports"), "--no-logo", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": "scripts", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_code_keeps_every_contract(tree: Path) -> None:
    code, said = lint(tree)
    assert code == 0, said
    assert "4 kept, 0 broken" in said


@pytest.mark.parametrize(
    ("files", "contract"),
    [
        ({"scripts/sluice/lake/new.py": "from sluice.gate import judge\n"}, ROOM),
        ({"scripts/sluice/core/new.py": "def late():\n    import sluice.lake.raw\n"}, ROOM),
        ({"scripts/sluice/new_room/__init__.py": ""}, "new_room"),
        ({"scripts/sluice/cli.py": "import lab.places\n"}, PACKAGE),
        ({"scripts/sluice/diff/new.py": "from ci import base\n"}, PACKAGE),
        ({"scripts/sluice/diff/new.py": "from tests.helpers import project\n"}, PACKAGE),
        ({"scripts/lab/new.py": "from tests.helpers.project import Project\n"}, PACKAGE),
        ({"scripts/ci/new.py": "import lab.places\n"}, PACKAGE),
        ({"scripts/sluice/lake/a.py": "import sluice.lake.b\n", "scripts/sluice/lake/b.py": "import sluice.lake.a\n"}, CIRCLE),
        ({"tests/unit/gate/test_new.py": "from tests.integration.gate.conftest import shop\n"}, CONFTEST),
    ],
)  # fmt: skip
def test_an_import_that_is_forbidden_is_named(tree: Path, files: dict[str, str], contract: str) -> None:
    before = {name: (tree / name).read_text() if (tree / name).exists() else None for name in files}
    for name, text in files.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text)
    code, said = lint(tree)
    for name, kept in before.items():
        (tree / name).unlink() if kept is None else (tree / name).write_text(kept)
    shutil.rmtree(tree / "scripts/sluice/new_room", ignore_errors=True)
    assert code == 1
    assert contract in said.split("Broken contracts")[-1], said
