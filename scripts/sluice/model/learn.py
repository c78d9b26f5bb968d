"""XGBoost: trains, and gives margins (log odds before calibration). The same rows and settings give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sluice.core.errors import SluiceError
from sluice.core.extras import need

if TYPE_CHECKING:
    import xgboost

    from sluice.model.data import Array

# For what a search leaves out.
USUAL: Mapping[str, float] = {"rounds": 200, "max_depth": 5, "eta": 0.1, "subsample": 1.0}
_WHOLE = ("rounds", "max_depth", "max_bin")
OPSET = 15
INPUT, OUTPUT = "features", "probabilities"


def installed() -> None:
    """Raise SluiceError, with the extra to install, where what a model needs is not installed."""
    for package in ("xgboost", "onnxmltools", "onnxruntime"):
        need(package, "models", "sluice model")


def fit(features: Array, labels: Array, chosen: Mapping[str, Any], *, seed: int, threads: int) -> xgboost.Booster:
    """A booster trained with these parameters. `threads` is part of what makes its bytes."""
    import xgboost

    said = {name: int(value) if name in _WHOLE else float(value) for name, value in {**USUAL, **chosen}.items()}
    rounds = int(said.pop("rounds"))
    fixed = {"objective": "binary:logistic", "tree_method": "hist", "seed": seed, "nthread": threads, "verbosity": 0}
    data = xgboost.DMatrix(features, label=labels, nthread=threads)
    return xgboost.train({**said, **fixed}, data, num_boost_round=rounds)


def margins(booster: xgboost.Booster, features: Array) -> Array:
    """Log odds of each row."""
    import xgboost

    return booster.predict(xgboost.DMatrix(features, nthread=1), output_margin=True).astype("float64")


def contributions(booster: xgboost.Booster, features: Array) -> Array:
    """What each feature adds to a row's margin, and in the last column what a row without features has."""
    import xgboost

    return booster.predict(xgboost.DMatrix(features, nthread=1), pred_contribs=True).astype("float64")


def weights(booster: xgboost.Booster, count: int) -> list[float]:
    """The share of each feature in what all splits gain; 1 in all, or 0 where nothing splits."""
    gained = booster.get_score(importance_type="total_gain")
    found = [float(gained.get(f"f{number}", 0.0)) for number in range(count)]  # type: ignore[arg-type]
    return [one / (sum(found) or 1.0) for one in found]


def as_onnx(booster: xgboost.Booster, count: int, name: str) -> bytes:
    """The booster as ONNX, which gives the margin itself: a probability near 0 or 1 has few digits left as float32."""
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    made = onnxmltools.convert_xgboost(
        booster, name=name, initial_types=[(INPUT, FloatTensorType([None, count]))], target_opset=OPSET
    )
    trees = [node for node in made.graph.node if node.op_type == "TreeEnsembleClassifier"]
    if len(trees) != 1:
        raise SluiceError("onnxmltools made something other than one ensemble of trees", hint="use the versions of the lock")
    for attribute in trees[0].attribute:
        if attribute.name == "post_transform":
            attribute.s = b"NONE"
    return bytes(made.SerializeToString(deterministic=True))
