"""On S3 a release is there whole or not at all, its bytes are compared, and BI reads it over httpfs; against a real server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import obstore
import pytest
from tests.helpers.project import REPOSITORY

from lab.tiny_releases import ReleaseShop, seen
from sluice.core.duck import connect, link_extensions
from sluice.core.errors import SluiceError
from sluice.gate.prune import prune
from sluice.gate.rollback import rollback
from sluice.store.opening import open_store
from sluice.store.record import FILE
from sluice.store.s3 import Bucket
from sluice.store.store import MovedError


@pytest.fixture
def shop(tmp_path: Path, bucket: Bucket) -> ReleaseShop:
    return ReleaseShop(tmp_path, bucket)


@pytest.fixture
def store(shop: ReleaseShop) -> Any:
    """The store below the place, for what only another hand would do."""
    assert isinstance(shop.store, Bucket)
    return shop.store._store


class Death(BaseException):
    """Nothing catches it."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_write_a_release_is_whole_or_not_there(
    shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Six writes: three artifacts, the file, the record, the pointer."""
    current, calls = shop.published(), 0
    for deadly in range(1, 7):
        candidate, real, calls = shop.candidate(), obstore.put, 0

        def put(*arguments: Any, deadly: int = deadly, real: Any = real, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == deadly and moment == "before":
                raise Death
            given = real(*arguments, **named)
            if calls == deadly:
                raise Death
            return given

        with monkeypatch.context() as patched:
            patched.setattr(obstore, "put", put)
            with pytest.raises(Death):
                shop.publish(candidate)
        moved = (deadly, moment) == (6, "after")
        assert shop.store.pointer("prod").release_id == (candidate if moved else current)
        assert (candidate in shop.store.releases()) == (deadly + (moment == "after") > 5)
        assert shop.publish(candidate).is_moved != moved
        current = candidate
        assert shop.store.pointer("prod").release_id == current
        assert shop.store.record(current).file is not None


def test_a_file_that_arrives_otherwise_than_it_was_sent_is_refused(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate, real = shop.candidate(), Bucket._put

    def spoilt(self: Bucket, path: str, content: Path | bytes) -> None:
        if path.endswith(FILE) and isinstance(content, Path):
            content = content.read_bytes()[:-1] + b"!"
        real(self, path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Bucket, "_put", spoilt)
        with pytest.raises(SluiceError, match="is not the one that was sent"):
            shop.publish(candidate)
    assert (shop.store.releases(), shop.store.pointer("prod").release_id) == ([], None)
    assert shop.publish(candidate).is_moved


def test_a_fetched_release_is_compared_with_its_record(shop: ReleaseShop, store: Any) -> None:
    release = shop.published()
    cached = shop.store.fetch(release)
    assert seen(cached / FILE) == (1, 1, 3)
    elsewhere = Bucket(shop.store.address, shop.root / "another machine")
    assert seen(elsewhere.fetch(release) / FILE) == (1, 1, 3)
    assert (elsewhere.fetch(release) / FILE).read_bytes() == (cached / FILE).read_bytes()
    obstore.put(store, f"releases/{release}/{FILE}", b"something else")
    third = Bucket(shop.store.address, shop.root / "a third machine")
    with pytest.raises(SluiceError, match="is not the one described in its record"):
        third.fetch(release)
    assert not list(third.cache.iterdir())


def test_a_big_file_goes_up_in_parts(shop: ReleaseShop) -> None:
    release = shop.published(rows=1_500_000)
    size = (shop.store.fetch(release) / FILE).stat().st_size
    assert size > 8 * 1024 * 1024
    assert shop.store.summary(release).bytes == size


def test_a_stale_pointer_is_refused_and_an_answer_that_was_lost_is_found(
    shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sluice.store import moves

    first, second = shop.published(), shop.published()
    stale = shop.store.pointer("prod")
    rollback(shop.context, "prod", "bad")
    rollback(shop.context, "prod", "not bad", to=second)
    assert shop.store.pointer("prod").release_id == stale.release_id
    with pytest.raises(MovedError):
        shop.store.move(stale, moves.new("rollback", first, second, "user:late"))
    real = obstore.put

    def answers_late(*arguments: Any, **named: Any) -> Any:
        """The write is done, its answer is lost, and the client tries again: S3 then says no to what it did."""
        real(*arguments, **named)
        return real(*arguments, **named)

    monkeypatch.setattr(obstore, "put", answers_late)
    assert rollback(shop.context, "prod", "bad").release_id == first


def test_what_a_dead_upload_left_goes_after_a_day(shop: ReleaseShop, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    obstore.put(store, "releases/20250101T000000Z-abcdef/warehouse.duckdb", b"half")
    assert shop.publish(shop.candidate()).notes == ()
    assert shop.store.releases() == [shop.store.pointer("prod").release_id]
    monkeypatch.setattr("sluice.store.s3.UPLOAD_LIVES", timedelta(seconds=-60))
    assert any("20250101T000000Z-abcdef" in note for note in shop.publish(shop.candidate()).notes)
    with pytest.raises(FileNotFoundError):
        obstore.head(store, "releases/20250101T000000Z-abcdef/warehouse.duckdb")


def test_a_release_that_is_pointed_to_while_it_is_removed_stays(shop: ReleaseShop) -> None:
    release = shop.published()
    with pytest.raises(SluiceError, match="an environment points to"):
        shop.store.remove(release)
    assert shop.store.record(release).release_id == release
    assert prune(shop.context, is_agreed=True).notes == ()
    assert shop.store.releases() == [release]


def test_a_store_that_does_not_answer_is_told(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert s3
    nowhere = ReleaseShop(tmp_path, Bucket("s3://no-such-bucket/x", tmp_path / "cache"))
    with pytest.raises(SluiceError) as told:
        nowhere.store.releases()
    assert "NoSuchBucket" in told.value.what or "404" in told.value.what
    assert "AWS_" in told.value.hint
    with pytest.raises(SluiceError, match="neither a folder nor s3"):
        open_store("gs://bucket")
    with pytest.raises(SluiceError, match="names no bucket"):
        open_store("s3://")
    monkeypatch.setenv("SLUICE_RELEASES", "s3://releases/somewhere")
    assert open_store().address == "s3://releases/somewhere"


def recipes(language: str) -> str:
    """The only block of docs/release.md in a language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", (REPOSITORY / "docs" / "release.md").read_text(), re.DOTALL)
    return str(block)


def test_bi_reads_the_release_over_httpfs_by_the_recipe_in_sql(shop: ReleaseShop, s3: str) -> None:
    release = shop.published()
    secret, ask, attach = [part for part in re.sub(r"--.*", "", recipes("sql")).split(";") if part.strip()]
    for word in ("KEY", "SECRET"):
        secret = secret.replace(f"'{word}'", "'test'")
    secret = secret.replace("REGION", "us-east-1").replace("'HOST'", f"'{s3}', use_ssl false")
    with connect(extensions=["httpfs"]) as bi:
        bi.execute(secret)
        address = shop.store.address
        assert bi.execute(ask.replace("s3://bucket/prefix", address)).fetchall() == [(shop.store.url(release),)]
        bi.execute(attach.replace("s3://bucket/prefix", address).replace("<id>", release))
        assert bi.execute("select max(release_number), count(*) from prod.core.orders").fetchall() == [(1, 3)]


def test_bi_follows_the_pointer_by_the_recipe_in_python(shop: ReleaseShop, s3: str) -> None:
    names: dict[str, Any] = {}
    exec(recipes("python"), names)  # noqa: S102  # it is what the page tells people to run
    first, pointer = shop.published(), f"{shop.store.address}/prod.json"
    with connect(extensions=["httpfs"]) as bi:
        bi.execute(f"create secret (type s3, key_id 'a', secret 'b', endpoint '{s3}', url_style 'path', use_ssl false)")
        assert names["attach_current"](bi, pointer) == shop.store.url(first)
        second = shop.published()
        assert bi.execute("select max(release_number) from prod.core.customers").fetchall() == [(1,)]
        assert names["attach_current"](bi, pointer) == shop.store.url(second)
        assert bi.execute("select max(release_number) from prod.core.customers").fetchall() == [(2,)]


def test_httpfs_is_linked_as_the_other_extensions_are(tmp_path: Path) -> None:
    names = {path.name for path in link_extensions(tmp_path)}
    assert "httpfs.duckdb_extension" in names
    with duckdb.connect(config={"extension_directory": str(tmp_path), "autoinstall_known_extensions": False}) as connection:
        connection.execute("load httpfs")


def test_the_pointer_object_says_all_that_a_reader_needs(shop: ReleaseShop, store: Any) -> None:
    release = shop.published()
    document = json.loads(bytes(obstore.get(store, "prod.json").bytes()))
    assert (document["release_id"], document["file"]) == (release, shop.store.url(release))
    assert [move["actor"] for move in document["history"]] == ["user:tester"]


def test_a_damaged_entry_of_the_history_is_told_and_gone_with_the_next_move(shop: ReleaseShop, store: Any) -> None:
    first, second = shop.published(), shop.published()
    document = json.loads(bytes(obstore.get(store, "prod.json").bytes()))
    document["history"][0] = {"action": "publish"}
    obstore.put(store, "prod.json", json.dumps(document).encode())
    assert len(shop.store.pointer("prod").damaged) == 1
    done = rollback(shop.context, "prod", "bad")
    assert done.release_id == first
    assert any("entry 1 of the history" in note for note in done.notes)
    assert shop.store.pointer("prod").damaged == ()
    assert rollback(shop.context, "prod", "no, it was good", to=second).release_id == second
