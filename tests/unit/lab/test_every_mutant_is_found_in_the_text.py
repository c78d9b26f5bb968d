"""The written list of mutations fits the project as it stands, and a list that does not is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY

from lab.mutants.mutant_list import Mutant, read, selected
from lab.mutants.runner import batches
from sluice.core.errors import SluiceError

LIST = REPOSITORY / "scripts" / "lab" / "mutants" / "list"
ENTRY = "{id: one, file: models/a/b.sql, find: x, replace: y, breaks: All.}"


def mutant(find: str, occurrence: int | None = None) -> Mutant:
    return Mutant("one", "models/a/b.sql", find, "!", "All.", ("b",), occurrence)


@pytest.mark.parametrize("entry", read(LIST), ids=lambda entry: entry.id)
def test_every_entry_changes_the_file_that_it_names(entry: Mutant) -> None:
    text = (REPOSITORY / entry.file).read_text(encoding="utf-8")
    assert entry.applied(text) != text


def test_every_model_that_is_to_be_tested_exists() -> None:
    models = {path.stem for path in (REPOSITORY / "models").rglob("*.sql")}
    assert [entry.id for entry in read(LIST) if not set(entry.models) <= models] == []


def test_the_named_occurrence_is_replaced() -> None:
    assert mutant("a").applied("bab") == "b!b"
    assert mutant("a", 2).applied("aaa") == "a!a"


@pytest.mark.parametrize(("find", "occurrence"), [("z", None), ("a", None), ("a", 3)])
def test_a_text_that_is_not_there_or_not_one_is_refused(find: str, occurrence: int | None) -> None:
    with pytest.raises(SluiceError, match="mutant one: `find` occurs"):
        mutant(find, occurrence).applied("aba")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"mutants: [{ENTRY}, {ENTRY}]", "is defined twice"),
        ("mutants: [{id: one, file: models/a/b.sql, find: x, replace: y}]", "missing: breaks"),
        (f"mutants: [{ENTRY.replace('id: one', 'id: one, wrong: 1')}]", "unknown: wrong"),
        (f"mutants: [{ENTRY.replace('replace: y', 'replace: x')}]", "no change"),
        (f"mutants: [{ENTRY.replace('models/a/b.sql', 'vars.yml')}]", "no model named"),
        ("[]", "cannot read the list"),
    ],
)
def test_an_entry_that_is_not_whole_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "list.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SluiceError, match=says):
        read(tmp_path / "list.yml")


def test_only_ids_of_the_list_are_selected() -> None:
    assert selected([mutant("a")], ["one"]) == [mutant("a")]
    with pytest.raises(SluiceError, match="no mutant two"):
        selected([mutant("a")], ["two"])


def test_mutants_share_a_run_of_dbt_only_where_they_cannot_disturb_each_other() -> None:
    def of(id_: str, file: str, *models: str) -> Mutant:
        return Mutant(id_, file, "x", "y", "All.", models)

    one, same, other = of("one", "models/a.sql", "a"), of("same", "models/a.sql", "a"), of("other", "models/b.sql", "b")
    rule, macro = of("rule", "vars.yml", "c"), of("macro", "macros/m.sql", "d")
    found = batches([rule, one, same, other, macro])
    assert [[mutant.id for mutant in batch] for batch in found] == [["rule"], ["one", "other"], ["same"], ["macro"]]
