"""A corpus that can't be run, or promises nothing, is an error that says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.faults import registry
from sluice.core.errors import SluiceError

HEAD = "from lab.faults.registry import fault\n"
GOOD = "@fault('values', 'shop.orders', 'It says.', caught_by='ingest')\ndef one(day):\n    pass\n"


def write(folder: Path, text: str, version: str = "VERSION = '7'\n") -> Path:
    (folder / "__init__.py").write_text(version)
    (folder / "values.py").write_text(HEAD + text)
    return folder


def test_entries_and_version_are_read(tmp_path: Path) -> None:
    found = registry.load(write(tmp_path, GOOD))
    assert found.version == "7"
    assert [(entry.id, entry.table, entry.caught_by, entry.days) for entry in found.faults] == [
        ("one", "shop.orders", "ingest", 1)
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("'ingest'", "'dor'"), "unknown kind or caught_by"),
        (GOOD.replace("'values'", "'colour'"), "unknown kind or caught_by"),
        (GOOD.replace("It says.", "It says"), "ends with a full stop"),
        (GOOD.replace("'ingest'", "'none'"), "needs a reason"),
        (GOOD + GOOD, "duplicate faults: one"),
        ("", "no faults"),
        ("import nothing_of_the_kind\n", "cannot be run: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SluiceError, match=message):
        registry.load(write(tmp_path, text))


def test_a_corpus_has_a_folder_and_a_version(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="not a fault corpus"):
        registry.load(tmp_path / "elsewhere")
    with pytest.raises(SluiceError, match="VERSION"):
        registry.load(write(tmp_path, GOOD, version=""))


def test_faults_are_chosen_by_id_kind_table_or_aim(tmp_path: Path) -> None:
    two = GOOD.replace("one", "two").replace("'values'", "'keys'").replace("'ingest'", "'test'")
    faults = registry.load(write(tmp_path, GOOD + two)).faults
    for word, chosen in [("one", ["one"]), ("keys", ["two"]), ("test", ["two"]), ("shop.orders", ["one", "two"])]:
        assert [entry.id for entry in registry.select(faults, [word])] == chosen
    with pytest.raises(SluiceError, match="unknown fault: three"):
        registry.select(faults, ["one", "three"])
