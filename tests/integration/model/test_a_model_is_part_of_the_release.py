"""A model is built, judged, published, rolled back and kept with the release that has it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.helpers import small_model
from tests.helpers.model_shop import NAME, ModelShop

from sluice.candidate.verify import verify
from sluice.core.errors import RefusedError, SluiceError
from sluice.gate.prune import prune
from sluice.model import artifact
from sluice.quality.expectations.report import as_text
from sluice.steps import audit, model, release
from sluice.store import models
from sluice.store.record import FILE, WORK

MEASURED = {
    "is_served_as_trained", "reasons_sum_to_the_margin", "is_not_worse_than_the_champion", "is_not_worse_than_the_baselines",
    "is_calibrated", "scores_do_not_drift", "features_do_not_drift", "is_fast_enough",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelShop:
    shop = ModelShop(tmp_path)
    shop.work_here(monkeypatch)
    return shop


def test_a_trained_model_is_released_and_rolled_back_with_the_data(shop: ModelShop) -> None:
    first = shop.released()
    made = shop.train()
    record, before = shop.record(made.release_id), shop.record(first)
    assert (record.parent, record.digest, record.relations) == (first, before.digest, before.relations)
    assert record.models[NAME].trained_on == first
    assert set(record.models[NAME].files) == set(artifact.FILES)
    assert "it has not been audited" in shop.refusals(made.release_id)

    judged = shop.audit(made.release_id)
    assert set(judged) == MEASURED
    assert judged["is_not_worse_than_the_champion"] == "not_run"
    assert {one for name, one in judged.items() if name != "is_not_worse_than_the_champion"} == {"pass"}
    assert shop.record(made.release_id).audit.checks == len(MEASURED)  # type: ignore[union-attr]
    assert shop.versions() == {}
    release.publish(made.release_id)
    assert shop.versions() == {NAME: made.version}
    assert [(one.environment, one.name, one.role, one.version) for one in model.served()] == [
        ("prod", NAME, "champion", made.version)
    ]
    served = artifact.load(models.folder_of(shop.store.fetch(made.release_id), NAME))
    assert served.version == made.version
    assert model.show(NAME, "prod").card.startswith("# Model payments")

    release.rollback("prod", why="it alarms at night")
    assert shop.versions() == {}
    assert model.served() == []


def test_the_files_of_the_data_are_not_copied(shop: ModelShop) -> None:
    first = shop.released()
    made = shop.train()
    for name in (FILE, WORK, "manifest.json", "run_results.json"):
        there = shop.store.fetch(first) / name
        assert (made.folder / name).stat().st_ino == there.stat().st_ino


def test_the_same_release_gives_the_same_files(shop: ModelShop) -> None:
    shop.released()
    one, other = shop.train(), shop.train()
    assert one.release_id != other.release_id
    assert shop.record(one.release_id).models == shop.record(other.release_id).models


def test_a_build_takes_over_the_models_of_its_release(shop: ModelShop) -> None:
    shop.released()
    version = shop.served()
    later = shop.built(rows=3100)
    assert shop.audit(later) == {}
    release.publish(later)
    assert shop.versions() == {NAME: version}
    assert artifact.load(models.folder_of(shop.store.fetch(later), NAME)).version == version


def test_a_model_whose_features_are_gone_closes_the_gate_and_says_what_to_do(shop: ModelShop) -> None:
    shop.released()
    version = shop.served()
    manifest = small_model.manifest()
    del manifest["nodes"]["model.shop.rpt_features"]["columns"]["hour_of_day"]
    later = shop.built(manifest=manifest)
    shop.audit(later)
    said = shop.refusals(later)
    assert "the model payments reads hour_of_day of risk.rpt_features, which this build does not have" in said
    assert f"sluice model train payments --env prod --on {later}" in said

    again = shop.train(on=later)
    assert again.version != version
    assert shop.record(again.release_id).parent == shop.record(later).parent
    shop.audit(again.release_id)
    release.publish(again.release_id)
    assert shop.versions() == {NAME: again.version}


def test_a_feature_that_is_defined_otherwise_closes_the_gate(shop: ModelShop) -> None:
    manifest = small_model.manifest()
    feature = {"name": "payments_of_card_1h", "entity": "card", "window": "1 hour", "aggregate": "count"}
    declared = {"columns": ["amount_cents"], "features": [feature]}
    manifest["nodes"]["model.shop.rpt_features"]["config"]["meta"]["features"] = declared
    shop.released(manifest=manifest)
    shop.served()
    feature["window"] = "2 hours"
    later = shop.built(manifest=manifest)
    assert "learned another definition of payments_of_card_1h" in shop.refusals(later)


def test_a_model_that_is_not_declared_any_more_is_left_out(shop: ModelShop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.released()
    shop.served()
    manifest = small_model.manifest()
    manifest["exposures"] = {}
    later = shop.built(manifest=manifest)
    assert shop.record(later).models == {}
    assert "does not declare the model payments any more" in capsys.readouterr().err
    assert not (shop.context.candidates / later / models.MODELS).exists()


def test_a_worse_model_does_not_take_the_place_of_the_champion(shop: ModelShop) -> None:
    shop.released()
    version = shop.served()
    shop.said = {"inputs": ["hour_of_day"], "baselines": []}
    shop.released()
    worse = shop.train()
    judged = shop.audit(worse.release_id)
    assert judged["is_not_worse_than_the_champion"] == "fail"
    told = as_text(audit.audit(worse.release_id).report)
    assert re.search(r"FAILED +is_not_worse_than_the_champion.*\n.*\n +observed +average precision is -0.\d+ \[.*champion", told)
    said = shop.refusals(worse.release_id)
    assert "payments.is_not_worse_than_the_champion" in said
    assert shop.versions() == {NAME: version}
    release.acknowledge("payments.is_not_worse_than_the_champion", worse.release_id, why="the other features are biased")
    release.publish(worse.release_id)
    assert shop.versions() == {NAME: worse.version}


def test_a_challenger_runs_beside_the_champion_until_it_serves(shop: ModelShop) -> None:
    shop.released()
    version = shop.served()
    shop.said = {"search": {"rounds": 40, "max_depth": 4}}
    shop.released()
    challenger = shop.served(challenger=True)
    assert shop.versions() == {NAME: version}
    assert [(one.role, one.version) for one in model.served(NAME)] == [("champion", version), ("challenger", challenger)]

    later = shop.built(rows=3100)
    shop.audit(later)
    release.publish(later)
    made = model.promote(NAME)
    assert set(shop.audit(made.release_id)) == MEASURED
    release.publish(made.release_id)
    assert [(one.role, one.version) for one in model.served()] == [("champion", challenger)]
    release.rollback("prod", why="it is slower")
    assert shop.versions() == {NAME: version}


def test_a_challenger_is_dropped(shop: ModelShop) -> None:
    shop.released()
    version = shop.served()
    shop.served(challenger=True)
    made = model.drop(NAME, challenger=True)
    assert (made.version, shop.record(made.release_id).challengers) == (None, {})
    assert shop.record(made.release_id).models[NAME].version == version


def test_a_changed_file_of_a_model_is_noticed(shop: ModelShop) -> None:
    shop.released()
    made = shop.train()
    shop.audit(made.release_id)
    for name in artifact.FILES:
        file = models.folder_of(made.folder, NAME) / name
        content = file.read_bytes()
        file.write_bytes(content[:-1] + b" ")
        assert f"models/payments/{name} is not what was built and audited" in shop.refusals(made.release_id)
        found = verify(shop.record(made.release_id), made.folder / FILE, lambda *_: None)
        assert [one.name for one in found.differences] == [f"models/payments/{name}"]
        file.write_bytes(content)
    release.publish(made.release_id)


def test_a_candidate_that_follows_another_release_is_no_base(shop: ModelShop) -> None:
    shop.released()
    stale = shop.built()
    shop.released()
    with pytest.raises(RefusedError, match="neither the release of prod nor a candidate that follows it"):
        shop.train(on=stale)


def test_the_next_build_is_compared_with_a_release_that_got_a_model(shop: ModelShop) -> None:
    """Its profile is taken over from the release that it was made of and is not a point of a series of its own."""
    from deltalake import DeltaTable

    first = shop.released()
    made = shop.train()
    found = DeltaTable(str(shop.root / "lake" / "ops" / "profiles")).to_pyarrow_table().to_pylist()
    assert {(one["release_id"], one["parent_release_id"]) for one in found} == {(made.release_id, None)}
    assert {one["relation"] for one in found} == set(shop.record(first).relations)


def test_a_training_that_fails_leaves_no_candidate(shop: ModelShop) -> None:
    shop.said = {"label": {"model": "fct_labels", "column": "is_fraud", "known_at": "known_at", "delay": "60 days"}}
    shop.released()
    with pytest.raises(SluiceError, match="too short"):
        shop.train()
    assert [one for one in shop.context.candidates.iterdir() if one.is_dir()] == []


def test_a_promotion_takes_the_model_along(shop: ModelShop) -> None:
    shop.released(environment="staging")
    made = shop.train(environment="staging")
    shop.audit(made.release_id)
    release.publish(made.release_id, environment="staging")
    release.promote("staging", "prod")
    assert shop.versions("prod") == shop.versions("staging") == {NAME: made.version}


def test_prune_leaves_the_files_that_another_release_shares(shop: ModelShop) -> None:
    first = shop.released()
    version = shop.served()
    shop.store.remove(first)
    pointed = shop.store.pointer("prod").release_id
    assert pointed
    assert artifact.load(models.folder_of(shop.store.fetch(pointed), NAME)).version == version
    assert verify(shop.record(pointed), shop.store.fetch(pointed) / FILE, lambda *_: None).differences == ()
    assert pointed not in [one.thing.name for one in prune(shop.context, is_agreed=True).going]


def test_model_json_names_the_release_and_the_code(shop: ModelShop) -> None:
    first = shop.released()
    made = shop.train()
    on = json.loads((models.folder_of(made.folder, NAME) / artifact.FACTS).read_text())["trained_on"]
    record = shop.record(first)
    assert (on["release_id"], on["commit"], on["data"]) == (first, record.code.commit, record.digest)
