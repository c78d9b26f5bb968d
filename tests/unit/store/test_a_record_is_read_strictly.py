"""release.json is read only if it is as its schema promises, and written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.project import REPOSITORY

from sluice.core.errors import SluiceError
from sluice.store.record import Acknowledgement, Audit, Code, Dbt, File, Record, Relation, adapter, dump, load

DIGEST = "0f" * 32
WHOLE = Record(
    release_id="20260102T030405Z-0a1b2c",
    project="shop",
    code=Code("4283c09a" * 5, False),
    lake={"raw/shop/orders": 12, "ops/batches": 0},
    parent="20260101T030405Z-ffffff",
    environment="prod",
    full_refresh=False,
    built_by="job:nightly",
    started_at="2026-01-02T03:04:05.000000Z",
    duckdb="1.5.5",
    built_at="2026-01-02T03:05:05.000000Z",
    seconds={"copy": 0.1, "build": 59.5},
    dbt=Dbt("c0ffee", {"model.success": 3, "test.warn": 1}),
    left_out=("staging.stg_orders",),
    relations={"core.fct_orders": Relation(2, (("order_id", "VARCHAR"), ("amount", "DECIMAL(18,2)")), DIGEST)},
    digest=DIGEST,
    file=File(4096, None),
    audit=Audit("audit-1", "pass", 61, 0, 2, 1.5, DIGEST),
)
ANSWERED = replace(
    WHOLE, acknowledged=(Acknowledgement("a_test", "it was a holiday", "user:me", WHOLE.started_at, "2026-02-01"),)
)
BEGUN = Record("20260102T030405Z-0a1b2c", "shop", Code(None, True), {}, None, "prod", True, "user:me", WHOLE.started_at, "1.5.5")


@pytest.mark.parametrize("record", [WHOLE, BEGUN, replace(WHOLE, digest=None, audit=None, dbt=None), ANSWERED])
def test_what_is_written_is_read_again(tmp_path: Path, record: Record) -> None:
    dump(record, tmp_path)
    assert load(tmp_path) == record
    assert load(tmp_path / "release.json") == record


def _changed(change: Callable[[dict[str, Any]], Any], folder: Path) -> Path:
    dump(WHOLE, folder)
    document = json.loads((folder / "release.json").read_text())
    change(document)
    (folder / "release.json").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("digest"), "`digest` is missing"),
        (lambda d: d.update(colour="red"), "unknown key 'colour'"),
        (lambda d: d.update(schema_version=2), "schema_version"),
        (lambda d: d.update(release_id="../../etc"), "release_id"),
        (lambda d: d.update(parent="latest"), "parent"),
        (lambda d: d["lake"].update({"raw/shop/orders": -1}), "lake.raw/shop/orders"),
        (lambda d: d["code"].update(commit="HEAD"), "code.commit"),
        (lambda d: d["audit"].update(status="perhaps"), "audit.status"),
        (lambda d: d["relations"]["core.fct_orders"].update(digest="x"), "core.fct_orders.digest"),
        (lambda d: d["relations"]["core.fct_orders"].update(columns=[["order_id"]]), "core.fct_orders.columns"),
        (lambda d: d["relations"]["core.fct_orders"].update(columns=[["order_id", 1]]), "core.fct_orders.columns"),
        (lambda d: d.update(started_at="yesterday"), "started_at"),
    ],
)
def test_what_is_not_as_promised_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], Any], words: str) -> None:
    with pytest.raises(SluiceError) as error:
        load(_changed(change, tmp_path))
    assert words in error.value.what
    assert error.value.where.startswith(str(tmp_path))
    assert error.value.hint


def test_no_record_and_no_json_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "release.json").write_text('{"schema_version": 1')
    with pytest.raises(SluiceError, match="Invalid JSON"):
        load(tmp_path)


def test_a_record_that_its_schema_refuses_does_not_replace_the_one_that_is_there(tmp_path: Path) -> None:
    dump(WHOLE, tmp_path)
    with pytest.raises(SluiceError, match="parent"):
        dump(replace(WHOLE, parent="latest"), tmp_path)
    assert load(tmp_path) == WHOLE


def test_a_write_that_breaks_off_leaves_the_record_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dump(WHOLE, tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        dump(replace(WHOLE, built_by="user:other"), tmp_path)
    assert load(tmp_path) == WHOLE


def test_a_record_of_before_acknowledgements_is_read(tmp_path: Path) -> None:
    document = json.loads(adapter().dump_json(WHOLE))
    del document["acknowledged"], document["audit"]["failing"]
    (tmp_path / "release.json").write_text(json.dumps(document))
    assert load(tmp_path) == WHOLE


def test_durations_are_added_to_those_that_are_there() -> None:
    assert WHOLE.timed(audit=1.23456).seconds == {"copy": 0.1, "build": 59.5, "audit": 1.235}


def test_the_published_schema_is_that_of_the_types() -> None:
    published = json.loads((REPOSITORY / "docs" / "schemas" / "release.schema.json").read_text())
    assert published == adapter().json_schema(mode="serialization")
    assert sorted(published["required"]) == sorted(json.loads(adapter().dump_json(WHOLE)))
