"""Wrong options are refused with a word on what to do; only a demo is ever replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.core.errors import SluiceError
from sluice.demo import DEFAULT_FAULTS, DemoOptions, folder, generate, parse_faults
from sluice.demo.shop import plan_parts

SMALL = DemoOptions(orders=40, days=2)


@pytest.mark.parametrize(
    "bad", [{"orders": 0}, {"days": 0}, {"days": -1}, {"threads": 0}, {"fraud": 21}, {"fraud": -1}, {"faults": {"gremlin": 0.1}}]
)
def test_impossible_options_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(SluiceError):
        DemoOptions(**{"orders": 10, "days": 10, **bad})  # type: ignore[arg-type]  # wrong values are the point


def test_an_unknown_memory_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SluiceError) as refused:
        generate(DemoOptions(orders=10, days=1, memory_limit="lots"), tmp_path)
    assert refused.value.where == "--memory-limit"


def test_faults_are_parsed() -> None:
    assert parse_faults("none") == {}
    assert parse_faults("default") == DEFAULT_FAULTS
    assert parse_faults("wrong_type=0.1, new_column=1") == {"wrong_type": 0.1, "new_column": 1.0}


@pytest.mark.parametrize(
    "text", ["", "wrong_type", "wrong_type=", "wrong_type=x", "gremlin=0.1", "wrong_type=1.5", "wrong_type=nan"]
)
def test_unreadable_faults_are_refused(text: str) -> None:
    with pytest.raises(SluiceError):
        parse_faults(text)


def is_complete(out: Path) -> bool:
    return (out / folder.MARKER).exists() and not (out / folder.UNFINISHED).exists()


def test_parts_cover_every_day_once() -> None:
    assert plan_parts([5, 5, 5, 20, 1], 10) == [(0, 1), (2, 2), (3, 3), (4, 4)]
    assert plan_parts([1, 1, 1], 10) == [(0, 2)]


def test_the_smallest_demo_is_made(tmp_path: Path) -> None:
    report = generate(DemoOptions(orders=1, days=1, faults=parse_faults("default")), tmp_path / "new" / "folder")
    assert report.rows["orders"] >= 1
    assert is_complete(report.out)


def test_more_fraud_is_more_tries_to_pay_and_the_rest_of_the_shop_stays(tmp_path: Path) -> None:
    """Who tests stolen cards is declined often."""
    made = {rate: generate(DemoOptions(orders=3000, days=10, fraud=rate), tmp_path / f"{rate}").rows for rate in (0, 1, 8)}
    assert made[0]["transactions"] < made[1]["transactions"] < made[8]["transactions"] - 500
    assert made[0]["products"] == made[1]["products"] == made[8]["products"]


def test_a_quote_in_the_path_is_only_a_name(tmp_path: Path) -> None:
    assert generate(SMALL, tmp_path / 'o\'hara "x" {y}').files > 5


def test_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    for force in (False, True):
        with pytest.raises(SluiceError, match="something else"):
            generate(SMALL, tmp_path, force=force)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_a_complete_demo_is_replaced_only_by_force(tmp_path: Path) -> None:
    generate(SMALL, tmp_path)
    with pytest.raises(SluiceError, match="already") as refused:
        generate(SMALL, tmp_path)
    assert "--force" in refused.value.hint
    stale = tmp_path / "shop" / "orders" / "1999-01-01.csv"
    stale.write_text("old", encoding="utf-8")
    generate(SMALL, tmp_path, force=True)
    assert not stale.exists()


def test_a_killed_run_is_replaced_without_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sluice.demo.engine.Engine.run_part", die)
        with pytest.raises(KeyboardInterrupt):
            generate(SMALL, tmp_path)
    assert not is_complete(tmp_path)
    assert generate(SMALL, tmp_path).files > 5
    assert is_complete(tmp_path)
    assert not (tmp_path / folder.WORK).exists()
