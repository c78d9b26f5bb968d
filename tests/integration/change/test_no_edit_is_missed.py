"""Written edits that dbt's own selection misses, all in one copy of this project; `make selection` makes every edit alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.selection.__main__ import compiled, edits, held_by, judge
from sluice.change import modified
from sluice.change.checkout import Parsed
from sluice.change.impact import compared
from sluice.change.pull_request import selected
from sluice.change.selection import Selection
from sluice.ingest.run import prepare
from sluice.lake.contracts import load_contracts
from sluice.lineage import macros

SAMPLE = (
    "a macro that only an incremental strategy calls",
    "whitespace within quotes",
    "a comment in a macro",
)
CHOSEN = [edit for edit in edits() if edit["name"] in SAMPLE]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Parsed, Parsed]]:
    """The project as it is, and the same with the edits."""
    root = tmp_path_factory.mktemp("selection")
    prepare(root / "lake", load_contracts(Path()))
    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(2) as at_once:
        patched.setenv("SLUICE_LAKE", str(root / "lake"))
        base = at_once.submit(compiled, [], root / "base")
        edited = at_once.submit(compiled, CHOSEN, root / "edited")
        yield base.result()[0], edited.result()[0]


def missed(both: tuple[Parsed, Parsed]) -> frozenset[str]:
    """What the edits need and would not be built; without what dbt calls modified."""
    base, edited = both
    outcome = judge(CHOSEN, selected(compared(base, edited), held_by(base)), edited.manifest)
    assert len(outcome.needed) > 30
    return outcome.missed


def test_what_the_edits_need_is_selected(both: tuple[Parsed, Parsed]) -> None:
    assert missed(both) == frozenset()


def test_without_the_text_of_hooks_and_strategies_something_is_missed(
    both: tuple[Parsed, Parsed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(macros, "_calls_of", lambda _: "")
    assert {"int_refunds__judged", "fct_refunds"} <= missed(both)


def test_where_spaces_within_quotes_do_not_count_something_is_missed(
    both: tuple[Parsed, Parsed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modified, "_squeezed", lambda code: " ".join(code.split()))
    assert "int_sessions__built" in missed(both)


def test_a_selection_that_forgets_is_found_out() -> None:
    model = {"resource_type": "model", "name": "total", "fqn": ["shop", "total"], "depends_on": {"nodes": []}}
    manifest = {"nodes": {"model.shop.total": model}}
    forgotten = judge([{"name": "an edit", "needs": ["total"]}], Selection(), manifest)
    assert forgotten.missed == {"total"}


def test_the_list_is_long_and_says_each_edit_once() -> None:
    names = [edit["name"] for edit in edits()]
    assert len(names) == len(set(names)) >= 30
    assert set(SAMPLE) <= set(names)
