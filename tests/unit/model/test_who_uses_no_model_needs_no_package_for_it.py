"""XGBoost and ONNX are imported where they are used, and where they are missing an error names the extra."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers import small_model

from sluice.core.errors import SluiceError
from sluice.model import artifact
from sluice.model.declared import declared
from sluice.model.train import train


def test_commands_import_none_of_them() -> None:
    code = (
        "import sys; import sluice.cli, sluice.steps.model, sluice.steps.audit, sluice.steps.build, sluice.model.artifact;"
        "known = {name.split('.')[0] for name in sys.modules};"
        "sys.exit(', '.join({'xgboost', 'onnx', 'onnxmltools', 'onnxruntime'} & known) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_training_without_them_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.core.extras.find_spec", lambda _: None)
    with pytest.raises(SluiceError, match="sluice model needs the package xgboost") as error:
        train(tmp_path / "none.duckdb", declared(small_model.manifest(), "payments"))
    assert "'sluice-dataops[models]'" in error.value.hint


def test_serving_without_them_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sluice.core.extras.find_spec", lambda _: None)
    model = artifact.Model(tmp_path, {"name": "payments"})
    for part, package in (("_session", "onnxruntime"), ("booster", "xgboost")):
        with pytest.raises(SluiceError, match=f"needs the package {package}") as error:
            getattr(model, part)
        assert "'sluice-dataops[models]'" in error.value.hint
