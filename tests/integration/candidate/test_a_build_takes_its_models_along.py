"""A build has the models of the release that it follows, and a rebuild those of the release that it builds again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.helpers.candidates import Story

from sluice.candidate.inherited import described
from sluice.model.declared import _definitions
from sluice.store.models import folder_of
from sluice.store.record import Model, dump, load

_DECLARED = """
exposures:
  - name: shops
    type: ml
    owner: {name: Somebody}
    depends_on: [ref('by_shop'), ref('rpt_shops')]
    config:
      meta:
        model:
          features: by_shop
          key: shop_id
          at: opened_at
          inputs: [amount]
          label: {model: rpt_shops, column: is_gone, known_at: known_at, delay: 7 days}
"""


def _given(release: Path, version: str) -> Model:
    """A release with a model, of which a build looks at nothing but what it reads."""
    facts = {
        "schema_version": 1,
        "name": "shops",
        "version": version,
        "features": ["amount"],
        "definitions": _definitions({"columns": {"amount": {}}}),
        "reads": {"features": "core.by_shop"},
        "trained_on": {"release_id": release.name},
    }
    folder = folder_of(release, "shops")
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(facts))
    model = described(folder, facts)
    dump(replace(load(release), models={"shops": model}), release)
    return model


def test_a_build_and_a_rebuild_have_the_models_of_their_release(retold: Callable[[], Story]) -> None:
    story = retold()
    story.shop.write("models/_exposures.yml", _DECLARED)
    story.shop.commit()
    model = _given(story.release, "one")
    folder, record = story.shop.build()
    assert record.models == {"shops": model}
    file = folder_of(folder, "shops") / "model.json"
    assert file.stat().st_ino == (folder_of(story.release, "shops") / "model.json").stat().st_ino
    assert "as recorded" in story.shop.sluice("verify", folder.name).stdout

    published = story.shop.publish(folder)
    story.shop.publish(story.candidate)  # prod points to a release without a model now
    again = json.loads(story.shop.sluice("rebuild", published.name, "--format", "json").stdout)
    assert load(Path(again["folder"])).models == {"shops": model}
