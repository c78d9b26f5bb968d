"""Killed before any step of publish, promote or rollback: readers have a whole, audited release, and once more finishes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.tiny_releases import Killer, ReleaseShop, seen, shop_in
from sluice.gate import publish as publishing
from sluice.gate.publish import promote
from sluice.gate.rollback import rollback
from sluice.store.folder import Folder
from sluice.store.record import load


@dataclass(frozen=True)
class Case:
    """A command that is about to run: its words, what prod may point to meanwhile, and where it must point in the end."""

    words: tuple[str, ...]
    allowed: frozenset[str]
    wanted: str

    def again(self, shop: ReleaseShop) -> None:
        """Run it once more; a rollback that was done is not run, as it would lead further back."""
        if self.words[0] == "publish":
            done = shop.publish(self.words[1])
        elif self.words[0] == "promote":
            done = promote(shop.context, "staging", "prod")
        elif shop.store.pointer("prod").release_id == self.wanted:
            return
        else:
            done = rollback(shop.context, "prod", "bad")
        assert done.release_id == self.wanted


def for_publish(shop: ReleaseShop) -> Case:
    before, candidate = shop.published(), shop.candidate()
    return Case(("publish", candidate), frozenset({before, candidate}), candidate)


def for_first_publish(shop: ReleaseShop) -> Case:
    candidate = shop.candidate()
    return Case(("publish", candidate), frozenset({candidate}), candidate)


def for_promote(shop: ReleaseShop) -> Case:
    before, staged = shop.published(), shop.published("staging")
    return Case(("promote",), frozenset({before, staged}), staged)


def for_rollback(shop: ReleaseShop) -> Case:
    before, bad = shop.published(), shop.published()
    return Case(("rollback",), frozenset({before, bad}), before)


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    worker = Killer()
    yield worker
    worker.end()


@pytest.mark.parametrize("make", [for_publish, for_first_publish, for_promote, for_rollback], ids=lambda make: make.__name__)
def test_killed_before_any_step(killer: Killer, tmp_path: Path, make: Callable[[ReleaseShop], Case]) -> None:
    case = make(shop_in(tmp_path / "begun"))
    standing, deaths, code = set(), -1, -9
    while code:
        deaths += 1
        shop = shop_in(shutil.copytree(tmp_path / "begun", tmp_path / str(deaths), symlinks=True))
        code = killer.run(shop.root, deaths, *case.words)
        assert code in (0, -9)
        standing.add(whole(shop, case.allowed))
        case.again(shop)
        assert whole(shop, frozenset({case.wanted})) == case.wanted
        nothing_is_left(shop)
        the_trail_has_it_once(shop, case)
    assert deaths >= 8, "the killer's steps are not those of the command any more"
    assert len(standing) == 2, "it was never seen before and after"


def whole(shop: ReleaseShop, allowed: frozenset[str]) -> str | None:
    """What readers have: the same release in every table, whole, audited; or, before the first, nothing at all."""
    link = shop.root / "warehouse" / "prod.duckdb"
    if not link.is_symlink():
        assert len(allowed) == 1
        return None
    record = load(link.resolve().parent)
    orders, customers, rows = seen(link)
    assert orders == customers == record.lake["raw/shop/orders"]
    assert rows == 3
    assert record.release_id in allowed
    assert record.audit is not None
    assert (record.audit.status, record.audit.digest) == ("pass", record.digest)
    return record.release_id


def nothing_is_left(shop: ReleaseShop) -> None:
    root = shop.root / "warehouse"
    assert [path.name for path in root.glob(".*") if path.name != ".releases.lock"] == []
    assert [path.name for path in (root / "releases").glob(".*")] == []
    assert not list(shop.context.candidates.iterdir())


def the_trail_has_it_once(shop: ReleaseShop, case: Case) -> None:
    """The move that counts, one row; where its own command was killed before it wrote it, the next command does."""
    publishing.begin(shop.context, "prod")
    rows = [row for row in shop.trail() if row[:3] == (case.words[0], "prod", case.wanted) and row[4] == "done"]
    assert [row for row in rows if row[6] != "it pointed there already"] == rows[:1]
    assert rows


def test_what_a_death_leaves_is_removed_and_named(shop: ReleaseShop) -> None:
    shop.published()
    root = shop.root / "warehouse"
    (root / ".prod.duckdb.new").symlink_to("releases/nowhere/warehouse.duckdb")
    (root / "releases" / ".coming-x").mkdir()
    (root / "releases" / ".going-y").mkdir()
    done = shop.publish(shop.candidate())
    assert len(done.notes) == 3
    for name in (".prod.duckdb.new", ".coming-x", ".going-y"):
        assert any(name in note and "left behind" in note for note in done.notes)
        assert not (root / name).is_symlink()
        assert not (root / "releases" / name).exists()


def test_a_move_that_was_begun_is_named(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.published()
    candidate = shop.candidate()

    class Death(BaseException):
        """Nothing catches it."""

    def die(*_: object) -> None:
        raise Death

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "_swing", die)
        with pytest.raises(Death):
            shop.publish(candidate)
    pointer = shop.store.pointer("prod")
    assert [move.release_id for move in pointer.void] == [candidate]
    assert candidate not in [move.release_id for move in pointer.history]
    done = shop.publish()
    assert (done.release_id, done.is_moved) == (candidate, True)
    assert any("was interrupted before prod moved" in note for note in done.notes)
    assert any("never published" in note for note in done.notes)


def test_a_torn_line_of_history_is_cut_off(shop: ReleaseShop) -> None:
    first = shop.published()
    history = shop.root / "warehouse" / "prod.history.jsonl"
    history.write_text(history.read_text() + '{"action": "publ')
    assert [move.release_id for move in shop.store.pointer("prod").history] == [first]
    second = shop.published()
    assert [move.release_id for move in shop.store.pointer("prod").history] == [first, second]
    assert len(history.read_text().splitlines()) == 2
