"""Beside a release is the file that the next build starts from: readers do not get it, prune removes it, changes are seen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from lab.tiny_releases import MANIFEST, ReleaseShop, seen
from sluice.candidate.plan import Plan, plan
from sluice.candidate.verify import verify
from sluice.core.errors import RefusedError, SluiceError
from sluice.core.progress import silent
from sluice.environments.listing import releases
from sluice.gate import audit_record
from sluice.gate.prune import prune
from sluice.quality.expectations.dbt_findings import DbtFindings
from sluice.quality.expectations.result import AuditReport
from sluice.store import digest, standalone
from sluice.store.record import FILE, NAME, WORK, File, load
from sluice.store.s3 import Bucket


def published(shop: ReleaseShop) -> str:
    release = shop.with_work()
    assert shop.publish(release).is_moved
    return release


def planned(shop: ReleaseShop) -> Plan:
    """What the next build for prod starts from."""
    (shop.root / "dbt_project.yml").write_text("name: shop")
    return plan("prod", shop.context, full_refresh=False, project=shop.root)


def test_it_comes_and_goes_with_the_release_and_before_it(anywhere: ReleaseShop) -> None:
    made = [published(anywhere) for _ in range(4)]
    assert anywhere.store.works().keys() == {*made}
    (newest,) = [row for row in releases(anywhere.context) if row.release_id == made[-1]]
    assert newest.work_bytes == anywhere.store.works()[made[-1]] > 0
    done = prune(anywhere.context, is_agreed=True)
    assert [(one.thing.kind, one.thing.name) for one in done.going if one.thing.kind != "cache"] == [
        ("work", made[0]), ("work", made[1]),
    ]  # fmt: skip
    assert anywhere.store.works().keys() == {*made[2:]}
    assert anywhere.store.releases() == made
    assert anywhere.store.work(made[0]) is None
    work = anywhere.store.work(made[3])
    assert work is not None
    assert work.name == WORK


def test_on_this_machine_nobody_else_may_open_it(shop: ReleaseShop) -> None:
    work = shop.store.work(published(shop))
    assert work is not None
    assert work.stat().st_mode & 0o777 == 0o400


def test_from_s3_it_is_fetched_where_it_is_needed(tmp_path: Path, bucket: Bucket) -> None:
    release = published(ReleaseShop(tmp_path, bucket))
    elsewhere = Bucket(bucket.address, tmp_path / "another machine")
    assert seen(elsewhere.fetch(release) / FILE) == (1, 1, 3)
    assert not (elsewhere.cache / release / WORK).exists()
    work = elsewhere.work(release)
    assert work == elsewhere.cache / release / WORK
    assert work.read_bytes() == (bucket.cache / release / WORK).read_bytes()
    assert work.stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize("name", [FILE, WORK])
def test_a_bit_that_flips_between_audit_and_publish_is_seen(anywhere: ReleaseShop, name: str) -> None:
    current, candidate = published(anywhere), anywhere.with_work()
    file = anywhere.context.candidates / candidate / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(RefusedError, match=f"{name} is not what was built and audited"):
        anywhere.publish(candidate)
    assert anywhere.store.pointer("prod").release_id == current


def test_a_candidate_that_is_nothing_but_a_work_file_is_refused_with_the_reasons(anywhere: ReleaseShop) -> None:
    """As dbt leaves it if a model fails."""
    candidate = anywhere.with_work()
    anywhere.amend(candidate, file=None, digest=None, relations={}, audit=None)
    (anywhere.context.candidates / candidate / FILE).unlink()
    with pytest.raises(RefusedError, match="it has no digest"):
        anywhere.publish(candidate)


def test_verify_names_the_relation_in_which_it_flipped(shop: ReleaseShop) -> None:
    folder = shop.context.candidates / shop.with_work(rows=200_000)
    file = folder / FILE
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    found = verify(load(folder), file, silent).differences
    assert found[0].what == "another sha256"
    assert {one.name for one in found[1:]} >= {"core.orders"}
    assert any(one.what.startswith("cannot be read: ") for one in found)


def test_a_build_starts_from_it_and_says_so_when_it_is_gone(anywhere: ReleaseShop) -> None:
    release = published(anywhere)
    before = planned(anywhere)
    assert before.base == anywhere.store.work(release)
    assert before.remark == ""
    anywhere.store.remove_work(release)
    after = planned(anywhere)
    assert (after.base, after.parent) == (None, release)
    assert after.remark == f"the work file of {release} is gone, so this builds everything from nothing (full refresh)"


def test_who_may_not_read_it_is_told_what_to_do(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    release = published(shop)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SluiceError, match="may not be read by this user") as error:
        planned(shop)
    assert error.value.where.endswith(f"{release}/{WORK}")
    assert "build as its owner" in error.value.hint


def test_what_snapshots_have_recorded_is_not_lost_in_silence(anywhere: ReleaseShop) -> None:
    candidate = anywhere.with_work()
    snapshot = {**MANIFEST["nodes"]["model.shop.orders"], "resource_type": "snapshot", "name": "orders_as_they_were"}
    (anywhere.context.candidates / candidate / "manifest.json").write_text(json.dumps({"nodes": {"snapshot.shop.x": snapshot}}))
    assert anywhere.publish(candidate).is_moved
    assert planned(anywhere).base is not None
    anywhere.store.remove_work(candidate)
    with pytest.raises(SluiceError, match="the history of the snapshots orders_as_they_were"):
        planned(anywhere)


def older(shop: ReleaseShop) -> Path:
    """The folder of a candidate as an older version built it: digests of version 1, no sha256, an audit to come."""
    folder = shop.context.candidates / shop.candidate()
    with duckdb.connect(str(folder / FILE)) as connection:
        connection.execute("create table core.wide as select 0::hugeint as zero")
    relations = standalone.read(folder / FILE, version=1)
    size = (folder / FILE).stat().st_size
    shop.amend(
        folder.name, relations=relations, digest=digest.combined(relations), digest_version=1, audit=None, file=File(size, None)
    )
    return folder


def test_a_candidate_of_an_older_version_is_verified_audited_and_published_in_its_own_way(shop: ReleaseShop) -> None:
    folder = older(shop)
    assert verify(load(folder), folder / FILE, silent).differences == ()
    assert standalone.read(folder / FILE)["core.wide"] != load(folder).relations["core.wide"]
    report = AuditReport("a", datetime.now(UTC), str(folder / FILE), (), DbtFindings(None, None), 0.0)
    kept = audit_record.keep(folder, report, silent, "1GB")
    assert kept.audit is not None
    assert kept.audit.digest == kept.digest
    assert shop.publish(folder.name).is_moved
    # Its audit has noted the sha256, so a bit that flips after that is seen.
    assert kept.file is not None
    assert kept.file.sha256 == digest.of_file(shop.store.fetch(folder.name) / FILE)


def test_a_candidate_of_an_older_version_that_was_changed_is_not_audited(shop: ReleaseShop) -> None:
    folder = older(shop)
    with duckdb.connect(str(folder / FILE)) as connection:
        connection.execute("update core.wide set zero = 1")
    report = AuditReport("a", datetime.now(UTC), str(folder / FILE), (), DbtFindings(None, None), 0.0)
    with pytest.raises(SluiceError, match="is not what was built"):
        audit_record.keep(folder, report, silent, "1GB")


def test_a_release_of_an_older_version_is_both(anywhere: ReleaseShop) -> None:
    """Its record says nothing of a work file, of sha256 or of how digests were made."""
    candidate = anywhere.candidate()
    record = anywhere.context.candidates / candidate / NAME
    document = json.loads(record.read_text())
    del document["work"], document["digest_version"]
    record.write_text(json.dumps(document))
    assert load(record).digest_version == 1
    assert anywhere.publish(candidate).is_moved
    assert anywhere.store.works() == {}
    base = planned(anywhere).base
    assert base is not None
    assert seen(base) == (1, 1, 3)
    second = published(anywhere)
    from sluice.gate.rollback import rollback

    assert rollback(anywhere.context, "prod", "bad").release_id == candidate
    assert replace(planned(anywhere), base=None).parent == candidate != second
