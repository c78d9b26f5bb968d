"""`sluice audit` of a candidate is kept with it, for exactly the rows that it judged; of anything else it is only told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tests.helpers.candidates import Story, look

from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.core.locks import holding
from sluice.steps.audit import audit as step
from sluice.store.record import load


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Story, str], int]:
    """The step, in this process, which has loaded Great Expectations already; gives its exit code."""

    def run(story: Story, name: str) -> int:
        for variable, value in story.shop.environment.items():
            monkeypatch.setenv(variable, value)
        return step(name).exit_code

    return run


def _spoil(file: Path, sql: str) -> None:
    file.chmod(0o644)
    with duckdb.connect(str(file)) as connection:
        connection.execute(sql)


def test_it_is_kept_with_the_candidate_and_told_to_the_lake(retold: Callable[[], Story]) -> None:
    story = retold()
    # Of a selection it would say nothing of the whole.
    done = story.shop.sluice("audit", "candidate", "--select", "rpt_shops")
    assert "not kept" in done.stderr
    assert load(story.candidate).audit is None

    # It is named by its id or the beginning of it; dbt's artifacts are its own: the target folder has none.
    done = story.shop.sluice("audit", story.candidate.name[:-2])
    assert f"next: sluice publish {story.candidate.name}" in done.stdout
    record, report = load(story.candidate), json.loads((story.candidate / "audit" / "audit.json").read_text())
    assert record.audit is not None
    assert (record.audit.status, record.audit.checks, record.audit.failed, record.audit.warned) == ("pass", 1, 0, 0)
    assert record.audit.digest == record.digest == story.second.digest
    assert record.audit.run_id == report["run_id"]
    with connect(extensions=["delta"]) as lake:
        said = lake.execute(
            f"select warehouse, kind, status from delta_scan('{story.shop.lake}/ops/checks') where run_id = ?", [report["run_id"]]
        ).fetchall()
    assert said == [(story.candidate.name, "expectation", "pass")]


@pytest.mark.parametrize(("name", "relation"), [("warehouse.duckdb", "core.by_shop"), ("work.duckdb", "core.all_sales")])
def test_a_file_that_was_changed_after_it_was_built_has_no_audit(
    retold: Callable[[], Story], audit: Callable[[Story, str], int], name: str, relation: str
) -> None:
    story = retold()
    _spoil(story.candidate / name, f"update {relation} set amount = amount + 1")
    with pytest.raises(SluiceError, match="not what was built"):
        audit(story, "candidate")
    assert load(story.candidate) == story.second
    assert not (story.candidate / "audit").exists()


def test_an_audit_that_fails_is_kept_as_such(retold: Callable[[], Story], audit: Callable[[Story, str], int]) -> None:
    story = retold()
    manifest = story.candidate / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"min_value": 1', '"min_value": 1000'))
    assert audit(story, "candidate") == 1
    said = load(story.candidate).audit
    assert said is not None
    assert (said.status, said.failed) == ("fail", 1)


def test_a_release_is_only_looked_at(retold: Callable[[], Story], audit: Callable[[Story, str], int]) -> None:
    story = retold()
    before = sorted(path.name for path in story.release.iterdir())
    assert audit(story, "prod") == 0
    assert sorted(path.name for path in story.release.iterdir()) == before
    assert load(story.release) == story.first
    assert look(story.release / "warehouse.duckdb")[0] == story.before[0]


def test_two_at_once_do_not_meet(retold: Callable[[], Story], audit: Callable[[Story, str], int]) -> None:
    story = retold()
    with (
        holding(story.candidate, "auditing it"),
        pytest.raises(SluiceError, match=r"another command \(process \d+\) is auditing it"),
    ):
        audit(story, "candidate")
