"""Training sees only what was known on its day: what came later, or is not there yet, changes no byte of a model."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import small_model

from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.model.declared import declared
from sluice.model.moments import moments
from sluice.model.train import Trained, train


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model.warehouse(tmp_path_factory.mktemp("model") / "warehouse.duckdb")


@pytest.fixture(scope="module")
def trained(file: Path) -> Trained:
    return _trained(file)


def _trained(file: Path, **said: Any) -> Trained:
    return train(file, declared(small_model.manifest(small_model.settings(**said)), "payments"))


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day)  # noqa: DTZ001  (UTC, as the marts have it)


def _changed(file: Path, folder: Path, *statements: str) -> Path:
    copy = folder / "changed.duckdb"
    copy.write_bytes(file.read_bytes())
    with connect(str(copy)) as connection:
        for statement in statements:
            connection.execute(statement)
    return copy


def test_the_same_file_gives_the_same_bytes(file: Path, trained: Trained) -> None:
    again = _trained(file)
    assert (again.booster, again.onnx, again.calibration, again.threshold) == (
        trained.booster, trained.onnx, trained.calibration, trained.threshold,
    )  # fmt: skip
    assert again.metrics == trained.metrics


def test_another_order_of_the_rows_gives_the_same_bytes(file: Path, trained: Trained, tmp_path: Path) -> None:
    shuffle = "create or replace table risk.{0} as select * from risk.{0} order by hash(payment_id)"
    shuffled = _changed(file, tmp_path, shuffle.format("rpt_features"), shuffle.format("fct_labels"))
    assert _trained(shuffled).booster == trained.booster


def test_what_is_held_out_changes_no_byte(file: Path, trained: Trained, tmp_path: Path) -> None:
    """Features of later rows are others, and so are half of the labels that were not known at the moment of training."""
    at = f"timestamp '{trained.moments.held_out.since}'"
    later = _changed(
        file,
        tmp_path,
        f"update risk.rpt_features set amount_cents = hash(payment_id) % 1000, share_declined_7d = 1 where paid_at >= {at}",
        f"update risk.fct_labels set is_fraud = false where known_at > {at} and hash(payment_id) % 2 = 0",
    )
    assert _trained(later).booster == trained.booster


def test_a_label_that_was_known_changes_the_model(file: Path, trained: Trained, tmp_path: Path) -> None:
    """So the test above looks at the right side of the moment."""
    until = f"timestamp '{trained.moments.held_out.train_until}'"
    known = _changed(file, tmp_path, f"update risk.fct_labels set is_fraud = false where known_at < {until} - interval 30 day")
    assert _trained(known).booster != trained.booster


def test_an_unsettled_row_is_not_learned_as_false(file: Path, trained: Trained, tmp_path: Path) -> None:
    """A payment of the days before the moment of training may still be disputed: it is not in the training at all."""
    held_out = trained.moments.held_out
    inside = f"paid_at >= timestamp '{held_out.train_until}' and paid_at < timestamp '{held_out.since}'"
    changed = _changed(file, tmp_path, f"update risk.rpt_features set amount_cents = 1 where {inside}")
    assert _trained(changed).booster == trained.booster


def test_a_label_is_the_last_one_that_was_known(file: Path, tmp_path: Path) -> None:
    """An analyst says that a disputed payment is in order: from then on it is not fraud, and before it was."""
    from sluice.model.data import reading

    with connect(str(file), read_only=True) as connection:
        found = connection.execute("select payment_id, known_at from risk.fct_labels order by known_at limit 1").fetchone()
    assert found
    key, known_at = found
    cleared = known_at + timedelta(days=3)
    changed = _changed(file, tmp_path, f"insert into risk.fct_labels values ('{key}', false, timestamp '{cleared}')")
    with reading(changed, declared(small_model.manifest(), "payments")) as reader:
        place = reader.rows().key.tolist().index(key)
        told = [bool(reader.labels(known_at + timedelta(days=days))[place]) for days in (-1, 0, 2, 3)]
    assert told == [False, True, True, False]


def test_each_fold_is_trained_before_the_delay() -> None:
    settings = declared(small_model.manifest(), "payments").settings
    found = moments(settings, _day(2026, 4, 30))
    assert (found.held_out.since, found.held_out.until) == (_day(2026, 3, 26), _day(2026, 4, 23))
    assert found.held_out.train_until == _day(2026, 3, 19)
    assert [(fold.since, fold.until, fold.train_until) for fold in found.folds] == [
        (_day(2026, 2, 19), _day(2026, 3, 5), _day(2026, 2, 12)),
        (_day(2026, 3, 5), _day(2026, 3, 19), _day(2026, 2, 26)),
    ]
    assert all(fold.judged_at == found.held_out.since for fold in found.folds)


def test_rows_that_are_not_judged_are_learned_from_and_left_out_of_the_figures(trained: Trained, file: Path) -> None:
    some = _trained(file, split={"test": "28 days", "folds": 2, "step": "14 days", "judged": "amount_cents > 5000"})
    assert some.rows["trained"] == trained.rows["trained"]
    with connect(str(file), read_only=True) as connection:
        held_out = trained.moments.held_out
        of_judged = "select count(*) from risk.rpt_features where amount_cents > 5000 and paid_at >= ? and paid_at < ?"
        assert connection.execute(of_judged, [held_out.since, held_out.until]).fetchone() == (some.rows["held_out"],)
    assert some.rows["held_out"] < trained.rows["held_out"]


def test_data_that_is_too_short_says_how_much_it_takes(file: Path) -> None:
    with pytest.raises(SluiceError, match="too short") as error:
        _trained(file, label={"model": "fct_labels", "column": "is_fraud", "known_at": "known_at", "delay": "40 days"})
    assert "more than 162 days" in error.value.hint
