"""What has to hold of a model before it serves, measured on the newest rows that it has not seen.

Nothing here depends on how busy a machine is: latency is the processor time of one thread, and the smallest of several.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.core.errors import SluiceError
from sluice.model import calibrate, learn, measures
from sluice.model.artifact import Model
from sluice.model.data import Reader, reading
from sluice.model.declared import Declaration
from sluice.model.moments import moments

if TYPE_CHECKING:
    from sluice.model.data import Array

_SEED = 13
_TIMED, _ROUNDS = 200, 5
# Of float32: the sum of a few hundred leaves.
_SUMS, _SERVED = 1e-4, 1e-6
_LOOKED_AT = 2000


@dataclass(frozen=True)
class Check:
    """A check of a model: status pass, warn, fail, or not_run where it had nothing to look at."""

    name: str
    status: str
    message: str
    observed: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A model and the champion before it on the same rows; `features` are those of the model, null is nan."""

    declaration: Declaration
    model: Model
    features: Array
    labels: Array
    scores: Array
    champion: Array | None = None
    why_no_champion: str = "it is the first model of this name"
    baselines: Mapping[str, Array] = field(default_factory=dict)


def checked(
    file: Path, declaration: Declaration, model: Model, champion: Model | None, memory_limit: str | None = None
) -> tuple[Check, ...]:
    """The checks of a model on the rows of a warehouse file. Raises SluiceError where they cannot be read."""
    learn.installed()
    with reading(file, replace(declaration, features=model.features), memory_limit) as reader:
        seen = _seen(reader, model, champion)
    return tuple(_timed(check, seen) for check in CHECKS)


def _timed(check: Callable[[Seen], Check], seen: Seen) -> Check:
    begun = time.perf_counter()
    return replace(check(seen), seconds=round(time.perf_counter() - begun, 4))


def _seen(reader: Reader, model: Model, champion: Model | None) -> Seen:
    """The newest settled rows that neither of the two has learned from."""
    import numpy as np

    declaration, rows = reader.declaration, reader.rows()
    times = moments(declaration.settings, rows.last)
    held_out = [_held_out(one) for one in (model, champion) if one]
    here = rows.judged(max([times.held_out.since, *held_out]), times.held_out.until)
    labels = reader.labels(times.as_of)[here]
    of_champion, why = _of_champion(reader, champion, here)
    return Seen(
        declaration=declaration,
        model=model,
        features=rows.features[here],
        labels=labels,
        scores=model.score(rows.features[here]),
        champion=of_champion,
        why_no_champion=why,
        baselines={name: np.ma.filled(rows.beside[name][here].astype(float), -np.inf) for name in declaration.settings.baselines},
    )


def _held_out(model: Model) -> datetime:
    return datetime.fromisoformat(model.facts["trained_on"]["held_out_since"])


def _of_champion(reader: Reader, champion: Model | None, here: Array) -> tuple[Array | None, str]:
    if champion is None:
        return None, "it is the first model of this name"
    try:
        rows = Reader(reader.connection, replace(reader.declaration, features=champion.features)).rows()
    except SluiceError:
        return None, f"the champion {champion.version} reads columns that this build does not have"
    return champion.score(rows.features[here]), ""


def _is_served_as_trained(seen: Seen) -> Check:
    """ONNX, which serves, gives the scores of XGBoost, which was trained."""
    import numpy as np

    matrix, curve = seen.features[-_LOOKED_AT:], seen.model.facts["calibration"]
    if not len(matrix):
        return _nothing("is_served_as_trained")
    trained = calibrate.probabilities(curve, learn.margins(seen.model.booster, matrix))
    worst = float(np.abs(trained - seen.model.score(matrix)).max())
    said = f"scores of ONNX and XGBoost differ by {worst:.1e} at most"
    return _decided("is_served_as_trained", worst <= _SERVED, said, {"difference": worst}, {"at_most": _SERVED})


def _reasons_sum_to_the_margin(seen: Seen) -> Check:
    import numpy as np

    matrix = seen.features[np.argsort(-seen.scores, kind="stable")[:_LOOKED_AT]]
    if not len(matrix):
        return _nothing("reasons_sum_to_the_margin")
    worst = float(np.abs(seen.model.contributions(matrix).sum(axis=1) - seen.model.margins(matrix)).max())
    said = f"contributions and margin differ by {worst:.1e} at most"
    return _decided("reasons_sum_to_the_margin", worst <= _SUMS, said, {"difference": worst}, {"at_most": _SUMS})


def _is_not_worse_than_the_champion(seen: Seen) -> Check:
    name = "is_not_worse_than_the_champion"
    if seen.champion is None:
        return Check(name, "not_run", seen.why_no_champion)
    return _not_worse(name, seen, seen.champion, "the champion")


def _is_not_worse_than_the_baselines(seen: Seen) -> Check:
    name = "is_not_worse_than_the_baselines"
    if not seen.baselines:
        return Check(name, "not_run", "no baselines are declared")
    found = [_not_worse(name, seen, scores, one) for one, scores in seen.baselines.items()]
    return next((one for one in found if one.status == "fail"), found[0])


def _not_worse(name: str, seen: Seen, others: Array, other: str) -> Check:
    """Average precision less that of another: it is worse where the whole interval is below zero."""
    own, theirs = (measures.average_precision(seen.labels, scores) for scores in (seen.scores, others))

    def better(weights: Array) -> float | None:
        one, two = own(weights), theirs(weights)
        return None if one is None or two is None else one - two

    count = len(seen.labels)
    if not count or not seen.labels.any():
        return _nothing(name)
    found = measures.figure(better, count, measures.draws(count, _SEED))
    assert found.value is not None
    spread = f"[{found.low:+.4f}, {found.high:+.4f}]"
    said = (
        f"average precision is {found.value:+.4f} {spread} compared with {other}, on {count:,} rows, {seen.labels.sum():,} true"
    )
    return _decided(name, (found.high or 0.0) >= 0, said, {"other": other, **found.rounded}, {"high": "0 or more"})


def _is_calibrated(seen: Seen) -> Check:
    limit = seen.declaration.settings.limits.calibration_error
    if not len(seen.labels):
        return _nothing("is_calibrated")
    measure = measures.calibration_error(seen.labels, seen.scores)
    found = measures.figure(measure, len(seen.labels), measures.draws(len(seen.labels), _SEED))
    said = f"scores and shares differ by {found.value:.4f} on average, {found.low:.4f} at least; allowed are {limit:g}"
    return _decided("is_calibrated", (found.low or 0.0) <= limit, said, found.rounded, {"low": f"{limit:g} or less"})


def _scores_do_not_drift(seen: Seen) -> Check:
    limit, profile = seen.declaration.settings.limits.drift_of_scores, seen.model.facts["profile"]["scores"]
    if not len(seen.scores):
        return _nothing("scores_do_not_drift")
    found = measures.drift(profile["shares"], measures.shares(seen.scores, profile["edges"]))
    said = f"the stability index of the scores is {found:.3f}, allowed are {limit:g}"
    return _decided("scores_do_not_drift", found <= limit, said, {"index": round(found, 6)}, {"at_most": limit})


def _features_do_not_drift(seen: Seen) -> Check:
    """The index of each feature, weighted by what the model makes of it. It warns: features may move and scores hold."""
    limit, facts = seen.declaration.settings.limits.drift_of_features, seen.model.facts
    if not len(seen.features):
        return _nothing("features_do_not_drift")
    found = dict(_drifts(seen.features, facts))
    whole = sum(facts["weights"][name] * one for name, one in found.items())
    worst = sorted(found, key=lambda name: (-found[name] * facts["weights"][name], name))[:3]
    named = ", ".join(f"{name} {found[name]:.2f}" for name in worst)
    said = f"the weighted stability index of the features is {whole:.3f}, allowed are {limit:g}; most of it: {named}"
    observed = {"index": round(whole, 6), **{name: round(found[name], 6) for name in worst}}
    return Check("features_do_not_drift", "pass" if whole <= limit else "warn", said, observed, {"at_most": limit})


def _drifts(features: Array, facts: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for number, name in enumerate(facts["features"]):
        profile = facts["profile"]["features"][name]
        yield name, measures.drift(profile["shares"], measures.shares(features[:, number], profile["edges"]))


def _is_fast_enough(seen: Seen) -> Check:
    limit = seen.declaration.settings.limits.latency_ms
    if not len(seen.features):
        return _nothing("is_fast_enough")
    found = milliseconds_a_row(seen.model, seen.features[-1:])
    said = f"a row takes {found:.3f} ms of one processor, allowed are {limit:g}"
    return _decided("is_fast_enough", found <= limit, said, {"milliseconds": round(found, 4)}, {"at_most": limit})


def milliseconds_a_row(model: Model, row: Array) -> float:
    """Processor time of this thread to score one row: the mean of 200, and of five such means the smallest.

    What else runs on the machine does not count, so the figure is that of the model.
    """
    found = []
    for _ in range(_ROUNDS):
        begun = time.thread_time()
        for _ in range(_TIMED):
            model.score(row)
        found.append((time.thread_time() - begun) / _TIMED * 1000)
    return min(found)


def _decided(name: str, holds: bool, said: str, observed: Mapping[str, Any], expected: Mapping[str, Any]) -> Check:
    return Check(name, "pass" if holds else "fail", said, observed, expected)


def _nothing(name: str) -> Check:
    return Check(name, "not_run", "no settled rows are newer than what the models have learned from, or none of them is true")


CHECKS = (
    _is_served_as_trained,
    _reasons_sum_to_the_margin,
    _is_not_worse_than_the_champion,
    _is_not_worse_than_the_baselines,
    _is_calibrated,
    _scores_do_not_drift,
    _features_do_not_drift,
    _is_fast_enough,
)
