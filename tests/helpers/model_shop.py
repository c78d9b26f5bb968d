"""Releases of the payments of `small_model`, and the steps on them in this process; no dbt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import small_model

from lab.tiny_releases import ReleaseShop, results
from sluice.core.errors import RefusedError
from sluice.steps import audit, model, release
from sluice.steps.model import Made
from sluice.store.folder import Folder
from sluice.store.record import Record, load
from sluice.store.store import Store

NAME = "payments"


class ModelShop(ReleaseShop):
    """A shop with the model `payments`; `said` are keys of its declaration."""

    said: dict[str, Any]

    def __init__(self, root: Path, store: Store | None = None) -> None:
        super().__init__(root, store or Folder(root / "warehouse"), fill=lambda file, _, rows: _filled(file, rows))
        self.said = {"search": {"rounds": 30, "max_depth": 3}}

    def work_here(self, patch: pytest.MonkeyPatch) -> None:
        """Let steps that read the environment work on this shop."""
        for name, value in self.environment().items():
            if name.startswith("SLUICE_"):
                patch.setenv(name, value)

    def built(self, rows: int = 3000, manifest: dict[str, Any] | None = None, **more: Any) -> str:
        """A candidate as a build leaves it, with a work file: its models are those of the release that it follows."""
        from sluice.candidate import inherited
        from sluice.candidate.plan import kept
        from sluice.store.record import dump

        release_id = self.with_work(rows=rows, **more)
        folder = self.context.candidates / release_id
        declared = manifest or small_model.manifest(small_model.settings(**self.said))
        (folder / "manifest.json").write_text(json.dumps(declared))
        nodes = [{"unique_id": "model.shop.rpt_features", "status": "success"}]
        ran = results(nodes) | {"elapsed_time": 1.0}
        ran["metadata"]["generated_at"] = "2026-05-01T00:00:00Z"
        (folder / "run_results.json").write_text(json.dumps(ran))
        if before := kept(load(folder).parent, self.context):
            dump(inherited.taken_over(load(folder), folder, before, declared), folder)
        return release_id

    def released(self, **more: Any) -> str:
        """A release of such a candidate."""
        release_id = self.built(**more)
        assert self.publish(release_id, self.record(release_id).environment).is_moved
        return release_id

    def train(self, **more: Any) -> Made:
        """A candidate with a new model."""
        return model.train(NAME, **more)

    def audit(self, name: str) -> dict[str, str]:
        """Audit a candidate; the status of each check of its models."""
        report = audit.audit(name).report
        return {check.name: check.status for one in report.models for check in one.checks if check.expectation == "model"}

    def served(self, **more: Any) -> str:
        """Train, audit and publish; the version."""
        made = self.train(**more)
        self.audit(made.release_id)
        release.publish(made.release_id)
        assert made.version
        return made.version

    def record(self, release_id: str) -> Record:
        """The record of a candidate or release."""
        folder = self.context.candidate(release_id)
        return load(folder) if folder else self.store.record(release_id)

    def versions(self, environment: str = "prod") -> dict[str, str]:
        """What an environment serves."""
        pointed = self.store.pointer(environment).release_id
        assert pointed
        return {name: one.version for name, one in self.record(pointed).models.items()}

    def refusals(self, name: str) -> str:
        """Why a candidate may not be published."""
        with pytest.raises(RefusedError) as error:
            release.publish(name)
        return "\n".join(error.value.reasons)


def _filled(file: Path, rows: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    small_model.warehouse(file, rows)
