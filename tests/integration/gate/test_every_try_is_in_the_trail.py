"""Who tried what, when it worked, when it was refused, when it failed: a row of lake/ops/releases, once."""

from __future__ import annotations

import pytest
from tests.helpers.schemas import document

from lab.tiny_releases import ReleaseShop
from sluice.core.errors import RefusedError, SluiceError
from sluice.environments import trail
from sluice.gate.publish import promote
from sluice.gate.rollback import rollback
from sluice.history import ledger


def test_done_refused_and_failed(anywhere: ReleaseShop) -> None:
    first = anywhere.published()
    bad = anywhere.candidate(audit=None)
    with pytest.raises(RefusedError):
        anywhere.publish(bad, why="hurry")
    with pytest.raises(SluiceError):
        rollback(anywhere.context, "prod", "nothing before")
    anywhere.actor = "job:pr"
    with pytest.raises(RefusedError):
        promote(anywhere.context, "staging", "prod")
    rows = anywhere.trail()
    assert [row[:6] for row in rows] == [
        ("publish", "prod", first, "user:tester", "done", None),
        ("publish", "prod", bad, "user:tester", "refused", "hurry"),
        ("rollback", "prod", None, "user:tester", "failed", "nothing before"),
        ("promote", "prod", None, "job:pr", "refused", None),
    ]
    assert rows[1][6] == f"it has not been audited; run: sluice audit {bad}"
    assert rows[3][6] == "job:pr may not promote prod"


def test_the_table_is_there_from_the_start(shop: ReleaseShop) -> None:
    ledger.ensure(shop.root / "lake")
    assert shop.trail() == []


def test_an_interrupted_try_is_there_too(shop: ReleaseShop) -> None:
    with pytest.raises(KeyboardInterrupt), trail.attempt(shop.root / "lake", "user:x", "build", environment="prod"):
        raise KeyboardInterrupt
    assert [row[4:] for row in shop.trail()] == [("failed", None, "interrupted")]


def test_a_lake_that_was_lost_gets_the_moves_back(shop: ReleaseShop) -> None:
    import shutil

    made = [shop.published() for _ in range(3)]
    shutil.rmtree(shop.root / "lake")
    last = shop.published()
    assert [row[2] for row in shop.trail() if row[4] == "done"] == [*made, last]
    assert trail.settle(shop.root / "lake", "prod", shop.store.pointer("prod").history) == 0


def test_the_command_line_tells_in_text_and_json(shop: ReleaseShop) -> None:
    good, bad = shop.candidate(), shop.candidate(audit=None)
    refused = shop.sluice("publish", bad, "--format", "json")
    assert refused.returncode == 1
    assert document(["publish"], refused.stdout)["reasons"] == [f"it has not been audited; run: sluice audit {bad}"]
    assert "refused: the gate is closed" in refused.stderr
    done = shop.sluice("publish", good[:20], "--why", "first")
    assert (done.returncode, done.stdout) == (0, f"prod now points to {good}\n")
    for command in (["promote", "prod", "--env", "staging"], ["publish", good], ["rollback", "--env", "staging", "--why", "x"]):
        document(command, shop.sluice(*command, "--format", "json").stdout)
    missing = shop.sluice("rollback", "prod", "--why", " ")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "a rollback needs a reason" in missing.stderr


def test_lists_say_where_things_stand(anywhere: ReleaseShop) -> None:
    first, second = anywhere.published(), anywhere.candidate()
    anywhere.publish(second, why="Monday's")
    candidate = anywhere.candidate(audit=None)
    listed = {
        row["release_id"]: row
        for row in document(["releases"], anywhere.sluice("releases", "--format", "json").stdout)["releases"]
    }
    assert list(listed) == [candidate, second, first]
    assert [listed[one]["status"] for one in listed] == ["candidate", "prod points to it", "prod would roll back to it"]
    assert (listed[second]["by"], listed[second]["why"], listed[candidate]["audit"]) == ("user:tester", "Monday's", "none")
    rows = {row["name"]: row for row in document(["envs"], anywhere.sluice("envs", "--format", "json").stdout)["environments"]}
    assert (rows["prod"]["release_id"], rows["prod"]["rolls_back_to"], rows["prod"]["status"]) == (second, first, "ok")
    assert rows["prod"]["file"] == anywhere.store.url(second)
    assert (rows["staging"]["status"], rows["dev"]["status"]) == ("nothing was published yet", "not built")
    text = anywhere.sluice("envs").stdout
    assert f"prod         {second}" in text
    assert "publish by user:tester: Monday's" in text
    assert "would roll back to it, by user:tester" in anywhere.sluice("releases").stdout


def test_a_lost_pointer_is_shown(shop: ReleaseShop) -> None:
    shop.published()
    (shop.root / "warehouse" / "prod.duckdb").unlink()
    assert "the pointer is gone; run: sluice rollback prod" in shop.sluice("envs").stdout


def test_prune_and_drop_answer_too(shop: ReleaseShop) -> None:
    shop.published()
    shown = document(["prune"], shop.sluice("prune", "--format", "json").stdout)
    assert [one["why"] for one in shown["decisions"]] == ["prod points to it"]
    assert shop.sluice("prune").stdout.endswith("0 of 1 would go, 0 B\n")
    assert shop.sluice("drop", "pr-1").stdout == "pr-1 did not exist\n"
    assert shop.sluice("drop", "prod").returncode == 1
