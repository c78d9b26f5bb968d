"""A damaged record, file, pointer, history or trail: commands name it, and do what can be done without it."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.tiny_releases import POLICY, ReleaseShop, warehouse
from sluice.core.errors import SluiceError
from sluice.environments import listing, resolve
from sluice.environments.context import Context
from sluice.gate.prune import prune
from sluice.gate.rollback import rollback
from sluice.store.record import NAME

NOTHING = replace(POLICY, retention=replace(POLICY.retention, keep_last=0, keep_days=0, keep_weeks=0, candidate_days=0))


def spoil(folder: Path, text: str = "{") -> None:
    """Damage the record in a folder."""
    (folder / NAME).chmod(0o644)
    (folder / NAME).write_text(text)


def status(shop: ReleaseShop, name: str) -> str:
    """What `sluice releases` says of a release or candidate."""
    (found,) = [row.status for row in listing.releases(shop.context) if row.release_id == name]
    return found


def state(shop: ReleaseShop, name: str = "prod") -> str:
    """What `sluice envs` says of an environment."""
    (found,) = [row.status for row in listing.environments(shop.context) if row.name == name]
    return found


def history(shop: ReleaseShop) -> Path:
    return shop.root / "warehouse" / "prod.history.jsonl"


@pytest.mark.parametrize("text", ["{", "", "{}", "\x00\xff", '{"release_id": 1}'])
def test_a_release_with_a_damaged_record_is_listed_and_left(shop: ReleaseShop, text: str) -> None:
    first, second = shop.published(), shop.published()
    spoil(shop.store.fetch(second), text)
    assert status(shop, second).startswith("prod points to it; the record of the release is not valid")
    assert status(shop, first) == "prod would roll back to it"
    assert state(shop).startswith("the record of the release is not valid")
    kept = {one.thing.name: one.why for one in prune(shop.context, is_agreed=False).decisions}
    assert kept[second].startswith("its record has to be looked at")
    assert rollback(shop.context, "prod", "damaged").release_id == first


def test_a_rollback_to_a_damaged_record_says_what_else_there_is(shop: ReleaseShop) -> None:
    first, second, third = (shop.published() for _ in range(3))
    spoil(shop.store.fetch(second))
    with pytest.raises(SluiceError, match=f"the previous release, {second}, cannot be used") as told:
        rollback(shop.context, "prod", "bad")
    assert told.value.hint == f"choose one: --to {first}"
    assert shop.store.pointer("prod").release_id == third


def test_a_damaged_candidate_is_named_when_another_is_published(shop: ReleaseShop) -> None:
    shop.published()
    candidate, damaged = shop.candidate(), shop.candidate()
    spoil(shop.context.candidates / damaged)
    assert status(shop, damaged).startswith("the record of the release is not valid")
    done = shop.publish()
    assert done.release_id == candidate
    assert any(damaged in note and "passed over" in note for note in done.notes)
    with pytest.raises(SluiceError, match=f"there is no candidate for prod; the record of {damaged} cannot be used"):
        shop.publish()


def test_a_release_without_its_record_can_be_compared_and_not_verified(
    shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    release = shop.published()
    spoil(shop.store.fetch(release))
    monkeypatch.setattr(resolve, "here", lambda: shop.context)
    assert resolve.locate(release).file.is_file()
    assert "is taken without it" in capsys.readouterr().err
    with pytest.raises(SluiceError, match="the record of the release is not valid"):
        resolve.recorded(release, "to compare with")


def test_a_file_that_was_cut_off_is_told(shop: ReleaseShop) -> None:
    first, second = shop.published(), shop.published()
    for release, size in ((first, 300_000), (second, 0)):
        file = shop.store.fetch(release) / "warehouse.duckdb"
        recorded = file.stat().st_size
        file.chmod(0o644)
        os.truncate(file, size)
        assert f"the file has {size:,} bytes and its record says {recorded:,}" in status(shop, release)
    assert "0 bytes" in state(shop) or "cannot be opened" in state(shop)


def test_a_file_that_no_longer_opens_is_told(shop: ReleaseShop) -> None:
    release = shop.published()
    file = shop.store.fetch(release) / "warehouse.duckdb"
    size = file.stat().st_size
    file.chmod(0o644)
    file.write_bytes(b"x" * size)
    assert state(shop).startswith("the warehouse file cannot be opened")


def test_a_release_whose_folder_was_renamed_or_lost_is_told(shop: ReleaseShop) -> None:
    first, second = shop.published(), shop.published()
    folder = shop.store.fetch(second)
    folder.rename(folder.with_name("kept-aside"))
    assert state(shop) == f"the release {second} does not exist"
    assert status(shop, "kept-aside") == f"never published; the record of kept-aside is that of {second}"
    assert [one.is_kept for one in prune(strict(shop), is_agreed=False).decisions if one.thing.name == "kept-aside"] == [True]
    assert rollback(shop.context, "prod", "lost").release_id == first


def strict(shop: ReleaseShop) -> Context:
    """A policy that keeps nothing."""
    return replace(shop.context, policy=NOTHING)


DAMAGES = {
    "a line in the middle": lambda text: text.replace(text.splitlines()[0], "garbage"),
    "the last line": lambda text: text.replace(text.splitlines()[-1], "garbage"),
    "half of the last line": lambda text: text[:-20],
    "a field of another type": lambda text: text.replace('"actor": "user:tester"', '"actor": 1'),
    "a day that is none": lambda text: text.replace('"at": "20', '"at": "30x'),
    "blank lines": lambda text: text.replace("\n", "\n\n"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_rollback_finds_its_way_in_a_damaged_history(shop: ReleaseShop, damage: object) -> None:
    """Each move also says where it started from."""
    assert callable(damage)
    made = [shop.published() for _ in range(3)]
    history(shop).write_text(damage(history(shop).read_text()))
    target = made[0] if damage is DAMAGES["a field of another type"] or damage is DAMAGES["a day that is none"] else made[1]
    done = rollback(shop.context, "prod", "bad", to=None if target == made[1] else target)
    assert done.release_id == target
    assert shop.store.pointer("prod").release_id == target


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{\x00}\x00\n\x00", b"\x00" * 100 + b"\n"], ids=["empty", "utf-16", "zeros"])
def test_without_any_history_the_records_say_what_may_be_chosen(shop: ReleaseShop, content: bytes) -> None:
    first, second = shop.published(), shop.published()
    staged = shop.published("staging")
    history(shop).write_bytes(content)
    with pytest.raises(SluiceError, match="prod has no earlier release") as told:
        rollback(shop.context, "prod", "bad")
    assert told.value.hint == f"choose one: --to {first}"
    with pytest.raises(SluiceError, match="prod never pointed to"):
        rollback(shop.context, "prod", "bad", to=staged)
    assert rollback(shop.context, "prod", "bad", to=first).release_id == first
    # The history goes on from here.
    assert rollback(shop.context, "prod", "no, it was the other one", to=second).release_id == second
    assert [move.release_id for move in shop.store.pointer("prod").history] == [first, second]


def test_a_damaged_line_is_told_by_every_command_that_looks(shop: ReleaseShop) -> None:
    shop.published()
    shop.published()
    history(shop).write_text("garbage\n" + history(shop).read_text())
    assert state(shop).startswith(f"ok; line 1 of {history(shop)} is left out")
    assert any("line 1 of" in note for note in prune(shop.context, is_agreed=False).notes)
    assert any("line 1 of" in note for note in shop.publish(shop.candidate()).notes)


def test_prune_keeps_every_release_while_a_pointer_or_history_is_damaged(shop: ReleaseShop) -> None:
    made = [shop.published() for _ in range(4)]
    candidate = shop.candidate()
    whole = history(shop).read_text()
    history(shop).write_text("garbage\n" + whole)
    assert [one.thing.name for one in prune(strict(shop), is_agreed=True).going] == [candidate]
    assert shop.store.releases() == made
    history(shop).write_text(whole)
    assert {one.thing.name for one in prune(strict(shop), is_agreed=True).going} == set(made[:2])


def test_a_pointer_that_is_a_file_stops_its_own_environment_only(shop: ReleaseShop) -> None:
    first, second = shop.published(), shop.published()
    staged = shop.published("staging")
    link = shop.root / "warehouse" / "staging.duckdb"
    link.unlink()
    shutil.copy(shop.store.fetch(staged) / "warehouse.duckdb", link)
    assert state(shop, "staging") == "staging.duckdb is not a pointer to a release"
    assert rollback(shop.context, "prod", "bad").release_id == first
    assert prune(strict(shop), is_agreed=True).going == []
    with pytest.raises(SluiceError, match=r"staging\.duckdb is not a pointer"):
        shop.published("staging", parent=staged)
    link.unlink()
    assert rollback(shop.context, "staging", "the pointer was lost").release_id == staged
    assert status(shop, second) == "released before"


def test_a_pointer_that_was_moved_by_hand_leads_back_to_where_it_stood(shop: ReleaseShop) -> None:
    _, second = shop.published(), shop.published()
    staged = shop.published("staging")
    link = shop.root / "warehouse" / "prod.duckdb"
    link.unlink()
    link.symlink_to(Path("releases") / staged / "warehouse.duckdb")
    assert rollback(shop.context, "prod", "who did that?").release_id == second


def log_garbage(table: Path) -> None:
    for file in (table / "_delta_log").glob("*.json"):
        file.write_text("x{")


def log_lost(table: Path) -> None:
    shutil.rmtree(table / "_delta_log")


def data_lost(table: Path) -> None:
    for file in table.glob("*.parquet"):
        file.unlink()


def a_file(table: Path) -> None:
    shutil.rmtree(table)
    table.write_text("not a folder")


def lost(table: Path) -> None:
    shutil.rmtree(table.parent.parent)


@pytest.mark.parametrize("damage", [log_garbage, log_lost, data_lost, a_file, lost], ids=lambda one: one.__name__)
def test_a_rollback_works_in_whatever_state_the_trail_is(
    shop: ReleaseShop, capsys: pytest.CaptureFixture[str], damage: object
) -> None:
    first, _ = shop.published(), shop.published()
    assert callable(damage)
    damage(shop.root / "lake" / "ops" / "releases")
    assert rollback(shop.context, "prod", "bad").release_id == first
    said = capsys.readouterr().err
    # What was lost as a whole, or only its data files, can be written to again.
    assert said.count("the audit trail in") == (0 if damage in (data_lost, lost) else 1)


def test_several_errors_of_a_copy_are_one_sentence(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """shutil gathers what went wrong with each file into a list."""
    candidate = shop.candidate()
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def other_disk(source: str, target: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), f"{source} {target}")

    def copytree(source: Path, target: Path) -> None:
        raise shutil.Error([(str(source / name), str(target / name), str(full)) for name in ("warehouse.duckdb", NAME)])

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", other_disk)
        patched.setattr("sluice.store.folder.shutil.copytree", copytree)
        with pytest.raises(SluiceError) as told:
            shop.publish(candidate)
    assert told.value.what == "the release cannot be put in place: No space left on device"
    assert shop.publish(candidate).is_moved


def test_a_lake_without_room_or_right_costs_the_trail_and_one_note(
    shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Before deltalake begins, whose threads print their own backtraces."""
    first, _ = shop.published(), shop.published()
    shop.published()
    with monkeypatch.context() as patched:
        patched.setattr("sluice.history.ledger.shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
        assert rollback(shop.context, "prod", "bad").is_moved
    with monkeypatch.context() as patched:
        patched.setattr("sluice.history.ledger.os.access", lambda *_: False)
        assert rollback(shop.context, "prod", "bad").release_id == first
    notes = capfd.readouterr().err.splitlines()
    assert [note.rpartition(": ")[2] for note in notes[-2:]] == [
        "No space left on device",
        f"{shop.root}/lake/ops/releases may not be written to",
    ]
    assert len(notes) == 2


def test_a_file_of_an_environment_that_is_no_longer_of_duckdb_is_told(shop: ReleaseShop) -> None:
    file = shop.root / "warehouse" / "pr" / "7.duckdb"
    warehouse(file, 1)
    assert state(shop, "pr-7").startswith("ok")
    for content in (b"", b"x" * 20_000):
        file.write_bytes(content)
        assert state(shop, "pr-7").startswith("not a DuckDB file")


def test_a_candidate_of_another_user_stays_and_is_listed(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root may look everywhere, what the system says to others is put into its mouth."""
    shop.published()
    hidden = shop.candidate()
    real = Path.stat

    def stat(self: Path, **how: bool) -> os.stat_result:
        if hidden in self.parts and self.name != hidden:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return real(self, **how)

    def opened(self: Path, *arguments: object, **named: object) -> object:
        stat(self)
        return real_open(self, *arguments, **named)

    real_open: Any = Path.open
    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", stat)
        patched.setattr(Path, "open", opened)
        assert status(shop, hidden) == "the record of the release cannot be read: Permission denied"
        (kept,) = [one for one in prune(strict(shop), is_agreed=False).decisions if one.thing.name == hidden]
    assert (kept.is_kept, kept.why) == (True, "this user may not look into it: Permission denied")
