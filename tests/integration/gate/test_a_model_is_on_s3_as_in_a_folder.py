"""On S3, a model is uploaded, compared, fetched and taken over with its release; against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.model_shop import NAME, ModelShop

from sluice.core.errors import SluiceError
from sluice.model import artifact
from sluice.steps import model, release
from sluice.store import models
from sluice.store.s3 import Bucket


def test_another_machine_serves_and_goes_on_with_it(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploaded, compared, fetched to a machine that has nothing, and taken over by its next candidate."""
    shop = ModelShop(tmp_path, bucket)
    shop.work_here(monkeypatch)
    shop.released()
    version = shop.served()
    other = ModelShop(tmp_path / "other", Bucket(bucket.address, tmp_path / "other" / "warehouse" / "cache"))
    other.work_here(monkeypatch)
    assert [one.version for one in model.served()] == [version]
    later = other.built(rows=3100)
    other.audit(later)
    release.publish(later)
    fetched = models.folder_of(other.store.fetch(later), NAME)
    assert artifact.load(fetched).version == version
    assert other.versions() == {NAME: version}
    assert other.train().parent == later


def test_a_model_that_was_changed_on_the_way_is_not_fetched(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = ModelShop(tmp_path, bucket)
    shop.work_here(monkeypatch)
    shop.released()
    shop.served()
    pointed = bucket.pointer("prod").release_id
    assert pointed
    bucket._put(f"releases/{pointed}/models/{NAME}/{artifact.ONNX}", b"another model")
    other = Bucket(bucket.address, tmp_path / "other")
    with pytest.raises(SluiceError, match="is not the one described in its record"):
        other.fetch(pointed)
    assert not (tmp_path / "other" / pointed).exists()
