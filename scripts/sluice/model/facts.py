"""What model.json and card.md say of a trained model."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from sluice import __version__
from sluice.model import artifact, card
from sluice.model.train import Trained


def keep(trained: Trained, folder: Path, release: dict[str, Any]) -> dict[str, Any]:
    """Write a trained model into a folder; `release` says on which release it was trained."""
    facts = facts_of(trained, release)
    return artifact.write(folder, trained.booster, trained.onnx, facts, card.written(facts))


def facts_of(trained: Trained, release: dict[str, Any]) -> dict[str, Any]:
    """The content of model.json, but for digests and version."""
    declaration, times, settings = trained.declaration, trained.moments, trained.declaration.settings
    return {
        "name": declaration.name,
        "description": declaration.description,
        "owner": declaration.owner,
        "features": list(declaration.features),
        "words": dict(declaration.words),
        "definitions": {name: declaration.definitions[name] for name in declaration.features},
        "reads": {
            "features": declaration.features_relation,
            "labels": declaration.labels_relation,
            "key": settings.key,
            "at": settings.at,
            "delay_days": settings.label.delay.total_seconds() / 86400,
        },
        "threshold": trained.threshold,
        "calibration": dict(trained.calibration),
        "base": trained.base,
        "reasons": settings.reasons,
        "cost": vars(settings.cost),
        "daily": vars(settings.daily),
        "parameters": {**trained.chosen, "seed": settings.seed, "threads": settings.threads},
        "trials": list(trained.trials),
        "trained_on": {
            **release,
            "as_of": f"{times.as_of}",
            "train_since": None if times.held_out.train_since is None else f"{times.held_out.train_since}",
            "train_until": f"{times.held_out.train_until}",
            "held_out_since": f"{times.held_out.since}",
            "held_out_until": f"{times.held_out.until}",
            "folds": [[f"{fold.since}", f"{fold.until}"] for fold in times.folds],
            **trained.rows,
        },
        "weights": dict(trained.weights),
        "profile": dict(trained.profile),
        "metrics": dict(trained.metrics),
        "made_by": {"sluice": __version__, **{name: version(name) for name in ("xgboost-cpu", "onnxmltools", "numpy")}},
    }
