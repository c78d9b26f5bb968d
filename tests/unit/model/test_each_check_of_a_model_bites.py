"""Each check of a model holds for a sound one, and fails when just what it looks at is broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers import small_model

from sluice.model import artifact, checks
from sluice.model.artifact import Model
from sluice.model.checks import Check, Seen
from sluice.model.declared import Declaration, declared
from sluice.model.facts import keep
from sluice.model.train import train


def _declaration(**said: Any) -> Declaration:
    return declared(small_model.manifest(small_model.settings(search={"rounds": 30, "max_depth": 3}, **said)), "payments")


def _trained(folder: Path, file: Path, **said: Any) -> Model:
    keep(train(file, _declaration(**said)), folder, {})
    return artifact.load(folder)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model.warehouse(tmp_path_factory.mktemp("model") / "warehouse.duckdb")


@pytest.fixture(scope="module")
def model(file: Path) -> Model:
    return _trained(file.parent / "model", file)


@pytest.fixture(scope="module")
def other(file: Path) -> Model:
    """A model with the same features, and other trees."""
    return _trained(file.parent / "other", file, split={"test": "28 days", "folds": 1, "step": "14 days", "train": "40 days"})


@pytest.fixture
def seen(file: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What the checks look at, of a sound model with a champion."""
    found: list[Seen] = []

    def look(one: Seen) -> Check:
        found.append(one)
        return Check("look", "pass", "")

    monkeypatch.setattr(checks, "CHECKS", (look,))
    assert [one.name for one in checks.checked(file, _declaration(), model, model)] == ["look"]
    monkeypatch.undo()
    return found[0]


def _status(seen: Seen, name: str) -> str:
    return {one.name: one.status for one in (check(seen) for check in checks.CHECKS)}[name]


def _with(model: Model, **parts: Any) -> Model:
    """A model some of whose loaded parts are others."""
    made = Model(model.folder, model.facts)
    made.__dict__.update(parts)
    return made


def test_all_hold_for_a_sound_model(seen: Seen) -> None:
    assert {check(seen).status for check in checks.CHECKS} == {"pass"}


def test_it_looks_at_rows_that_neither_model_has_learned_from(file: Path, model: Model, seen: Seen) -> None:
    facts = model.facts["trained_on"]
    assert len(seen.labels) == facts["held_out"]
    assert int(seen.labels.sum()) == facts["held_out_true"]
    later = Model(model.folder, {**model.facts, "trained_on": {**facts, "held_out_since": "2026-04-10 00:00:00"}})
    (found,) = [one for one in checks.checked(file, _declaration(), model, later) if one.name == "is_calibrated"]
    assert found.observed != checks.CHECKS[4](seen).observed


def test_other_trees_in_onnx_than_in_xgboost(seen: Seen, model: Model, other: Model) -> None:
    assert _status(replace(seen, model=_with(model, _session=other._session)), "is_served_as_trained") == "fail"


def test_reasons_of_another_model(seen: Seen, model: Model, other: Model) -> None:
    assert _status(replace(seen, model=_with(model, booster=other.booster)), "reasons_sum_to_the_margin") == "fail"


def test_scores_without_sense(seen: Seen) -> None:
    shuffled = replace(seen, scores=np.random.default_rng(1).permutation(seen.scores))
    assert _status(shuffled, "is_not_worse_than_the_champion") == "fail"
    assert _status(shuffled, "is_not_worse_than_the_baselines") == "fail"


def test_a_little_worse_within_the_interval_is_not_worse(seen: Seen) -> None:
    places = np.flatnonzero(seen.labels)[:1]
    scores = seen.scores.copy()
    scores[places] = 0
    found = {one.name: one for one in (check(replace(seen, scores=scores)) for check in checks.CHECKS)}
    told = found["is_not_worse_than_the_champion"]
    assert (told.status, told.observed["value"] < 0) == ("pass", True)


def test_scores_that_are_too_high(seen: Seen) -> None:
    assert _status(replace(seen, scores=np.sqrt(seen.scores)), "is_calibrated") == "fail"


def test_rows_of_another_kind(seen: Seen, model: Model) -> None:
    moved = seen.features + np.float32(3)
    drifted = replace(seen, features=moved, scores=model.score(moved))
    assert _status(drifted, "scores_do_not_drift") == "fail"
    assert _status(drifted, "features_do_not_drift") == "warn"


def test_a_model_that_is_too_slow(seen: Seen) -> None:
    slow = replace(seen, declaration=_declaration(limits={"latency_ms": 0.0001}))
    assert _status(slow, "is_fast_enough") == "fail"


def test_without_rows_nothing_is_passed(seen: Seen) -> None:
    nothing = replace(
        seen, features=seen.features[:0], labels=seen.labels[:0], scores=seen.scores[:0], champion=None,
        baselines={name: scores[:0] for name, scores in seen.baselines.items()},
    )  # fmt: skip
    assert {check(nothing).status for check in checks.CHECKS} == {"not_run"}
