"""docs/history.md names every table of lake/ops with its columns, and its queries run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.helpers.project import REPOSITORY

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.kinds import KINDS, Entry

PAGE = (REPOSITORY / "docs" / "history.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.TABLE)
def test_a_table_is_there_with_its_columns(kind: type[Entry]) -> None:
    (section,) = re.findall(rf"^### {kind.TABLE}\n(.*?)(?=^### |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert re.findall(r"^\| `(\w+)` \| `(.+)` \|$", section, re.MULTILINE) == list(ledger.columns(kind).items())


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with all tables, without rows."""
    made = tmp_path_factory.mktemp("history") / "lake"
    ledger.ensure(made)
    return made


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_runs(lake: Path, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(extensions=["delta"]) as connection:
        monkeypatch.chdir(lake.parent)
        assert connection.execute(query).fetchall() == []
