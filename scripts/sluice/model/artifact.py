"""The folder of a trained model: model.ubj, model.onnx, model.json, card.md. It is loaded only if it is what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.core.errors import SluiceError
from sluice.core.extras import need
from sluice.model import calibrate, learn

if TYPE_CHECKING:
    from sluice.model.data import Array

BOOSTER, ONNX, FACTS, CARD = "model.ubj", "model.onnx", "model.json", "card.md"
FILES = (BOOSTER, ONNX, FACTS, CARD)
SCHEMA_VERSION = 1
_LOST = "train it again: sluice model train"


@dataclass(frozen=True)
class Reason:
    """A feature that made a score higher: its words, its value (None: null), and what it adds to the margin (log odds)."""

    feature: str
    words: str
    value: float | None
    contribution: float


@dataclass(frozen=True)
class Model:
    """A loaded model. `facts` is model.json. Matrices are float32, a row each, columns as `features`; null is nan."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of its declaration."""
        return str(self.facts["name"])

    @property
    def version(self) -> str:
        """A digest of what makes its scores: trees, features, calibration, threshold."""
        return str(self.facts["version"])

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that it is fed, in their order."""
        return tuple(self.facts["features"])

    @property
    def threshold(self) -> float:
        """The score from which on a row is an alert."""
        return float(self.facts["threshold"])

    def margins(self, matrix: Array) -> Array:
        """Log odds before calibration, as float64."""
        import numpy as np

        fed = self._fed(matrix)
        if not len(fed):
            return np.empty(0)
        (found,) = self._session.run([learn.OUTPUT], {learn.INPUT: fed})
        margins: Array = found[:, 1].astype("float64")
        return margins

    def score(self, matrix: Array) -> Array:
        """The calibrated probability of each row, as float64."""
        return calibrate.probabilities(self.facts["calibration"], self.margins(matrix))

    def contributions(self, matrix: Array) -> Array:
        """What each feature adds to a row's margin, the base in the last column: a row of them sums to its margin."""
        return learn.contributions(self.booster, self._fed(matrix))

    def reasons(self, matrix: Array, top: int = 3) -> list[list[Reason]]:
        """Of each row, the features that raise its score most, at most `top`."""
        import numpy as np

        fed, found = self._fed(matrix), []
        if not len(fed):
            return []
        words, names = self.facts["words"], self.features
        for row, added in zip(fed, self.contributions(fed)[:, :-1], strict=True):
            best = [int(one) for one in np.argsort(-added, kind="stable")[:top] if added[one] > 0]
            found.append([Reason(names[one], words[names[one]], _value(row[one]), float(added[one])) for one in best])
        return found

    def _fed(self, matrix: Array) -> Array:
        import numpy as np

        fed = np.ascontiguousarray(matrix, dtype=np.float32)
        if fed.ndim != 2 or fed.shape[1] != len(self.features):
            what = f"{self.name} takes {len(self.features)} features, not a matrix of shape {fed.shape}"
            raise SluiceError(what, where=str(self.folder), hint=f"in this order: {', '.join(self.features)}")
        return fed

    @cached_property
    def _session(self) -> Any:
        need("onnxruntime", "models", "a model")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(self.folder / ONNX), options, providers=["CPUExecutionProvider"])

    @cached_property
    def booster(self) -> Any:
        """The trees as XGBoost has them."""
        need("xgboost", "models", "reasons of a model")
        import xgboost

        return xgboost.Booster(params={"nthread": 1}, model_file=str(self.folder / BOOSTER))


def load(folder: Path) -> Model:
    """The model in a folder. Raises SluiceError where a file is missing or is not the one that was written."""
    facts = facts_in(folder)
    for name in (BOOSTER, ONNX):
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise SluiceError(f"a file of the model is missing: {name}", where=str(folder), hint=_LOST) from error
        if found != facts["files"][name]:
            raise SluiceError(f"{name} is not the file that was trained", where=str(folder / name), hint=_LOST)
    if version_of(facts) != facts["version"]:
        raise SluiceError("model.json was changed: its version is that of another model", where=str(folder / FACTS), hint=_LOST)
    model = Model(folder, facts)
    _ = model._session  # one that cannot be loaded is noticed here, not at the first row
    return model


def facts_in(folder: Path) -> dict[str, Any]:
    """The model.json of a folder. Raises SluiceError where it is missing or not readable."""
    try:
        return parsed((folder / FACTS).read_text(encoding="utf-8"), str(folder / FACTS))
    except OSError as error:
        raise SluiceError("no trained model is here", where=str(folder), hint=_LOST) from error


def parsed(text: str, where: str) -> dict[str, Any]:
    """The content of a model.json."""
    try:
        facts: dict[str, Any] = json.loads(text)
        if facts["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"its schema_version is {facts['schema_version']}")
        return facts
    except (ValueError, KeyError, TypeError) as error:
        raise SluiceError(f"model.json is not readable: {error}", where=where, hint=_LOST) from error


def version_of(facts: Mapping[str, Any]) -> str:
    """The version of a model: a digest of everything that its scores and alerts depend on."""
    what = {name: facts[name] for name in ("name", "features", "calibration", "threshold", "files")}
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


def write(folder: Path, booster: bytes, onnx: bytes, facts: Mapping[str, Any], card: str) -> dict[str, Any]:
    """Write a model into a new folder; its facts, with digests and version."""
    folder.mkdir(parents=True)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in ((BOOSTER, booster), (ONNX, onnx))}
    whole = {"schema_version": SCHEMA_VERSION, **facts, "files": digests}
    whole["version"] = version_of(whole)
    (folder / BOOSTER).write_bytes(booster)
    (folder / ONNX).write_bytes(onnx)
    (folder / FACTS).write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card.replace("{version}", whole["version"]), encoding="utf-8")
    return whole


def _value(value: float) -> float | None:
    return None if value != value else float(value)
